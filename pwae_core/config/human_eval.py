"""The settings of the human evaluation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pwae_core.config.base import Config


class HumanEvalConfig(Config):
    """What the annotators get to see (section 4.4: 200 contexts, three annotators)."""

    contexts: int = Field(200, ge=1, description="Contexts to judge, drawn out of those that all systems answer.")
    annotators: int = Field(3, ge=1, le=100, description="Annotators; each judges every item.")
    history: int = Field(10, ge=0, le=100, description="The responder's training utterances shown beside each item.")
    sample: Literal["random", "first"] = Field("random", description="Which of a system's samples is judged.")
    ground_truth: bool = Field(True, description="Judge the real response as one more system.")
    repeats: int = Field(0, ge=0, description="Items shown twice to each annotator, to measure self-consistency.")
    seed: int = Field(7, ge=0, description="Seed of everything random.")


DEFAULTS = HumanEvalConfig()
