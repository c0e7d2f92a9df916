"""The settings of the human evaluation."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from pwae_core.config.base import Config

Mode = Literal["ratings", "pairs"]


class HumanEvalConfig(Config):
    """What the annotators get to see (section 4.4: 200 contexts, three annotators)."""

    mode: Mode = Field(
        "ratings", description="Rate each response on its own, or choose between two systems' responses."
    )
    pairs: tuple[tuple[str, str], ...] = Field(
        (), description="Two systems to compare: ONE=OTHER. Default: every pair."
    )
    ties: bool = Field(True, description="Allow two responses to be called equally good.")
    language: str = Field("en", description="Language of sheets and pages: en, zh, or your own TOML file.")
    contexts: int = Field(200, ge=1, description="Contexts to judge, drawn from those that all systems answer.")
    annotators: int = Field(3, ge=1, le=100, description="Annotators, each with a separate sheet.")
    raters: int | None = Field(None, ge=1, description="Annotators who judge each item. Default: all.")
    together: bool = Field(
        True,
        description="Give all answers to a context to the same annotators; otherwise assign every answer separately.",
    )
    history: int = Field(10, ge=0, le=100, description="The responder's training utterances shown beside each item.")
    sample: Literal["random", "first"] = Field("random", description="Which of a system's samples is judged.")
    ground_truth: bool = Field(True, description="Judge the real response as one more system.")
    repeats: int = Field(0, ge=0, description="Items shown to each annotator twice, to measure self-consistency.")
    checks: int = Field(0, ge=0, description="Attention checks in each sheet: items whose answer is known.")
    completion_code: bool = Field(False, description="Show a code on the page when every item is finished.")
    page: bool = Field(True, description="Also write each sheet as a web page that can be filled in offline.")
    label_studio: bool = Field(False, description="Also write each sheet as tasks for Label Studio.")
    seed: int = Field(7, ge=0, description="Seed of the contexts, samples and histories that are drawn.")

    @property
    def raters_each(self) -> int:
        """How many annotators judge each item."""
        return self.raters or self.annotators

    @field_validator("pairs", mode="before")
    @classmethod
    def _two_names(cls, values: Any) -> Any:
        """``ONE=OTHER``, as it is typed, or two names."""
        split = [value.split("=", 1) if isinstance(value, str) else value for value in values]
        for value, names in zip(values, split, strict=True):
            if len(names) != 2 or not all(names):
                raise ValueError(f"{value!r} does not name two systems: write ONE=OTHER")
        return tuple(map(tuple, split))

    @model_validator(mode="after")
    def _enough_annotators(self) -> Self:
        if self.raters_each > self.annotators:
            raise ValueError(f"raters: {self.raters} for each item, but there are {self.annotators} annotators")
        return self

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Self:
        if self.pairs and self.mode != "pairs":
            raise ValueError("pairs: systems are compared only with --mode pairs")
        if self.checks and not self.history:
            raise ValueError("checks: they are made from the histories shown, so --history must not be 0")
        if self.completion_code and not self.page:
            raise ValueError("completion_code: the page shows it, so leave out --no-page")
        return self


class HumanEvalScoreConfig(Config):
    """How filled sheets are scored."""

    against: str | None = Field(None, description="Compare every system only with this one; default: all pairs.")
    check_threshold: float = Field(
        0.75, ge=0, le=1, description="Share of the attention checks that an annotator has to pass."
    )
    exclude_inattentive: bool = Field(False, description="Leave out annotators below the threshold of the checks.")
    resamples: int = Field(1000, ge=1, le=100_000, description="Resamples of the bootstrap intervals.")
    permutations: int = Field(
        10_000, ge=1, le=1_000_000, description="Random swaps of the paired tests, if not all can be tried."
    )
    seed: int = Field(7, ge=0, description="Seed of the bootstrap and the tests.")


DEFAULTS = HumanEvalConfig()
SCORE_DEFAULTS = HumanEvalScoreConfig()
