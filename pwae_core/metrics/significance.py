"""Whether a difference between two systems is more than chance: paired tests over contexts, Holm's correction, seeds.

Both systems answered the same contexts, so contexts are the units, and pairs stay pairs:

- paired bootstrap (Efron and Tibshirani 1993; Koehn 2004): contexts are drawn again with replacement; how often is a
  difference, shifted so that its mean is the null hypothesis's 0, as large as the one observed?
- approximate randomisation (Noreen 1989; Riezler and Maxwell 2005): if the systems were exchangeable, the two scores
  of any context could be swapped; how often is the difference after random swaps as large as the one observed?

Both p-values are two-sided and count the observed data as one more trial, so that none is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SWAPS_AT_ONCE = 4_000_000
ROUNDING = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Swapped:
    """The means of both systems after each trial's swaps, both (trials, columns)."""

    one: Floats
    two: Floats


def swapped_means(one: Floats, two: Floats, trials: int, seed: int) -> Swapped:
    """Swaps the two systems' scores of every context with probability 1/2, ``trials`` times.

    ``one`` and ``two`` are (contexts, columns). All columns see the same swaps, so that a score of several means (F1)
    can be computed from those of one trial. A context whose score is NaN in either is left out of that column.
    """
    valid = ~(np.isnan(one) | np.isnan(two))
    counts = np.maximum(valid.sum(axis=0), 1)
    here, there = np.where(valid, one, 0.0), np.where(valid, two, 0.0)
    middle, half = (here + there).sum(axis=0) / counts / 2, (here - there) / counts / 2
    generator = np.random.Generator(np.random.PCG64(seed))
    step = max(1, SWAPS_AT_ONCE // len(one))
    moved = np.vstack(
        [_signs(generator, min(step, trials - begin), len(one)) @ half for begin in range(0, trials, step)]
    )
    return Swapped(middle + moved, middle - moved)


def _signs(generator: np.random.Generator, trials: int, contexts: int) -> Floats:
    """(trials, contexts): 1 or -1, each as likely."""
    bits = np.unpackbits(generator.integers(0, 256, size=(trials, -(-contexts // 8)), dtype=np.uint8), axis=1)
    signs: Floats = 1.0 - 2.0 * bits[:, :contexts].astype(np.float64)
    return signs


def randomisation_p(swapped: Floats, observed: float) -> float:
    """Two-sided p-value: ``swapped`` (trials,) are the differences after random swaps."""
    return _share(np.abs(swapped), observed)


def bootstrap_p(resampled: Floats, observed: float) -> float:
    """Two-sided p-value: ``resampled`` (trials,) are the differences of resampled contexts, which scatter about
    ``observed``; shifted by it, they scatter about the null hypothesis's 0.
    """
    return _share(np.abs(resampled - observed), observed)


def _share(sizes: Floats, observed: float) -> float:
    reached = sizes >= abs(observed) * (1 - ROUNDING)
    return (1 + int(reached.sum())) / (1 + len(sizes))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values, in the order given: reject where one is below the level, and the chance of any
    false rejection in the family is below the level too, however the tests depend on each other.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(stepped)
    return [float(value) for value in adjusted]


@dataclass(frozen=True)
class Spread:
    """Of several seeds of one system: the mean, and the standard deviation of a sample (divided by seeds - 1)."""

    mean: float
    deviation: float
    seeds: int


def spread(values: Sequence[float]) -> Spread:
    """Needs two values or more."""
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)), len(values))
