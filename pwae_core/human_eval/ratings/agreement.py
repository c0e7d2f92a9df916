"""How far annotators agree: pure functions of counts of ratings.

``counts`` (items, categories) says how many annotators gave each item each rating; ``table`` makes it from ratings with
gaps. A coefficient may be undefined, for example because all ratings are the same, so that chance alone would agree.
Its value is then None, never NaN, and a note says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ALL_EQUAL = "not defined: all ratings are the same"
NO_ITEMS = "not defined: no item has two ratings"
ROUNDING = 1e-12


@dataclass(frozen=True)
class Coefficient:
    """``value`` over ``items`` items; None if it is undefined, and then ``note`` says why."""

    value: float | None
    items: int
    note: str = ""


Statistic = Callable[[Floats], Coefficient]


def table(ratings: Floats, categories: Sequence[int]) -> Floats:
    """(items, categories) counts from ``ratings`` (items, annotators), in which NaN means no rating."""
    return np.stack([(ratings == category).sum(axis=1) for category in categories], axis=1).astype(float)


def identity_weights(categories: int) -> Floats:
    """(categories, categories): two ratings either agree or do not."""
    return np.eye(categories)


def linear_weights(categories: int) -> Floats:
    """(categories, categories): neighbours on the scale agree in part, its ends not at all. For two, the identity."""
    scale = np.arange(categories)
    weights: Floats = 1 - np.abs(scale[:, None] - scale) / (categories - 1)
    return weights


def raw_agreement(counts: Floats) -> Coefficient:
    """The share of an item's pairs of ratings that are equal, averaged over the items with at least two ratings."""
    rated = counts[counts.sum(axis=1) >= 2]
    if not len(rated):
        return Coefficient(None, 0, NO_ITEMS)
    return Coefficient(_observed(rated, identity_weights(counts.shape[1])), len(rated))


def _observed(rated: Floats, weights: Floats) -> float:
    """The mean over items of the mean weight of an item's pairs of ratings."""
    number = rated.sum(axis=1)
    pairs = (rated * (rated @ weights - 1)).sum(axis=1)
    return float((pairs / (number * (number - 1))).mean())


def fleiss_kappa(counts: Floats) -> Coefficient:
    """Fleiss (1971). It requires equally many ratings per item, so it uses only the items with the most ratings."""
    rated = counts[complete(counts)]
    if not len(rated):
        return Coefficient(None, 0, NO_ITEMS)
    shares = rated.sum(axis=0) / rated.sum()
    return _above_chance(_observed(rated, identity_weights(counts.shape[1])), float(shares @ shares), len(rated))


def complete(counts: Floats) -> Bools:
    """(items,): whether an item has as many ratings as any other, and at least two."""
    number = counts.sum(axis=1)
    most: Bools = (number == number.max(initial=0)) & (number >= 2)
    return most


def _above_chance(observed: float, chance: float, items: int) -> Coefficient:
    """(observed - chance) / (1 - chance)."""
    if chance > 1 - ROUNDING:
        return Coefficient(None, items, ALL_EQUAL)
    return Coefficient((observed - chance) / (1 - chance), items)


def cohen_kappa(one: Floats, two: Floats, categories: Sequence[int], weights: Floats) -> Coefficient:
    """Cohen (1960, 1968) for two annotators' ratings (items,), over the items that both rated."""
    both = ~(np.isnan(one) | np.isnan(two))
    if not both.any():
        return Coefficient(None, 0, "not defined: no item was rated by both")
    first, second = (np.stack([own[both] == category for category in categories], axis=1) for own in (one, two))
    joint = first.T.astype(float) @ second / both.sum()
    chance = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return _above_chance(float((weights * joint).sum()), float((weights * chance).sum()), int(both.sum()))


def krippendorff_alpha(counts: Floats, ordinal: bool) -> Coefficient:
    """Krippendorff (2011), over all items with at least two ratings. The metric is ordinal or nominal."""
    rated = counts[counts.sum(axis=1) >= 2]
    if not len(rated):
        return Coefficient(None, 0, NO_ITEMS)
    share = 1 / (rated.sum(axis=1, keepdims=True) - 1)
    coincidences = (rated * share).T @ rated - np.diag((rated * share).sum(axis=0))
    totals = rated.sum(axis=0)
    distances = _ordinal_distances(totals) if ordinal else 1 - identity_weights(len(totals))
    expected = float(totals @ distances @ totals) / (totals.sum() - 1)
    if expected < ROUNDING:
        return Coefficient(None, len(rated), ALL_EQUAL)
    return Coefficient(1 - float((coincidences * distances).sum()) / expected, len(rated))


def _ordinal_distances(totals: Floats) -> Floats:
    """(categories, categories): the number of ratings between two categories, plus half of their own, squared."""
    middle = np.cumsum(totals) - totals / 2
    distances: Floats = (middle[:, None] - middle) ** 2
    return distances


def gwet_ac(counts: Floats, weights: Floats) -> Coefficient:
    """Gwet (2008, 2014): AC1 with identity weights, AC2 with others.

    Chance agreement assumes that annotators guess only on hard items. So it falls, rather than rises, if nearly all
    ratings are the same: there is no prevalence paradox, and the value is 1 if all ratings are the same.
    """
    number = counts.sum(axis=1)
    rated = counts[number >= 2]
    if not len(rated):
        return Coefficient(None, 0, NO_ITEMS)
    shares = (counts[number > 0] / number[number > 0, None]).mean(axis=0)
    categories = len(shares)
    chance = weights.sum() * float((shares * (1 - shares)).sum()) / (categories * (categories - 1))
    return _above_chance(_observed(rated, weights), chance, len(rated))
