"""Users represented by their words, for systems without user embeddings."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pwae_core.data.statistics import PersonalWords


class UserWords(nn.Module):
    """The personal words of each user, by tf-idf over the histories; saved with the weights, but not learned."""

    ids: Tensor
    weights: Tensor
    rarity: Tensor

    def __init__(self, users: int, words: int, vocabulary_size: int) -> None:
        super().__init__()
        self.register_buffer("rarity", torch.zeros(vocabulary_size))
        self.register_buffer("ids", torch.zeros(users, words, dtype=torch.int64))
        self.register_buffer("weights", torch.zeros(users, words))

    def inform(self, personal: PersonalWords) -> None:
        self.ids.copy_(torch.from_numpy(personal.ids))
        self.weights.copy_(torch.from_numpy(personal.weights))
        self.rarity.copy_(torch.from_numpy(personal.rarity))

    def forward(self, words: nn.Embedding, user: Int[Tensor, " batch"]) -> Float[Tensor, "batch d"]:
        """The tf-idf weighted mean of the vectors of each user's words; zero for nobody in particular."""
        vector: Tensor = (self.weights[user].unsqueeze(1) @ words(self.ids[user])).squeeze(1)
        return vector
