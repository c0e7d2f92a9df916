"""Agreement: published worked examples, reference libraries on random ratings with gaps, and what has no value."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from pwae_core.config.human_eval import HumanEvalScoreConfig
from pwae_core.human_eval.blinding.assignment import assign
from pwae_core.human_eval.blinding.placement import Context, Item
from pwae_core.human_eval.ratings import agreement
from pwae_core.human_eval.ratings.agreement import ALL_EQUAL, NO_ITEMS, Coefficient, Floats
from pwae_core.human_eval.ratings.arrays import Ratings
from pwae_core.human_eval.ratings.results import Agreed, agreements
from pwae_core.human_eval.sheets.form import Criterion

NONE = np.nan
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: 4 observers, 12 units, gaps.
RELIABILITY = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
).T
# Fleiss (1971), Table 1: 30 patients, 6 psychiatrists, 5 diagnoses; a digit is the number of psychiatrists.
DIAGNOSES = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
               00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""
# The prevalence paradox: two raters, 125 items; yes/yes 118, yes/no 5, no/yes 2, no/no 0 (Gwet 2002).
PARADOX = np.array([[1, 1]] * 118 + [[1, 0]] * 5 + [[0, 1]] * 2, dtype=float)


def value(coefficient: Coefficient) -> float:
    assert coefficient.value is not None
    assert coefficient.note == ""
    return coefficient.value


def test_fleiss_s_own_example() -> None:
    counts = np.array([[int(digit) for digit in row] for row in DIAGNOSES.split()], dtype=float)
    assert counts.sum(axis=0).tolist() == [26, 26, 30, 55, 43]
    assert value(agreement.fleiss_kappa(counts)) == pytest.approx(0.430, abs=5e-4)
    assert value(agreement.raw_agreement(counts)) == pytest.approx(0.5556, abs=5e-5)


def test_krippendorff_s_own_example() -> None:
    counts = agreement.table(RELIABILITY, [1, 2, 3, 4, 5])
    assert value(agreement.krippendorff_alpha(counts, ordinal=False)) == pytest.approx(0.743, abs=5e-4)
    assert value(agreement.krippendorff_alpha(counts, ordinal=True)) == pytest.approx(0.815, abs=5e-4)
    assert agreement.krippendorff_alpha(counts, ordinal=True).items == 11


def test_gwet_on_the_same_example() -> None:
    counts = agreement.table(RELIABILITY, [1, 2, 3, 4, 5])
    assert value(agreement.gwet_ac(counts, agreement.identity_weights(5))) == pytest.approx(0.77544, abs=5e-6)
    assert value(agreement.raw_agreement(counts)) == pytest.approx(0.81818, abs=5e-6)


def test_the_prevalence_paradox() -> None:
    """94% raw agreement, a kappa below zero; AC1 = (.944 - .054432) / (1 - .054432)."""
    counts = agreement.table(PARADOX, [0, 1])
    identity = agreement.identity_weights(2)
    assert value(agreement.raw_agreement(counts)) == pytest.approx(0.944)
    assert value(agreement.cohen_kappa(PARADOX[:, 0], PARADOX[:, 1], [0, 1], identity)) == pytest.approx(
        -0.0234, abs=5e-5
    )
    assert value(agreement.gwet_ac(counts, identity)) == pytest.approx(0.889568 / 0.945568)


def test_linear_weights() -> None:
    assert agreement.linear_weights(3).tolist() == [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
    assert agreement.linear_weights(2).tolist() == agreement.identity_weights(2).tolist()


def random_ratings(seed: int) -> Floats:
    """Ratings 1 to 3 of 3 annotators who agree more or less, a tenth of them missing."""
    source = np.random.default_rng(seed)
    truth = source.choice([1, 2, 3], size=(60, 1), p=source.dirichlet([1, 1, 1]))
    noise = source.integers(1, 4, size=(60, 3))
    ratings = np.where(source.random((60, 3)) < source.random(), truth, noise).astype(float)
    ratings[source.random((60, 3)) < 0.1] = np.nan
    return ratings


@pytest.mark.parametrize("seed", range(40))
def test_the_reference_libraries_on_random_ratings_with_gaps(seed: int) -> None:
    ratings = random_ratings(seed)
    counts = agreement.table(ratings, [1, 2, 3])
    complete = counts[counts.sum(axis=1) == 3]
    assert value(agreement.fleiss_kappa(counts)) == pytest.approx(statsmodels_fleiss(complete), abs=1e-12)
    for ordinal, level in ((True, "ordinal"), (False, "nominal")):
        expected = krippendorff.alpha(ratings.T, level_of_measurement=level)
        assert value(agreement.krippendorff_alpha(counts, ordinal)) == pytest.approx(expected, abs=1e-12)
    both = ~np.isnan(ratings[:, :2]).any(axis=1)
    for weights, name in ((agreement.identity_weights(3), None), (agreement.linear_weights(3), "linear")):
        expected = cohen_kappa_score(*ratings[both, :2].T.astype(int), labels=[1, 2, 3], weights=name)
        ours = agreement.cohen_kappa(ratings[:, 0], ratings[:, 1], [1, 2, 3], weights)
        assert value(ours) == pytest.approx(expected, abs=1e-12)
        assert ours.items == both.sum()


@pytest.mark.parametrize("seed", range(10))
def test_incomplete_designs_where_every_item_has_some_of_many_annotators(seed: int) -> None:
    """Three of nine annotators an item, as they are dealt, and a few ratings that never came."""
    source = np.random.default_rng(seed)
    contexts = [Context(f"c{number}#0", "u", (), ()) for number in range(40)]
    items = [Item(context, system, ()) for context in contexts for system in "ab"]
    ratings = np.full((len(items), 9), np.nan)
    for annotator, share in enumerate(assign(items, 9, 3, seed % 2 == 0, f"secret {seed}")):
        for item in share:
            ratings[items.index(item), annotator] = source.choice([1, 2, 2, 3])
    complete = agreement.table(ratings, [1, 2, 3])
    assert set(complete.sum(axis=1)) == {3}
    assert value(agreement.fleiss_kappa(complete)) == pytest.approx(statsmodels_fleiss(complete), abs=1e-12)
    ratings[source.random(ratings.shape) < 0.1] = np.nan
    counts = agreement.table(ratings, [1, 2, 3])
    for ordinal, level in ((True, "ordinal"), (False, "nominal")):
        expected = krippendorff.alpha(ratings.T, level_of_measurement=level)
        assert value(agreement.krippendorff_alpha(counts, ordinal)) == pytest.approx(expected, abs=1e-12)
    weights = agreement.linear_weights(3)
    assert value(agreement.gwet_ac(counts, weights)) == pytest.approx(gwet_by_loops(ratings, weights), abs=1e-12)


def gwet_by_loops(ratings: Floats, weights: Floats) -> float:
    """Gwet (2014, chapter 2) read off literally: items one by one, pairs of ratings one by one."""
    agreeing, shares = [], []
    for given in ratings:
        own = [int(rating) - 1 for rating in given if not np.isnan(rating)]
        pairs = [weights[a, b] for i, a in enumerate(own) for j, b in enumerate(own) if i != j]
        agreeing += [sum(pairs) / len(pairs)] if pairs else []
        shares += [[own.count(category) / len(own) for category in range(3)]] if own else []
    expected = weights.sum() / 6 * sum(p * (1 - p) for p in np.mean(shares, axis=0))
    return float((np.mean(agreeing) - expected) / (1 - expected))


@pytest.mark.parametrize("seed", range(10))
def test_gwet_by_loops_on_random_ratings_with_gaps(seed: int) -> None:
    ratings = random_ratings(seed)
    counts = agreement.table(ratings, [1, 2, 3])
    for weights in (agreement.identity_weights(3), agreement.linear_weights(3)):
        assert value(agreement.gwet_ac(counts, weights)) == pytest.approx(gwet_by_loops(ratings, weights), abs=1e-12)


def test_ratings_that_are_all_the_same_have_a_stated_result() -> None:
    same = np.full((5, 3), 2.0)
    counts = agreement.table(same, [1, 2, 3])
    identity = agreement.identity_weights(3)
    assert agreement.raw_agreement(counts) == Coefficient(1.0, 5)
    assert agreement.gwet_ac(counts, identity) == Coefficient(1.0, 5)
    undefined = Coefficient(None, 5, ALL_EQUAL)
    assert agreement.fleiss_kappa(counts) == undefined
    assert agreement.krippendorff_alpha(counts, ordinal=True) == undefined
    assert agreement.krippendorff_alpha(counts, ordinal=False) == undefined
    assert agreement.cohen_kappa(same[:, 0], same[:, 1], [1, 2, 3], identity) == undefined


def test_ratings_that_nobody_shares() -> None:
    alone = np.array([[1.0, NONE], [NONE, 2.0], [NONE, NONE]])
    counts = agreement.table(alone, [1, 2, 3])
    identity = agreement.identity_weights(3)
    nothing = Coefficient(None, 0, NO_ITEMS)
    assert agreement.raw_agreement(counts) == nothing
    assert agreement.fleiss_kappa(counts) == nothing
    assert agreement.krippendorff_alpha(counts, ordinal=True) == nothing
    assert agreement.gwet_ac(counts, identity) == nothing
    assert agreement.cohen_kappa(alone[:, 0], alone[:, 1], [1, 2, 3], identity) == Coefficient(
        None, 0, "not defined: no item was rated by both"
    )
    assert agreement.fleiss_kappa(counts[:0]) == nothing


def test_fleiss_interval_is_of_the_items_that_its_value_is_of() -> None:
    """Two annotators rate 100 contexts, a third 30 of them or fewer: the others are no part of the coefficient."""
    rated = np.random.default_rng(0).integers(1, 4, (3, 100, 1)).astype(float)
    rated[2, 30:] = NONE
    enough = _fleiss(rated)
    assert enough.items == 30
    assert enough.low is not None
    rated[2, 29:] = NONE
    few = _fleiss(rated)
    assert (few.items, few.low, few.high) == (29, None, None)


def _fleiss(rated: Floats) -> Agreed:
    """Of ``rated`` (annotators, contexts, 1)."""
    criterion = Criterion("readability", "", "", {1: "", 2: "", 3: ""}, ordinal=True)
    contexts = tuple(f"c{number}" for number in range(rated.shape[1]))
    values = {showing: {criterion.name: rated} for showing in (1, 2)}
    found = agreements(
        Ratings((criterion,), (1, 2, 3), contexts, ("one",), values), HumanEvalScoreConfig(resamples=100)
    )
    return next(one for one in found if (one.between, one.statistic) == ("all", "fleiss_kappa"))
