"""A system: the next word from the last word and the words of the context."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pwae_core import Batch, Loss, Mean, Model, ModelConfig, Noise, Phase, TrainConfig

PAD = 0


class Bigram(Model):
    """No recurrence, no z, no user: the least that can be trained."""

    display_name = "Bigram"
    reference = "an example"
    latent = False
    user_information = "none"
    deterministic = True

    def __init__(self, config: ModelConfig, vocabulary_size: int, users: int) -> None:
        super().__init__(config, vocabulary_size, users)
        self.word_table = nn.Embedding(vocabulary_size, config.word_size, padding_idx=PAD)
        self.output = nn.Linear(config.word_size, vocabulary_size)

    @property
    def words(self) -> nn.Embedding:
        return self.word_table

    def phases(self, config: TrainConfig) -> tuple[Phase, ...]:
        return (Phase("autoencoder", self.loss, dict(self.named_parameters()), config.autoencoder),)

    def loss(self, batch: Batch, noise: Noise) -> Loss:
        """-log p(response | context), per token."""
        tokens = batch.response_lengths.sum()
        total = Mean(self.cost(batch) / tokens, tokens)
        return Loss(total, {"reconstruction": total})

    def cost(self, batch: Batch) -> Tensor:
        """-log p(response | context), summed over the batch."""
        words = self.word_table(batch.response[:, :-1]) + self.heard(batch)[:, None]
        logits: Tensor = self.output(words)
        return cross_entropy(logits.transpose(1, 2), batch.response[:, 1:], ignore_index=PAD, reduction="sum")

    def heard(self, batch: Batch) -> Tensor:
        """[batch, word_size]: the mean of the context's word vectors."""
        vectors: Tensor = self.word_table(batch.context.flatten(1)).sum(dim=1)
        return vectors / batch.context_lengths.sum(dim=1, keepdim=True).clamp(min=1)

    def negative_log_likelihood(self, batch: Batch, noise: Noise) -> dict[str, Tensor]:
        cost = self.cost(batch)
        return {"posterior_nll": cost, "prior_nll": cost}

    def begin(self, batch: Batch, samples: int, noise: Noise, *, posterior: bool = False) -> dict[str, Tensor]:
        return {"heard": self.heard(batch).repeat_interleave(samples, dim=0)}

    def step(self, tokens: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        return self.output(self.word_table(tokens) + state["heard"]), state
