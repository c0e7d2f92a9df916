"""Whether a difference between two systems is more than chance: paired tests over contexts, Holm's correction, seeds.

Both systems answered the same contexts, so contexts are the units, and their scores stay paired:

- randomisation (Noreen 1989; Riezler and Maxwell 2005; Edgington and Onghena 2007): if the systems were exchangeable,
  the two scores of any context could be swapped. How often is the difference after swaps at least as large as observed?
- paired bootstrap (Efron and Tibshirani 1993; Koehn 2004): contexts are drawn with replacement. How often is a
  difference, shifted so that its mean is the null hypothesis's 0, at least as large as observed?

Both p-values are two-sided. If trials are random, the observed data count as one more trial, so no p-value is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

EXACT = 13
"""If at most this many contexts differ, all their swaps (up to 2 ** 13) are tried."""
RESOLUTION = 1e-6
"""A share of the largest score: the uncertainty of single-precision cosines. Scores closer than this are equal."""
AT_ONCE = 8
SIGNS = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
"""(256, 8): the signs that each byte encodes, one for each of eight contexts."""

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Score = Callable[[Floats], Floats]
"""Maps means (..., columns) to scores (...)."""


@dataclass(frozen=True)
class Outcome:
    """A test's p. Of the ``contexts`` scored, ``differing`` differ. ``exact``: all their swaps were tried."""

    p: float
    contexts: int
    differing: int
    exact: bool


def the_mean(means: Floats) -> Floats:
    """The score of data with a single column: its mean."""
    only: Floats = means[..., 0]
    return only


def randomisation_test(one: Floats, two: Floats, trials: int, seed: int, score: Score = the_mean) -> Outcome:
    """Swaps the two systems' scores of whole contexts: in all possible ways if few differ, else at random.

    ``one`` and ``two`` are (contexts, seeds, columns); the numbers of seeds may differ. ``score`` turns the columns'
    means over contexts into a seed's score; the means of these over seeds are compared. Contexts with NaN are left out.
    """
    seeds, rows = one.shape[1], _scored(one, two)
    contexts, least = len(rows), _least(rows)
    different = rows[(np.ptp(rows, axis=1) > least).any(axis=1)]
    exact = len(different) <= EXACT
    swaps = _all_swaps(len(different)) if exact else _random_swaps(len(different), trials, seed)
    count = 2 ** len(different) if exact else trials
    moved = _signed_sums(different, swaps, count)
    middle, observed = rows.sum(axis=0) / max(contexts, 1), different.sum(axis=0) / max(contexts, 1)
    sizes = np.abs(_differences(middle, np.concatenate([observed[None], moved / max(contexts, 1)]), seeds, score))
    reached = int((sizes[1:] >= sizes[0] - slack(least, len(different), contexts)).sum())
    return Outcome(reached / count if exact else (1 + reached) / (1 + count), contexts, len(different), exact)


def _scored(one: Floats, two: Floats) -> Floats:
    """(contexts, seeds of both, columns): the contexts that have every score."""
    rows = np.concatenate([one, two], axis=1)
    kept: Floats = rows[~np.isnan(rows).any(axis=(1, 2))]
    return kept


def _least(rows: Floats) -> float:
    """The smallest difference that counts as one."""
    return RESOLUTION * float(np.abs(rows).max(initial=0.0))


def slack(least: float, summed: int, contexts: int) -> float:
    """How far apart equal means over ``contexts`` may lie if ``summed`` of the scores are uncertain by ``least``."""
    return float(least * np.sqrt(summed) / max(contexts, 1))


def _differences(means: Floats, moved: Floats, seeds: int, score: Score) -> Floats:
    """(trials,): the first system's score minus the second's, averaged over all pairs of their seeds.

    ``means`` (seeds of both, columns) are the observed means; the first ``seeds`` rows are the first system's.
    ``moved`` (trials, seeds of both, columns) are sums over contexts, each with its sign, divided by their number.
    """
    pairs = list(product(range(seeds), range(seeds, len(means))))
    differences = np.zeros(len(moved))
    for one, two in pairs:
        middle, half = (means[one] + means[two]) / 2, (moved[:, one] - moved[:, two]) / 2
        differences += score(middle + half) - score(middle - half)
    return differences / len(pairs)


def _all_swaps(contexts: int) -> Iterator[Bytes]:
    """Every way to swap, eight contexts at a time: (ways,) bytes with one bit per context."""
    ways = np.arange(2**contexts)
    yield from ((ways >> first & 255).astype(np.uint8) for first in range(0, contexts, AT_ONCE))


def _random_swaps(contexts: int, trials: int, seed: int) -> Iterator[Bytes]:
    """Random ways to swap, eight contexts at a time: (trials,) bytes with one bit per context."""
    generator = np.random.Generator(np.random.PCG64(seed))
    yield from (generator.integers(0, 256, trials, np.uint8) for _ in range(0, contexts, AT_ONCE))


def _signed_sums(values: Floats, swaps: Iterator[Bytes], trials: int) -> Floats:
    """(trials, ...): sums of ``values`` (contexts, ...) over contexts, each with the sign that its bit encodes."""
    sums = np.zeros((trials, *values.shape[1:]))
    for first, chosen in zip(range(0, len(values), AT_ONCE), swaps, strict=True):
        part = values[first : first + AT_ONCE]
        sums += np.tensordot(SIGNS[:, : len(part)], part, axes=1)[chosen]
    return sums


def bootstrap_p(resampled: Floats, one: Floats, two: Floats, observed: float) -> float:
    """The two-sided p-value of the paired bootstrap.

    ``resampled`` (trials,) are differences over resampled contexts, scattered about ``observed``; minus ``observed``,
    they scatter about the null hypothesis's 0. ``one`` and ``two`` are as in ``randomisation_test``. With few contexts
    the test finds differences too often.
    """
    rows = _scored(one, two)
    uncertain = slack(_least(rows), len(rows), len(rows))
    reached = np.abs(resampled - observed) >= abs(observed) - uncertain
    return (1 + int(reached.sum())) / (1 + len(resampled))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values, in the given order.

    Rejecting those below a level keeps the chance of any false rejection in the family below that level too, however
    the tests depend on each other.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(stepped)
    return [float(value) for value in adjusted]


@dataclass(frozen=True)
class Spread:
    """Over the seeds of one system: the mean and the sample standard deviation (divided by seeds - 1)."""

    mean: float
    deviation: float
    seeds: int


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least two values."""
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)), len(values))
