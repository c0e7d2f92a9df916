"""The settings of the human evaluation."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pwae_core.config.base import Config


class HumanEvalConfig(Config):
    """What the annotators get to see (section 4.4: 200 contexts, three annotators)."""

    contexts: int = Field(200, ge=1, description="Contexts to judge, drawn out of those that all systems answer.")
    annotators: int = Field(3, ge=1, le=100, description="Annotators, each with a sheet of their own.")
    raters: int | None = Field(None, ge=1, description="Annotators who judge an item. Default: all of them.")
    together: bool = Field(
        True, description="Give all answers to a context to the same annotators; else deal every answer by itself."
    )
    history: int = Field(10, ge=0, le=100, description="The responder's training utterances shown beside each item.")
    sample: Literal["random", "first"] = Field("random", description="Which of a system's samples is judged.")
    ground_truth: bool = Field(True, description="Judge the real response as one more system.")
    repeats: int = Field(0, ge=0, description="Items shown twice to each annotator, to measure self-consistency.")
    page: bool = Field(True, description="Write each sheet as a web page too, to be filled in offline.")
    label_studio: bool = Field(False, description="Write each sheet as tasks for Label Studio too.")
    seed: int = Field(7, ge=0, description="Seed of the contexts, samples and histories that are drawn.")

    @property
    def raters_each(self) -> int:
        """How many annotators judge an item."""
        return self.raters or self.annotators

    @model_validator(mode="after")
    def _enough_annotators(self) -> Self:
        if self.raters_each > self.annotators:
            raise ValueError(f"raters: {self.raters} for an item are more than the annotators ({self.annotators})")
        return self


class HumanEvalScoreConfig(Config):
    """How filled sheets are scored."""

    against: str | None = Field(None, description="Compare every system with this one only; default: all pairs.")
    resamples: int = Field(1000, ge=1, le=100_000, description="Resamples of the bootstrap intervals.")
    permutations: int = Field(
        10_000, ge=1, le=1_000_000, description="Random swaps of the paired tests, where not all can be tried."
    )
    seed: int = Field(7, ge=0, description="Seed of the bootstrap and the tests.")


DEFAULTS = HumanEvalConfig()
SCORE_DEFAULTS = HumanEvalScoreConfig()
