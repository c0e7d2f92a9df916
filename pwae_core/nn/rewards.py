"""The rewards of RL-Persona (Yang et al. 2018), and the language model that judges grammar."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pwae_core import equations
from pwae_core.data.statistics import Statistics
from pwae_core.nn.decoders import PlainDecoder
from pwae_core.nn.output import Output
from pwae_core.text.vocabulary import BOS, EOS, PAD


class LanguageModel(nn.Module):
    """A GRU over responses alone, with word vectors of its own."""

    def __init__(self, vocabulary_size: int, word_size: int, hidden_size: int) -> None:
        super().__init__()
        self.word_table = nn.Embedding(vocabulary_size, word_size, padding_idx=PAD)
        self.decoder = PlainDecoder(word_size, hidden_size)
        self.output = Output(hidden_size, vocabulary_size)
        self.hidden_size = hidden_size

    def _states(self, response: Int[Tensor, "batch steps"]) -> Tensor:
        words = self.word_table(response[:, :-1])
        states: Tensor = self.decoder(words.new_zeros(len(words), self.hidden_size), words)
        return states

    def loss(self, response: Int[Tensor, "batch steps"], lengths: Int[Tensor, " batch"]) -> Float[Tensor, ""]:
        """-log p(response) in nats, summed over the targets; ``response`` is <s> tokens </s>, as in a batch."""
        return self.output.loss(self._states(response), response[:, 1:], lengths)

    @torch.no_grad()
    def log_likelihood(
        self, response: Int[Tensor, "batch steps"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """log p(response) in nats, averaged over its targets."""
        return self.output.log_likelihood(self._states(response), response[:, 1:], lengths)


class Rewards(nn.Module):
    """Topic coherence and informativeness of responses, over word vectors that keep their initial values.

    The vectors are fixed because a policy that could move them could reward itself.
    """

    vectors: Tensor
    idf: Tensor
    dull: Tensor

    def __init__(self, vocabulary_size: int, word_size: int, dull_responses: int, length: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(vocabulary_size, word_size))
        self.register_buffer("idf", torch.zeros(vocabulary_size))
        self.register_buffer("dull", torch.zeros(dull_responses, length, dtype=torch.int64))

    def inform(self, statistics: Statistics, words: nn.Embedding) -> None:
        self.vectors.copy_(words.weight.detach())
        self.idf.copy_(torch.from_numpy(statistics.idf))
        self.dull.copy_(torch.from_numpy(statistics.dull))

    def topic(self, tokens: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch d"]:
        """The idf-weighted mean of the words' vectors."""
        return equations.weighted_mean(self.vectors[tokens], self.idf[tokens])

    def coherence(
        self, context: Int[Tensor, "batch turns tokens"], response: Int[Tensor, "batch steps"]
    ) -> Float[Tensor, " batch"]:
        """How close the topics of response and context are: their cosine, in [-1, 1]."""
        return torch.cosine_similarity(self.topic(context.flatten(1)), self.topic(response), dim=-1)

    def informativeness(self, response: Int[Tensor, "batch steps"]) -> Float[Tensor, " batch"]:
        """The mean idf of the words, minus the cosine to the nearest dull response: in [-1, 2]."""
        words = (response != PAD) & (response != BOS) & (response != EOS)
        idf = self.idf[response].sum(dim=1) / words.sum(dim=1).clamp(min=1)
        dull = torch.cosine_similarity(self.topic(response).unsqueeze(1), self.topic(self.dull).unsqueeze(0), dim=-1)
        return idf - dull.amax(dim=1)
