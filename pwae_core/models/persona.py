"""Persona, the speaker model (Li et al. 2016): Seq2Seq with the user embedding as an input of every decoder step."""

from __future__ import annotations

from torch import Tensor, nn

from pwae_core.config.train import ModelConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.models.base import Loss, Model, Phase, State, dropped_users, mean, repeat
from pwae_core.nn.attention import AttentionDecoder
from pwae_core.nn.encoders import UtteranceEncoder, concatenate, real_positions
from pwae_core.nn.noise import Noise
from pwae_core.nn.output import Output
from pwae_core.text.vocabulary import PAD


class Persona(Model):
    """Reads the context as one sequence of words; the decoder attends to it and reads the user at every step."""

    display_name = "Persona"
    reference = "Li et al. 2016"
    latent = False
    user_information = "embedding, in the decoder"
    user_rows = ("user_table.weight",)
    deterministic = True

    # -- modules

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.user_table = nn.Embedding(users, config.user_size)
        self.encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.start = nn.Linear(2 * config.hidden_size, config.hidden_size)
        self.decoder = AttentionDecoder(
            config.word_size, 2 * config.hidden_size, config.hidden_size, user_size=config.user_size
        )
        self.output = Output(config.hidden_size, vocabulary_size)

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        return (Phase("autoencoder", self.likelihood_loss, dict(self.named_parameters()), config.autoencoder),)

    # -- encode

    def encode(self, batch: Batch, user: Tensor, noise: Noise) -> State:
        """What the decoder starts from and reads: its state, the source and its keys, and the user's vector."""
        tokens, lengths = concatenate(batch.context, batch.context_lengths, batch.longest_context)
        words = noise.dropout(self.word_table(tokens), self.config.word_dropout)
        source, final = self.encoder.states(words, lengths)
        return {
            "state": self.start(final),
            "source": source,
            "keys": self.decoder.key(source),
            "real": real_positions(lengths, tokens.shape[1]),
            "user": self.user_table(user),
        }

    def _decode(self, words: Tensor, state: State, lengths: Tensor | None = None) -> Tensor:
        states: Tensor = self.decoder(
            state["state"], words, state["source"], state["keys"], state["real"], state["user"], lengths
        )
        return states

    # -- losses

    def _summed(self, batch: Batch, user: Tensor, noise: Noise) -> Tensor:
        words = noise.dropout(self.word_table(batch.response[:, :-1]), self.config.decoder_dropout)
        states = self._decode(words, self.encode(batch, user, noise), batch.response_lengths)
        return self.output.loss(states, batch.response[:, 1:], batch.response_lengths)

    def likelihood_loss(self, batch: Batch, noise: Noise) -> Loss:
        """-log p(response | context, user), per token."""
        user = dropped_users(batch.user, noise, self.config.user_dropout)
        loss = mean(self._summed(batch, user, noise), batch.response_lengths.sum())
        return Loss(loss, {"reconstruction": loss})

    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        """There is no z: both measures are the same number."""
        summed = self._summed(batch, batch.user, noise)
        return {"posterior_nll": summed, "prior_nll": summed}

    # -- sample

    def begin(self, batch: Batch, samples: int, noise: Noise, *, posterior: bool = False) -> State:  # noqa: ARG002
        return {name: repeat(tensor, samples) for name, tensor in self.encode(batch, batch.user, noise).items()}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        states = self._decode(self.word_table(tokens).unsqueeze(1), state)[:, 0]
        return self.output(states), state | {"state": states}
