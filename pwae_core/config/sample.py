"""The settings of ``pwae sample``."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from pwae_core.config.base import Config

Strategy = Literal["greedy", "top-k", "nucleus", "beam"]
READ_BY: dict[str, tuple[Strategy, ...]] = {
    "top_k": ("top-k",),
    "top_p": ("nucleus",),
    "temperature": ("top-k", "nucleus"),
    "beam_size": ("beam",),
}
"""The strategies that read a setting; with the others it has no effect."""


class DecodingConfig(Config):
    """How words are chosen, given z. By default greedily per sample of z: diversity comes from z alone (DialogWAE)."""

    strategy: Strategy = Field("greedy", description="greedy, top-k, nucleus or beam.")
    top_k: int = Field(40, gt=0, description="Words that top-k sampling chooses from.")
    top_p: float = Field(0.9, gt=0, le=1, description="Probability mass that nucleus sampling chooses from.")
    temperature: float = Field(1.0, gt=0, description="Temperature of top-k and nucleus sampling.")
    beam_size: int = Field(5, gt=0, le=1000, description="Hypotheses that beam search keeps.")
    no_repeat_ngram: int = Field(0, ge=0, description="Allow no n-gram of this size twice in an answer; 0: no limit.")
    max_length: int = Field(40, gt=0, le=10_000, description="Maximum tokens of an answer.")
    allow_unknown: bool = Field(False, description="Allow the token for unknown words in answers.")

    @model_validator(mode="after")
    def _all_are_read(self) -> Self:
        for name, readers in READ_BY.items():
            if self.strategy not in readers and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} has no effect without the strategy {' or '.join(readers)}")
        return self


class SampleConfig(Config):
    """Which answers are drawn."""

    listed: ClassVar[str] = f"The settings of decoding are {', '.join(DecodingConfig.model_fields)}."

    samples: int = Field(10, gt=0, description="Responses per context (4.4: 10).")
    limit: int | None = Field(
        None,
        gt=0,
        description="Maximum contexts of the test split: the same ones for every seed and system. Default: all.",
    )
    batch_size: int = Field(64, gt=0, description="Contexts decoded together.")
    checkpoint: Literal["best", "last", "average"] = Field("best", description="Weights to use: best, last or average.")
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of z and of sampled words.")
    decoding: DecodingConfig = Field(DecodingConfig(), description="How words are chosen.")


def describe(config: DecodingConfig, *, deterministic: bool) -> str:
    """The decoding in a word or two, for signatures and tables."""
    details = {
        "greedy": "greedy" if deterministic else "greedy per z",
        "top-k": f"top-{config.top_k} t={config.temperature:g}",
        "nucleus": f"nucleus {config.top_p:g} t={config.temperature:g}",
        "beam": f"beam {config.beam_size}",
    }
    block = f" no-repeat {config.no_repeat_ngram}" if config.no_repeat_ngram else ""
    return details[config.strategy] + block
