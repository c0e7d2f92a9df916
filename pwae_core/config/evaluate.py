"""The settings of ``pwae evaluate``. The defaults are those of section 4.4."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pwae_core.config.base import Config

Smoothing = Literal["nltk-current", "nltk-legacy", "none"]
Variant = Literal["paper", "dialogwae"]
TokenizerName = Literal["nltk", "jieba", "char", "whitespace"]


class EvaluateConfig(Config):
    """Which variants of the metrics are computed, and on which responses."""

    ngram: int = Field(3, ge=1, le=9, description="Highest order of BLEU's n-grams; all orders have equal weight.")
    smoothing: Smoothing = Field(
        "nltk-current",
        description="BLEU's smoothing: method 7 as in NLTK today or at the paper's time (NLTK 3.2.5 to 3.4.5), or "
        "none.",
    )
    variant: Variant = Field(
        "paper",
        description="BLEU and BOW as in section 4.4, or as in DialogWAE's code (end token kept, padding counted).",
    )
    metrics: tuple[str, ...] = Field(
        (), description="Metrics of plugins to compute as well, by name; 'pwae metrics' lists them."
    )
    samples: int | None = Field(
        None, ge=1, description="Score only the first N responses of every context; default: all."
    )
    tokenizer: TokenizerName | None = Field(
        None,
        description="Tokenizer for the strings of other systems; default: that of the corpus or of our own responses.",
    )
    common: bool = Field(False, description="If systems answer different contexts, score those that all answer.")
    resamples: int = Field(1000, ge=1, le=100_000, description="Resamples of the bootstrap intervals.")
    compare: bool = Field(False, description="Test every system's difference from the base: two paired tests, Holm.")
    base: str | None = Field(None, description="The system that --compare compares with; default: the first one given.")
    trials: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="Trials of each test of --compare; if few contexts differ, all swaps are tried.",
    )
    seed: int = Field(7, ge=0, description="Seed of the bootstrap and of the tests.")


DEFAULTS = EvaluateConfig()
