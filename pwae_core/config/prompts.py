"""The settings of ``pwae prompts``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pwae_core.config.base import Config

MOST_SAMPLES = 100
"""The most answers that a line may ask for, from a language model or from 'pwae sample --input'."""


class PromptsConfig(Config):
    """Which contexts become prompts, and what the prompts contain."""

    limit: int | None = Field(
        None, gt=0, description="Maximum contexts of the test split: the same as in 'pwae sample'."
    )
    history: int = Field(20, ge=0, le=1000, description="Maximum training utterances of the responder in each prompt.")
    samples: int = Field(
        10, gt=0, le=MOST_SAMPLES, description="Responses per context to ask for (4.4: 10); written into every row."
    )
    shape: Literal["messages", "prompt"] = Field(
        "messages", description="A list of chat messages with roles, or one string."
    )
    characters: int = Field(2000, ge=20, description="Maximum characters of an utterance.")
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of the history shown.")


DEFAULTS = PromptsConfig()
