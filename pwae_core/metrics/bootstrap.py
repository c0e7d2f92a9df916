"""Bootstrap intervals over contexts (Efron 1979; Koehn 2004): contexts are resampled with replacement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS_AT_ONCE = 2_000_000
LEVEL = 0.95
FEWEST, ENOUGH = 30, 100
"""Numbers of contexts: below the first, nothing is inferred; below the second, intervals are somewhat too narrow."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Both ends, or neither."""

    low: float | None
    high: float | None


def resampled_means(values: Floats, resamples: int, seed: int) -> Floats:
    """(resamples, columns): the means of ``values`` (contexts, columns) over each resample; NaN values are left out.

    All columns are resampled by the same draws, so systems are resampled in pairs, and a score that depends on several
    means (F1) is computed from those of one resample. A mean over NaN alone is NaN.
    """
    contexts = len(values)
    generator = np.random.Generator(np.random.PCG64(seed))
    valid = ~np.isnan(values)
    both = np.hstack([np.where(valid, values, 0.0), valid])
    step = max(1, DRAWS_AT_ONCE // contexts)
    sums = np.vstack(
        [_draw(generator, min(step, resamples - begin), contexts) @ both for begin in range(0, resamples, step)]
    )
    totals, counts = np.hsplit(sums, 2)
    means: Floats = np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)
    return means


def _draw(generator: np.random.Generator, resamples: int, contexts: int) -> Floats:
    """(resamples, contexts): how often each context is drawn; each row sums to ``contexts``."""
    drawn = generator.integers(0, contexts, size=(resamples, contexts))
    drawn += np.arange(resamples)[:, None] * contexts
    return np.bincount(drawn.reshape(-1), minlength=resamples * contexts).reshape(resamples, contexts).astype(float)


def interval(scores: Floats, contexts: int) -> Interval:
    """The percentile interval, at the level ``LEVEL``, of the ``scores`` (resamples,) of resampled ``contexts``.

    None if fewer than ``FEWEST`` contexts had a score (the interval would be much too narrow), or if no resample has
    one.
    """
    if contexts < FEWEST or np.isnan(scores).all():
        return Interval(None, None)
    low, high = np.nanquantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def caution(contexts: int) -> list[str]:
    """What a reader of intervals over so few ``contexts`` must know; empty if there are enough."""
    if contexts < FEWEST:
        return [f"Fewer than {FEWEST} contexts: too few for intervals and for the bootstrap's p-values."]
    if contexts < ENOUGH:
        return [f"Fewer than {ENOUGH} contexts: the {LEVEL:.0%} intervals are somewhat too narrow."]
    return []
