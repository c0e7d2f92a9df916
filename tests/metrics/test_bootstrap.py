"""Resampling contexts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pwae_core.metrics import bootstrap
from pwae_core.metrics.bootstrap import ENOUGH, FEWEST, Interval, caution, interval, resampled_means


def test_a_constant_has_no_width() -> None:
    made = interval(resampled_means(np.full((50, 1), 0.25), 200, seed=1)[:, 0], 50)
    assert (made.low, made.high) == pytest.approx((0.25, 0.25))


@pytest.mark.parametrize("contexts", [1, 2, FEWEST - 1])
def test_few_contexts_have_no_interval_and_more_have_one_with_a_caution(contexts: int) -> None:
    values = np.random.default_rng(0).random((ENOUGH, 1))
    assert interval(resampled_means(values[:contexts], 20, seed=1)[:, 0], contexts) == Interval(None, None)
    assert caution(contexts) == ["Fewer than 30 contexts: too few for intervals and for the bootstrap's p-values."]
    assert interval(resampled_means(values[:FEWEST], 20, seed=1)[:, 0], FEWEST).low is not None
    assert (
        caution(FEWEST)
        == caution(ENOUGH - 1)
        == ["Fewer than 100 contexts: the 95% intervals are somewhat too narrow."]
    )
    assert caution(ENOUGH) == []


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
    assert interval(made[:, 1], FEWEST) == Interval(4, 4)
    assert interval(np.full(5, np.nan), FEWEST) == Interval(None, None)


def test_agrees_with_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(5).exponential(size=400)
    ours = interval(resampled_means(values[:, None], 4000, seed=1)[:, 0], 400)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
