"""Decoders: from a start state and the words so far to the state that predicts the next word.

In training all words pass at once; in generation one word at a time, through the same ``forward``.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from pwae_core.equations import gate, gru_update
from pwae_core.nn import recurrence


class Real(NamedTuple):
    """The words of a batch without padding, [tokens, d]: the first word of each row, longest row first, and so on."""

    words: Tensor
    sizes: list[int]
    order: Tensor
    steps: int

    @classmethod
    def of(cls, words: Tensor, lengths: Tensor) -> "Real":
        """Of ``words``, [batch, steps, d]; ``lengths``, [batch], 1 or more."""
        lengths, order = lengths.sort(descending=True, stable=True)
        packed = pack_padded_sequence(words.index_select(0, order), lengths.cpu(), batch_first=True)
        return cls(packed.data, packed.batch_sizes.tolist(), order, words.shape[1])

    def padded(self, values: Tensor) -> Tensor:
        """[batch, steps, ...]: each of ``values`` [tokens, ...] in the place of its word; zeros elsewhere."""
        return recurrence.of_rows(values, self.sizes, self.steps).index_select(0, self.order.argsort())

    def at_words(self, values: Tensor) -> Tensor:
        """[tokens, ...]: for each word, the one of ``values`` [batch, ...] that belongs to its row."""
        return values.index_select(0, torch.cat([self.order[:rows] for rows in self.sizes]))


class GatedDecoder(nn.Module):
    """The GRU of equation 11: the user embedding enters every step, through a gate."""

    def __init__(self, word_size: int, user_size: int, hidden_size: int) -> None:
        super().__init__()
        self.word_input = nn.Linear(word_size, 3 * hidden_size)
        self.user_input = nn.Linear(user_size, 3 * hidden_size, bias=False)
        self.recurrent = nn.Linear(hidden_size, 3 * hidden_size)
        self.gate_state = nn.Linear(hidden_size, user_size, bias=False)  # U
        self.gate_word = nn.Linear(word_size, user_size, bias=False)  # V
        self.gate_user = nn.Linear(user_size, user_size, bias=False)  # W

    @property
    def gru_layers(self) -> tuple[nn.Linear, ...]:
        """The matrices of the GRU itself, without the gate's."""
        return self.word_input, self.user_input, self.recurrent

    def forward(
        self,
        start: Float[Tensor, "batch h"],
        words: Float[Tensor, "batch steps d"],
        user: Float[Tensor, "batch user"],
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch steps h"]:
        """The states o_t after each word. Whatever does not depend on the state is computed for all steps at once.

        ``lengths``: how many words of each row are real. The states after padding are then zeros and are not computed;
        the others are the same, but faster.
        """
        if lengths is not None:
            return self._after_real_words(start, words, user, lengths)
        word_input = self.word_input(words).unbind(1)
        word_gate = self.gate_word(words).unbind(1)
        user_gate = self.gate_user(user)
        state, states = start, []
        for from_word, to_gate in zip(word_input, word_gate, strict=True):
            opened = gate(self.gate_state(state), to_gate, user_gate) * user
            state = gru_update(from_word + self.user_input(opened), self.recurrent(state), state)
            states.append(state)
        return torch.stack(states, dim=1)

    def _after_real_words(self, start: Tensor, words: Tensor, user: Tensor, lengths: Tensor) -> Tensor:
        real = Real.of(words, lengths)
        to_gate = self.gate_word(real.words) + real.at_words(self.gate_user(user))
        opened = recurrence.Gate(_one(to_gate), _one(real.at_words(user)), _one(self.user_input.weight))
        weight = torch.cat((self.gate_state.weight, self.recurrent.weight))
        from_words = self.word_input(real.words)
        return _states(real, start, from_words, weight, self.recurrent.bias, opened)

    def gates(
        self,
        start: Float[Tensor, "batch h"],
        words: Float[Tensor, "batch steps d"],
        user: Float[Tensor, "batch user"],
    ) -> Float[Tensor, "batch steps user"]:
        """The gates g at each word, for inspection."""
        states: Tensor = self(start, words, user)
        before = torch.cat((start.unsqueeze(1), states[:, :-1]), dim=1)
        from_state = self.gate_state(before)
        return gate(from_state, self.gate_word(words), self.gate_user(user).unsqueeze(1).expand_as(from_state))


class PlainDecoder(nn.Module):
    """A GRU over the words alone: Table 4's "w/o fusion", and the systems without users."""

    def __init__(self, word_size: int, hidden_size: int) -> None:
        super().__init__()
        self.rnn = recurrence.GRU(word_size, hidden_size, batch_first=True)

    def forward(
        self,
        start: Float[Tensor, "batch h"],
        words: Float[Tensor, "batch steps d"],
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch steps h"]:
        """As ``GatedDecoder``'s."""
        if lengths is not None and words.device.type == "cpu":
            real = Real.of(words, lengths)
            ((of_input, of_state, bias, state_bias),) = self.rnn.all_weights
            return _states(real, start, nn.functional.linear(real.words, of_input, bias), of_state, state_bias)
        states: Tensor = self.rnn(words, start.unsqueeze(0).contiguous())[0]
        return states


def _states(
    real: Real,
    start: Tensor,
    from_words: Tensor,
    weight: Tensor,
    bias: Tensor,
    opened: recurrence.Gate | None = None,
) -> Tensor:
    """The states after the real words, [batch, steps, h], from the products of the words with the input weights."""
    first = start.index_select(0, real.order)
    (made,) = recurrence.states(_one(from_words), _one(first), _one(weight), _one(bias), real.sizes, opened)
    return real.padded(made)


def _one(tensor: Tensor) -> Tensor:
    """As of one direction."""
    return tensor.unsqueeze(0)
