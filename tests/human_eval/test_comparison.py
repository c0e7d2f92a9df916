"""Paired tests against SciPy's, Holm's correction against statsmodels' and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test
from statsmodels.stats.multitest import multipletests

from pwae_core.human_eval.comparison import Floats as Values
from pwae_core.human_eval.comparison import randomisation_test
from pwae_core.metrics.significance import holm


def scipy_p(differences: Values) -> float:
    """Sign flips of the differences: paired samples whose pairs are swapped."""
    found = permutation_test(
        (differences, np.zeros_like(differences)),
        lambda one, two, axis: (one - two).mean(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    return float(found.pvalue)


def test_by_hand() -> None:
    """Four equal differences: of the 16 flips, all + and all - reach the observed sum. Three of four: 10 of 16."""
    assert randomisation_test(np.ones(4), 100, 0) == 2 / 16
    assert randomisation_test(np.array([1.0, 1, 1, -1]), 100, 0) == 10 / 16
    assert randomisation_test(np.zeros(4), 100, 0) == 1
    assert randomisation_test(np.zeros(40), 100, 0) == 1


@pytest.mark.parametrize("seed", range(8))
def test_scipy_s_exact_test(seed: int) -> None:
    differences = np.random.default_rng(seed).integers(-2, 4, 11) / 3
    assert randomisation_test(differences, 10_000, 0) == pytest.approx(scipy_p(differences), abs=1e-12)


def test_random_flips_come_near_the_exact_p() -> None:
    differences = np.random.default_rng(4).integers(-2, 4, 14) / 3
    exact = scipy_p(differences)
    assert 0.01 < exact < 0.99
    p = randomisation_test(differences, 10_000, 0)
    assert p != exact
    assert p == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 10_000) ** 0.5)
    assert randomisation_test(np.ones(50), 999, 0) == 1 / 1000


def test_under_the_null_small_ps_are_as_rare_as_they_should_be() -> None:
    source = np.random.default_rng(5)
    ps = [randomisation_test(source.normal(size=30), 200, seed) for seed in range(400)]
    assert 0.02 < np.mean(np.array(ps) <= 0.05) < 0.09


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([]) == []


def test_holm_as_in_statsmodels() -> None:
    ps = np.random.default_rng(1).random(28) ** 3
    assert holm(list(ps)) == pytest.approx(multipletests(ps, method="holm")[1], abs=1e-12)
