"""Energy distance: constants worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pwae_core.metrics.energy import energy_distance


def test_two_pairs_of_points() -> None:
    """Between: (5 + 4 + 4 + 5) / 4, with a 3-4-5 triangle; within: 3 and 3. 2 x 4.5 - 3 - 3 = 3."""
    one, two = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 4.0]])
    assert energy_distance(one, two) == pytest.approx(3.0)


def test_the_same_distribution_has_no_distance() -> None:
    drawn = np.random.default_rng(1).normal(size=(2, 400, 3))
    assert energy_distance(drawn[0], drawn[1]) == pytest.approx(0.0, abs=0.02)
    assert energy_distance(drawn[0], drawn[1] + 1.0) > 0.5
