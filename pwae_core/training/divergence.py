"""Detects training that has diverged: losses and measures that are not finite, or that explode."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from pwae_core.errors import DivergenceError
from pwae_core.training.checkpoints import LAST, has_checkpoint


def refuse_divergence(values: Mapping[str, float], step: int, checkpoints: Path, explosion: float) -> None:
    """Raises DivergenceError if a term of an iteration is not finite, or if a loss exceeds ``explosion`` in absolute
    value.
    """
    for name, value in values.items():
        too_large = name.endswith("_loss") and abs(value) > explosion
        if not math.isfinite(value) or too_large:
            raise _divergence(f"{name} is {value:g}", step, checkpoints, _optimiser_of(name))


def refuse_divergent_validation(measures: Mapping[str, float], step: int, checkpoints: Path) -> None:
    """Raises DivergenceError for a validation measure that is not finite."""
    for name, value in measures.items():
        if not math.isfinite(value):
            raise _divergence(f"validation {name} is {value:g}", step, checkpoints, "autoencoder")


def _divergence(fact: str, step: int, checkpoints: Path, optimiser: str) -> DivergenceError:
    saved = f" The last checkpoint, from before, is in {checkpoints}." if has_checkpoint(checkpoints, LAST) else ""
    more = "" if optimiser == "autoencoder" else " or autoencoder.rate, a larger penalty_weight"
    return DivergenceError(
        f"Training diverged at iteration {step}: {fact}.{saved} "
        f"Try a lower {optimiser}.rate{more} or another --seed, into a new --out."
    )


def _optimiser_of(term: str) -> str:
    """The name, in the settings, of the optimiser that a logged term belongs to."""
    name = term.partition("_")[0]
    return name if name in ("generator", "critic") else "autoencoder"
