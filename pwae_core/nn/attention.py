"""The decoder with attention of the deterministic systems (Bahdanau et al. 2014), with or without a user."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pwae_core.equations import additive_attention, gru_update
from pwae_core.nn import attended
from pwae_core.nn.decoders import Real


class AttentionDecoder(nn.Module):
    """A GRU whose input at each step is the word, the attention's reading of the source and, if ``user_size`` is not 0,
    the user's vector (Li et al. 2016).
    """

    def __init__(self, word_size: int, source_size: int, hidden_size: int, user_size: int = 0) -> None:
        super().__init__()
        self.word_input = nn.Linear(word_size, 3 * hidden_size)
        self.source_input = nn.Linear(source_size, 3 * hidden_size, bias=False)
        self.user_input = nn.Linear(user_size, 3 * hidden_size, bias=False) if user_size else None
        self.recurrent = nn.Linear(hidden_size, 3 * hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size, bias=False)
        self.key = nn.Linear(source_size, hidden_size)
        self.scores = nn.Parameter(torch.empty(hidden_size).uniform_(-(hidden_size**-0.5), hidden_size**-0.5))

    @property
    def gru_layers(self) -> tuple[nn.Linear, ...]:
        """The matrices of the GRU itself, without the attention's."""
        of_user = (self.user_input,) if self.user_input is not None else ()
        return self.word_input, self.source_input, *of_user, self.recurrent

    def forward(
        self,
        start: Float[Tensor, "batch h"],
        words: Float[Tensor, "batch steps d"],
        source: Float[Tensor, "batch source v"],
        keys: Float[Tensor, "batch source h"],
        real: Bool[Tensor, "batch source"],
        user: Float[Tensor, "batch user"] | None = None,
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch steps h"]:
        """The states after each word; ``keys`` is ``self.key(source)``, computed once for a source.

        Without ``user`` the decoder runs as if the user's vector were zero. ``lengths``: how many words of each row are
        real. The states after padding may then be zeros; the others are the same, but faster.
        """
        if lengths is not None and words.device.type == "cpu" and not torch.is_autocast_enabled("cpu"):
            return self._after_real_words(start, words, source, keys, real, user, lengths)
        inputs = self.word_input(words)
        if self.user_input is not None and user is not None:
            inputs = inputs + self.user_input(user).unsqueeze(1)
        state, states = start, []
        for from_word in inputs.unbind(1):
            read = additive_attention(self.query(state), keys, source, self.scores, real)
            state = gru_update(from_word + self.source_input(read), self.recurrent(state), state)
            states.append(state)
        return torch.stack(states, dim=1)

    def _after_real_words(
        self,
        start: Tensor,
        words: Tensor,
        source: Tensor,
        keys: Tensor,
        real: Tensor,
        user: Tensor | None,
        lengths: Tensor,
    ) -> Tensor:
        packed = Real.of(words, lengths)
        inputs = self.word_input(packed.words)
        if self.user_input is not None and user is not None:
            inputs = inputs + packed.at_words(self.user_input(user))
        start, keys, read, real = (
            one.index_select(0, packed.order) for one in (start, keys, self.source_input(source), real)
        )
        weights = self.query.weight, self.recurrent.weight, self.recurrent.bias
        return packed.padded(attended.states(inputs, start, *weights, keys, read, self.scores, real, packed.sizes))
