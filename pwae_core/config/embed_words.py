"""The settings of ``pwae embed-words``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pwae_core.config.base import Config


class EmbedWordsConfig(Config):
    """How word2vec is trained. If vectors are imported instead, only ``seed`` is used."""

    dimension: int = Field(
        200, ge=1, description="Dimensions of a vector (section 4.3); imported vectors keep their own."
    )
    architecture: Literal["skip-gram", "cbow"] = Field("skip-gram", description="Architecture of word2vec.")
    window: int = Field(5, ge=1, le=1000, description="Words on either side that count as context.")
    negative: int = Field(5, ge=1, le=1000, description="Negative samples for each pair of words.")
    epochs: int = Field(5, ge=1, le=100_000, description="Passes over the training utterances.")
    learning_rate: float = Field(0.025, gt=0, le=1, description="Initial learning rate; it falls linearly.")
    subsampling: float = Field(1e-3, ge=0, description="Words more frequent than this are subsampled; 0 keeps all.")
    workers: int = Field(
        1, ge=1, le=1024, description="Threads. With one, the vectors are reproducible; with several, they are not."
    )
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of word2vec and of random vectors for words without one.")


DEFAULTS = EmbedWordsConfig()
