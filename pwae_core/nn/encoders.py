"""The encoders of section 3.2: utterances to vectors, utterance vectors to c."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from pwae_core.nn import recurrence
from pwae_core.text.vocabulary import EOS, PAD


class UtteranceEncoder(nn.Module):
    """A bidirectional GRU; an utterance's vector is its two final states side by side, v = [v->; v<-] (section 3.2)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.rnn = recurrence.GRU(input_size, hidden_size, batch_first=True, bidirectional=True)

    def forward(
        self, inputs: Float[Tensor, "rows steps input"], lengths: Int[Tensor, " rows"]
    ) -> Float[Tensor, "rows two_h"]:
        """Rows of length 0 give zero vectors."""
        packed = pack_padded_sequence(inputs, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        final = final_states(self.rnn, packed) if _learns_here(inputs) else self.rnn(packed)[1]
        vector = torch.cat((final[0], final[1]), dim=-1)
        return vector * (lengths > 0).unsqueeze(-1)

    def turns(
        self, inputs: Float[Tensor, "batch turns steps input"], lengths: Int[Tensor, "batch turns"]
    ) -> Float[Tensor, "batch turns two_h"]:
        """The vector of each utterance of each session; zeros in the place of missing utterances."""
        vectors: Tensor = self(inputs.flatten(0, 1), lengths.flatten())
        return vectors.view(*lengths.shape, -1)

    def states(
        self, inputs: Float[Tensor, "rows steps input"], lengths: Int[Tensor, " rows"]
    ) -> tuple[Float[Tensor, "rows steps two_h"], Float[Tensor, "rows two_h"]]:
        """The state at every step (for attention), and the final vector."""
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, final = states_and_final(self.rnn, packed) if _learns_here(inputs) else self.rnn(packed)
        states, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])
        return states, torch.cat((final[0], final[1]), dim=-1)


def _learns_here(inputs: Tensor) -> bool:
    """Whether gradients are needed on a CPU, where the written-out ones take half the time of torch's or less."""
    return torch.is_grad_enabled() and inputs.device.type == "cpu"


def final_states(gru: nn.GRU, packed: PackedSequence) -> Float[Tensor, "2 rows h"]:
    """What torch returns beside the states: the last state of each direction."""
    states, _, ends = _both_ways(gru, packed)
    return _unsorted(states.index_select(1, ends), packed)


def states_and_final(gru: nn.GRU, packed: PackedSequence) -> tuple[PackedSequence, Float[Tensor, "2 rows h"]]:
    """What torch returns: the states at each token, [tokens, 2 h], and the last state of each direction."""
    states, mirrored, ends = _both_ways(gru, packed)
    both = torch.cat((states[0], states[1].index_select(0, mirrored)), dim=-1)
    whole = PackedSequence(both, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    return whole, _unsorted(states.index_select(1, ends), packed)


def _both_ways(gru: nn.GRU, packed: PackedSequence) -> tuple[Tensor, Tensor, Tensor]:
    """[2, tokens, h]: the states of each direction in the order in which it reads; for each token, the one in its place
    when its row is read backwards; the place of each row's last token.
    """
    sizes, rows = packed.batch_sizes, torch.arange(int(packed.batch_sizes[0]))
    first = sizes.cumsum(0) - sizes  # place of each step's first token
    lengths = (sizes.unsqueeze(1) > rows).sum(dim=0)
    row = torch.cat([rows[:size] for size in sizes.tolist()])
    mirrored = first[lengths[row] - 1 - torch.repeat_interleave(torch.arange(len(sizes)), sizes)] + row
    heard = packed.data, packed.data.index_select(0, mirrored)
    of_input, weight, bias, state_bias = (torch.stack([*both]) for both in zip(*gru.all_weights, strict=True))
    from_input = torch.stack([nn.functional.linear(*one) for one in zip(heard, of_input, bias, strict=True)])
    start = from_input.new_zeros(2, len(rows), gru.hidden_size)
    states = recurrence.states(from_input, start, weight, state_bias, sizes.tolist())
    return states, mirrored, first[lengths - 1] + rows


def _unsorted(last: Tensor, packed: PackedSequence) -> Tensor:
    return last if packed.unsorted_indices is None else last.index_select(1, packed.unsorted_indices)


class ContextEncoder(nn.Module):
    """A bidirectional GRU over the utterance vectors, each with a mark of who speaks; its two final states are c."""

    def __init__(self, utterance_size: int, hidden_size: int) -> None:
        super().__init__()
        self.utterances = UtteranceEncoder(utterance_size + 2, hidden_size)

    def forward(
        self,
        utterances: Float[Tensor, "batch turns utterance"],
        from_responder: Float[Tensor, "batch turns"],
        turns: Int[Tensor, " batch"],
    ) -> Float[Tensor, "batch two_h"]:
        """``turns`` is the number of utterances of each session. A speaker is one of two: the responder, or somebody
        else.
        """
        vector: Tensor = self.utterances(_with_speaker(utterances, from_responder), turns)
        return vector

    def states(
        self,
        utterances: Float[Tensor, "batch turns utterance"],
        from_responder: Float[Tensor, "batch turns"],
        turns: Int[Tensor, " batch"],
    ) -> tuple[Float[Tensor, "batch turns two_h"], Float[Tensor, "batch two_h"]]:
        """The state at every turn (for attention), and c."""
        return self.utterances.states(_with_speaker(utterances, from_responder), turns)


def _with_speaker(
    utterances: Float[Tensor, "batch turns utterance"], from_responder: Float[Tensor, "batch turns"]
) -> Float[Tensor, "batch turns wider"]:
    speaker = torch.stack((from_responder, 1 - from_responder), dim=-1)
    return torch.cat((utterances, speaker), dim=-1)


def concatenate(
    context: Int[Tensor, "batch turns tokens"], lengths: Int[Tensor, "batch turns"], longest: int
) -> tuple[Int[Tensor, "batch total"], Int[Tensor, " batch"]]:
    """The context as one sequence, its utterances end to end, each closed by </s>; and the lengths of the sequences.
    ``longest`` is the largest length.
    """
    batch, turns, tokens = context.shape
    places = torch.arange(tokens + 1, device=context.device)
    closed = torch.cat((context, context.new_full((batch, turns, 1), PAD)), dim=-1)
    closed = torch.where(places == lengths.unsqueeze(-1), EOS, closed)
    real = ((places <= lengths.unsqueeze(-1)) & (lengths.unsqueeze(-1) > 0)).flatten(1)
    order = torch.argsort((~real).to(torch.int8), dim=1, stable=True)
    total = real.sum(dim=1)
    together = closed.flatten(1).masked_fill(~real, PAD).gather(1, order)
    return together[:, :longest], total


def real_positions(lengths: Int[Tensor, " batch"], steps: int) -> Bool[Tensor, "batch steps"]:
    """True at the positions that are not padding."""
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(-1)


def mean_over(values: Float[Tensor, "batch steps"], lengths: Int[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """The mean of each row's values, ignoring padding."""
    return (values * real_positions(lengths, values.shape[1])).sum(dim=1) / lengths
