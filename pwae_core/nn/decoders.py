"""Decoders: from a start state and the words so far to the state that predicts the next word.

Training hands all words at once; generation hands one word at a time through the same ``forward``.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pwae_core.equations import gate, gru_update


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
    ) -> Float[Tensor, "batch steps h"]:
        """The states o_t after each word. What does not depend on the state is computed for all steps at once."""
        word_input = self.word_input(words).unbind(1)
        word_gate = self.gate_word(words).unbind(1)
        user_gate = self.gate_user(user)
        state, states = start, []
        for from_word, to_gate in zip(word_input, word_gate, strict=True):
            opened = gate(self.gate_state(state), to_gate, user_gate) * user
            state = gru_update(from_word + self.user_input(opened), self.recurrent(state), state)
            states.append(state)
        return torch.stack(states, dim=1)

    def gates(
        self,
        start: Float[Tensor, "batch h"],
        words: Float[Tensor, "batch steps d"],
        user: Float[Tensor, "batch user"],
    ) -> Float[Tensor, "batch steps user"]:
        """The gates g at each word, to look at."""
        states: Tensor = self(start, words, user)
        before = torch.cat((start.unsqueeze(1), states[:, :-1]), dim=1)
        from_state = self.gate_state(before)
        return gate(from_state, self.gate_word(words), self.gate_user(user).unsqueeze(1).expand_as(from_state))


class PlainDecoder(nn.Module):
    """A GRU over the words alone: Table 4's "w/o fusion", and the systems without users."""

    def __init__(self, word_size: int, hidden_size: int) -> None:
        super().__init__()
        self.rnn = nn.GRU(word_size, hidden_size, batch_first=True)

    def forward(
        self, start: Float[Tensor, "batch h"], words: Float[Tensor, "batch steps d"]
    ) -> Float[Tensor, "batch steps h"]:
        states: Tensor = self.rnn(words, start.unsqueeze(0).contiguous())[0]
        return states
