"""Resampling contexts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pwae_core.metrics import bootstrap
from pwae_core.metrics.bootstrap import interval, resampled_means


def test_a_constant_has_no_width() -> None:
    made = interval(resampled_means(np.full((50, 1), 0.25), 200, seed=1)[:, 0])
    assert (made.low, made.high) == pytest.approx((0.25, 0.25))


def test_one_context_has_no_width() -> None:
    made = interval(resampled_means(np.array([[0.5]]), 20, seed=1)[:, 0])
    assert (made.low, made.high) == (0.5, 0.5)


def test_the_same_seed_gives_the_same_draws_in_pieces_or_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((40, 3))
    whole = resampled_means(values, 25, seed=3)
    assert np.array_equal(whole, resampled_means(values, 25, seed=3))
    assert not np.array_equal(whole, resampled_means(values, 25, seed=4))
    monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", 80)
    np.testing.assert_allclose(resampled_means(values, 25, seed=3), whole, rtol=0, atol=1e-12)


def test_columns_are_drawn_in_pairs() -> None:
    values = np.random.default_rng(0).random((40, 1))
    both = resampled_means(np.hstack([values, values + 1]), 50, seed=3)
    np.testing.assert_allclose(both[:, 1] - both[:, 0], 1)


def test_nan_is_left_out_of_a_mean() -> None:
    values = np.array([[0.0, np.nan], [1.0, 4.0], [2.0, 4.0]])
    made = resampled_means(values, 200, seed=1)
    drawn_only_the_first = np.isnan(made[:, 1])
    assert 0 < drawn_only_the_first.sum() < 30
    assert np.all(made[drawn_only_the_first, 0] == 0)
    assert np.all(made[~drawn_only_the_first, 1] == 4)
    assert interval(made[:, 1]) == bootstrap.Interval(4, 4)


def test_agrees_with_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(5).exponential(size=400)
    ours = interval(resampled_means(values[:, None], 4000, seed=1)[:, 0])
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
