"""The settings of ``pwae persona-scores``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pwae_core.config.base import Config
from pwae_core.config.evaluate import TokenizerName


class PersonaScoresConfig(Config):
    """Which users are distinguished, and on how many contexts."""

    candidates: int = Field(100, ge=2, description="Users to distinguish: those who answer and said most in training.")
    least: int = Field(10, ge=1, description="Training utterances that a candidate must have.")
    utterances: int = Field(
        300, ge=1, description="Maximum utterances of each candidate that the classifier learns from."
    )
    words: int = Field(50, ge=1, description="Own words of each candidate, by tf-idf over the histories.")
    samples: int | None = Field(
        None, ge=1, description="Score only the first N responses of every context; default: all."
    )
    tokenizer: TokenizerName | None = Field(
        None, description="Tokenizer for the strings of other systems; default: the corpus's."
    )
    common: bool = Field(False, description="If systems answer different contexts, score those that all answer.")
    limit: int = Field(200, ge=1, description="Maximum contexts to answer and score with --run, drawn by the seed.")
    swap_samples: int = Field(3, ge=1, description="Answers to each of them, as the true user and as another user.")
    others: int = Field(5, ge=1, description="Other users whose likelihood is compared with the true user's.")
    checkpoint: Literal["best", "last", "average"] = Field(
        "best", description="Weights of --run to use: best, last or average."
    )
    resamples: int = Field(1000, ge=1, le=100_000, description="Resamples of the bootstrap intervals.")
    seed: int = Field(7, ge=0, description="Seed of everything random.")


DEFAULTS = PersonaScoresConfig()
