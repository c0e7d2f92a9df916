"""The energy distance of two samples: how far apart two distributions are, without a model of either."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def energy_distance(one: Floats, two: Floats) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo 2013) of two samples [n, d]; 0 for the same distribution.

    The expectations within a sample exclude each point's distance to itself, so the estimate is unbiased.
    """
    within = [_distances(part, part).sum() / (len(part) * (len(part) - 1)) for part in (one, two)]
    return float(2 * _distances(one, two).mean() - sum(within))


def _distances(one: Floats, two: Floats) -> Floats:
    squares = (one**2).sum(axis=1)[:, None] + (two**2).sum(axis=1)[None] - 2 * one @ two.T
    distances: Floats = np.sqrt(np.maximum(squares, 0.0))
    if one is two:
        np.fill_diagonal(distances, 0.0)
    return distances
