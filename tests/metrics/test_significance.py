"""Paired tests: against scipy, under the null, with planted differences; Holm by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from pwae_core.metrics import comparisons, significance
from pwae_core.metrics.bootstrap import resampled_means
from pwae_core.metrics.significance import bootstrap_p, holm, randomisation_p, spread, swapped_means
from pwae_core.metrics.table import BLEU, METRICS, Scores


def column(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, float)[:, None]


def randomised(one: np.ndarray, two: np.ndarray, trials: int = 20_000, seed: int = 1) -> float:
    swapped = swapped_means(column(one), column(two), trials, seed)
    return randomisation_p((swapped.one - swapped.two)[:, 0], float(np.mean(one) - np.mean(two)))


def bootstrapped(one: np.ndarray, two: np.ndarray, trials: int = 20_000, seed: int = 1) -> float:
    means = resampled_means(np.column_stack([one, two]), trials, seed)
    return bootstrap_p(means[:, 0] - means[:, 1], float(np.mean(one) - np.mean(two)))


@pytest.mark.parametrize("seed", range(4))
def test_randomisation_equals_the_exact_permutation_test_of_scipy(seed: int) -> None:
    generator = np.random.default_rng(seed)
    one, two = generator.normal(0.4, 1, 10), generator.normal(0, 1, 10)
    exact = scipy.stats.permutation_test(
        (one, two), lambda a, b: np.mean(a) - np.mean(b), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert randomised(one, two) == pytest.approx(exact, abs=0.012)


@pytest.mark.parametrize("seed", range(3))
def test_both_tests_approach_the_t_test_of_pairs_on_many_normal_contexts(seed: int) -> None:
    generator = np.random.default_rng(seed)
    base = generator.normal(size=400)
    one, two = base + generator.normal(0.05, 0.5, 400), base + generator.normal(0, 0.5, 400)
    expected = scipy.stats.ttest_rel(one, two).pvalue
    assert randomised(one, two, 5_000) == pytest.approx(expected, abs=0.025)
    assert bootstrapped(one, two, 5_000) == pytest.approx(expected, abs=0.025)


def test_under_the_null_p_values_are_uniform() -> None:
    generator = np.random.default_rng(5)
    found = np.array(
        [
            [test(*generator.normal(size=(2, 60)), 400, int(generator.integers(1 << 30)))]
            for _ in range(300)
            for test in (randomised, bootstrapped)
        ]
    ).reshape(300, 2)
    for p in found.T:
        assert scipy.stats.kstest(p, "uniform").pvalue > 0.01
        assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.035)


def test_a_planted_difference_is_found_and_none_is_not() -> None:
    """All contexts are better by about 0.1 though they scatter by 1: only pairing shows it."""
    generator = np.random.default_rng(2)
    base = generator.normal(size=200)
    better = base + 0.1 + generator.normal(0, 0.2, 200)
    assert scipy.stats.ttest_ind(better, base).pvalue > 0.2
    assert randomised(better, base, 2_000) == pytest.approx(1 / 2_001)
    assert bootstrapped(better, base, 2_000) == pytest.approx(1 / 2_001)
    assert randomised(base, base, 100) == bootstrapped(base, base, 100) == 1


def test_swaps_by_hand() -> None:
    """One context: kept or swapped, each half of the time. The mean of both never moves."""
    made = swapped_means(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]), 1_000, 0)
    assert set(made.one[:, 0]) == {1.0, 3.0}
    assert (made.one + made.two).tolist() == [[4.0, 2.0]] * 1_000
    assert (made.one[:, 0] == 3).mean() == pytest.approx(0.5, abs=0.06)
    assert (made.one[:, 1] == 1).all()


def test_contexts_without_a_score_are_left_out_and_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = np.array([[1.0], [np.nan], [4.0]]), np.array([[2.0], [5.0], [2.0]])
    made = swapped_means(one, two, 500, 3)
    assert set(np.round(made.one[:, 0], 9)) == {1.5, 2.0, 2.5, 3.0}
    generator = np.random.default_rng(0)
    wide = generator.normal(size=(2, 16, 1))
    monkeypatch.setattr(significance, "SWAPS_AT_ONCE", 16 * 4)
    few = swapped_means(*wide, 500, 3)
    monkeypatch.setattr(significance, "SWAPS_AT_ONCE", 16 * 500)
    np.testing.assert_allclose(swapped_means(*wide, 500, 3).one, few.one)


def test_holm_by_hand() -> None:
    """Sorted .01 .02 .03 .04 times 4 3 2 1: .04 .06 .06 .04; none below the one before: .04 .06 .06 .06."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_spread_of_seeds() -> None:
    made = spread([1.0, 2.0, 4.0])
    assert (made.mean, made.deviation, made.seeds) == pytest.approx((7 / 3, (7 / 3) ** 0.5, 3))


def scores(recall: np.ndarray, precision: np.ndarray) -> Scores:
    return Scores({"BLEU-Recall": recall, "BLEU-Precision": precision, "Length": recall * 0 + 4}, {"Distinct-1": 0.5})


def test_systems_against_a_base() -> None:
    generator = np.random.default_rng(1)
    recall = generator.random(300)
    base = scores(recall, recall / 2)
    better = scores(recall + generator.random(300) / 5, recall / 2 + generator.random(300) / 5)
    alike = scores(generator.permutation(recall), generator.permutation(recall / 2))
    made = comparisons.compare({"better": better, "base": base, "alike": alike}, "base", 999, 7)
    assert [(one.system, one.metric) for one in made] == [
        (system, metric) for system in ("better", "alike") for metric in (*BLEU, "Length")
    ]
    assert [METRICS.index(one.metric) for one in made[:4]] == sorted(METRICS.index(one.metric) for one in made[:4])
    f1 = made[2]
    r, p = better.contexts["BLEU-Recall"].mean(), better.contexts["BLEU-Precision"].mean()
    s, q = recall.mean(), recall.mean() / 2
    assert f1.difference == pytest.approx(2 * r * p / (r + p) - 2 * s * q / (s + q))
    assert f1.low < f1.difference < f1.high
    assert f1.low > 0
    assert (f1.bootstrap, f1.randomisation) == (0.001, 0.001)
    assert f1.randomisation_holm == pytest.approx(0.006), "6 tests in the family of Table 2's columns"
    assert all(one.randomisation_holm > 0.05 for one in made[4:])
    assert (made[3].difference, made[3].randomisation, made[3].bootstrap) == (0, 1, 1)


def test_several_seeds_enter_with_their_mean() -> None:
    one, two = scores(np.array([1.0, 2]), np.array([1.0, 0])), scores(np.array([3.0, 2]), np.array([0.0, 0]))
    mean = comparisons.mean_of_seeds([one, two])
    assert mean.contexts["BLEU-Recall"].tolist() == [2, 2]
    assert mean.contexts["BLEU-Precision"].tolist() == [0.5, 0]
    assert mean.corpus == {"Distinct-1": 0.5}
