"""The settings of ``pwae adapt``."""

from __future__ import annotations

from pydantic import Field

from pwae_core.config.base import Config


class AdaptConfig(Config):
    """How an embedding is learned for a person who was not in the training data."""

    steps: int = Field(100, ge=0, description="Learning steps.")
    rate: float = Field(0.05, gt=0, description="Learning rate of Adam.")
    candidates: int = Field(256, ge=0, description="Maximum number of trained users to choose the starting point from.")
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of everything random.")


DEFAULTS = AdaptConfig()
