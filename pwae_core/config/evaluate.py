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

    ngram: int = Field(3, ge=1, le=9, description="Highest order of BLEU's n-grams; all orders weigh the same.")
    smoothing: Smoothing = Field(
        "nltk-current",
        description="BLEU's smoothing: method 7 of the current NLTK, of NLTK 3.2.5 to 3.4.5 (the paper's time), or none.",
    )
    variant: Variant = Field(
        "paper",
        description="BLEU and BOW as section 4.4 says, or as DialogWAE's code has them (end token kept, padding counted).",
    )
    samples: int | None = Field(
        None, ge=1, description="Score only the first so many responses of every context; default: all there are."
    )
    tokenizer: TokenizerName | None = Field(
        None,
        description="Tokenizer for the strings of other systems; default: that of the corpus or of our own responses.",
    )
    common: bool = Field(False, description="Where systems answer different contexts, score those that all answer.")
    resamples: int = Field(1000, ge=1, le=100_000, description="Resamples of the bootstrap intervals.")
    seed: int = Field(7, ge=0, description="Seed of the bootstrap.")


DEFAULTS = EvaluateConfig()
