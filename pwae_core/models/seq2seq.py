"""Seq2Seq: encoder-decoder GRU with additive attention (Bahdanau et al. 2014), decoded deterministically."""

from __future__ import annotations

from torch import Tensor, nn

from pwae_core.config.train import ModelConfig, TrainConfig
from pwae_core.data.sessions import Batch
from pwae_core.models.base import Loss, Model, Phase, State, mean, repeat
from pwae_core.nn.attention import AttentionDecoder
from pwae_core.nn.encoders import UtteranceEncoder, concatenate, real_positions
from pwae_core.nn.noise import Noise
from pwae_core.nn.output import Output
from pwae_core.text.vocabulary import PAD


class Seq2Seq(Model):
    """Reads the context as one sequence of words; the decoder attends to it. It has no latent variable and no user."""

    display_name = "Seq2Seq"
    reference = "Bahdanau et al. 2014"
    latent = False
    user_information = "none"
    deterministic = True

    # -- modules

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.encoder = UtteranceEncoder(config.word_size, config.hidden_size)
        self.start = nn.Linear(2 * config.hidden_size, config.hidden_size)
        self.decoder = AttentionDecoder(config.word_size, 2 * config.hidden_size, config.hidden_size)
        self.output = Output(config.hidden_size, vocabulary_size)

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        return (Phase("autoencoder", self.likelihood_loss, dict(self.named_parameters()), config.autoencoder),)

    # -- encode

    def encode(self, batch: Batch, noise: Noise) -> State:
        """The start state [batch, hidden]; the source [batch, total, 2 hidden], its keys and its real positions."""
        tokens, lengths = concatenate(batch.context, batch.context_lengths, batch.longest_context)
        words = noise.dropout(self.word_table(tokens), self.config.word_dropout)
        source, final = self.encoder.states(words, lengths)
        keys = self.decoder.key(source)
        real = real_positions(lengths, tokens.shape[1])
        return {"state": self.start(final), "source": source, "keys": keys, "real": real}

    # -- losses

    def _summed(self, batch: Batch, noise: Noise) -> Tensor:
        code = self.encode(batch, noise)
        words = noise.dropout(self.word_table(batch.response[:, :-1]), self.config.decoder_dropout)
        lengths = batch.response_lengths
        states = self.decoder(code["state"], words, code["source"], code["keys"], code["real"], lengths=lengths)
        return self.output.loss(states, batch.response[:, 1:], lengths)

    def likelihood_loss(self, batch: Batch, noise: Noise) -> Loss:
        """-log p(response | context), per token."""
        loss = mean(self._summed(batch, noise), batch.response_lengths.sum())
        return Loss(loss, {"reconstruction": loss})

    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        """There is no z: both measures are the same number."""
        summed = self._summed(batch, noise)
        return {"posterior_nll": summed, "prior_nll": summed}

    # -- sample

    def begin(self, batch: Batch, samples: int, noise: Noise, *, posterior: bool = False) -> State:  # noqa: ARG002
        return {name: repeat(tensor, samples) for name, tensor in self.encode(batch, noise).items()}

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        words = self.word_table(tokens).unsqueeze(1)
        states = self.decoder(state["state"], words, state["source"], state["keys"], state["real"])[:, 0]
        return self.output(states), state | {"state": states}
