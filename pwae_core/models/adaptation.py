"""Adaptation (Zhang et al. 2017): trained on everybody without user information, then adapted to who answers.

As section 4.2 says, the user is represented by their personal words: tf-idf over their history.
"""

from __future__ import annotations

from torch import Tensor, nn

from pwae_core.config.train import ModelConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.data.statistics import Statistics
from pwae_core.models.base import Loss, Model, Period, Phase, State, dropped_users, mean, repeat
from pwae_core.nn.attention import AttentionDecoder
from pwae_core.nn.encoders import UtteranceEncoder, concatenate, real_positions
from pwae_core.nn.noise import Noise
from pwae_core.nn.output import Output
from pwae_core.nn.users import UserWords
from pwae_core.text.vocabulary import PAD

USER_INPUT = "decoder.user_input.weight"


class Adaptation(Model):
    """Reads the context as one sequence of words; the decoder attends to it. In the second period and in answers, the
    mean vector of the user's words is an input of every decoder step.
    """

    display_name = "Adaptation"
    reference = "Zhang et al. 2017"
    latent = False
    user_information = "tf-idf words, in the decoder"
    user_rows = ("user_words.ids", "user_words.weights")
    deterministic = True
    needs_statistics = True

    # -- modules

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.user_words = UserWords(users, config.user_words, vocabulary_size)
        self.encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.start = nn.Linear(2 * config.hidden_size, config.hidden_size)
        self.decoder = AttentionDecoder(
            config.word_size, 2 * config.hidden_size, config.hidden_size, user_size=config.word_size
        )
        self.output = Output(config.hidden_size, vocabulary_size)

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def inform(self, statistics: Statistics) -> None:
        self.user_words.inform(statistics.personal)

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        return (Phase("autoencoder", self.adaptation_loss, dict(self.named_parameters()), config.autoencoder),)

    def periods(self, config: TrainConfig) -> tuple[Period, ...]:
        shared = {name: value for name, value in self.named_parameters() if name != USER_INPUT}
        first = Phase("autoencoder", self.initialisation_loss, shared, config.autoencoder)
        return (
            Period(
                "initialisation", 0.5, (first,), self.general_negative_log_likelihood, "posterior_nll", answers=False
            ),
            Period("adaptation", 0.5, self.phases(config)),
        )

    # -- encode

    def encode(self, batch: Batch, user: Tensor | None, noise: Noise) -> State:
        """What the decoder starts from and reads: its state, the source and its keys, and the user's vector, if any."""
        tokens, lengths = concatenate(batch.context, batch.context_lengths, batch.longest_context)
        words = noise.dropout(self.word_table(tokens), self.config.word_dropout)
        source, final = self.encoder.states(words, lengths)
        code = {
            "state": self.start(final),
            "source": source,
            "keys": self.decoder.key(source),
            "real": real_positions(lengths, tokens.shape[1]),
        }
        return code if user is None else code | {"user": self.user_words(self.word_table, user)}

    def _decode(self, words: Tensor, state: State, lengths: Tensor | None = None) -> Tensor:
        states: Tensor = self.decoder(
            state["state"], words, state["source"], state["keys"], state["real"], state.get("user"), lengths
        )
        return states

    # -- losses

    def _summed(self, batch: Batch, user: Tensor | None, noise: Noise) -> Tensor:
        words = noise.dropout(self.word_table(batch.response[:, :-1]), self.config.decoder_dropout)
        states = self._decode(words, self.encode(batch, user, noise), batch.response_lengths)
        return self.output.loss(states, batch.response[:, 1:], batch.response_lengths)

    def initialisation_loss(self, batch: Batch, noise: Noise) -> Loss:
        """-log p(response | context), per token."""
        loss = mean(self._summed(batch, None, noise), batch.response_lengths.sum())
        return Loss(loss, {"reconstruction": loss})

    def adaptation_loss(self, batch: Batch, noise: Noise) -> Loss:
        """-log p(response | context, user's words), per token."""
        user = dropped_users(batch.user, noise, self.config.user_dropout)
        loss = mean(self._summed(batch, user, noise), batch.response_lengths.sum())
        return Loss(loss, {"reconstruction": loss})

    def general_negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        """Without user information. There is no z: both measures are the same number."""
        summed = self._summed(batch, None, noise)
        return {"posterior_nll": summed, "prior_nll": summed}

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
