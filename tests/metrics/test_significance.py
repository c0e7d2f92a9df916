"""Paired tests: against enumeration in fractions, scipy, under the null, with planted differences; Holm by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from statistics import mean

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from pwae_core.metrics import comparisons
from pwae_core.metrics.bootstrap import FEWEST, resampled_means
from pwae_core.metrics.comparisons import Comparison, compare
from pwae_core.metrics.sentences import encode
from pwae_core.metrics.significance import EXACT, Outcome, bootstrap_p, holm, randomisation_test, spread
from pwae_core.metrics.table import BLEU, METRICS, Scores, harmonic_mean, score

Rows = Sequence[tuple[int, ...]]
"""Scores in thirtieths, which no float holds."""


def column(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, float)[:, None, None]


def outcome(one: np.ndarray, two: np.ndarray, trials: int = 20_000, seed: int = 1) -> Outcome:
    return randomisation_test(column(one), column(two), trials, seed)


def randomised(one: np.ndarray, two: np.ndarray, trials: int = 20_000, seed: int = 1) -> float:
    return outcome(one, two, trials, seed).p


def bootstrapped(one: np.ndarray, two: np.ndarray, trials: int = 20_000, seed: int = 1) -> float:
    means = resampled_means(np.column_stack([one, two]), trials, seed)
    return bootstrap_p(means[:, 0] - means[:, 1], column(one), column(two), float(np.mean(one) - np.mean(two)))


def f1(means: np.ndarray) -> np.ndarray:
    return harmonic_mean(means[..., 0], means[..., 1])


def exact_p(one: Rows, two: Rows) -> Fraction:
    """By all swaps of the contexts that differ, exactly: of the mean, or of F1 where a row has two numbers."""
    pairs = list(zip(one, two, strict=True))
    fixed, different = ([pair for pair in pairs if (pair[0] == pair[1]) == same] for same in (True, False))
    start = [sum(row[column] for row, _ in fixed) for column in range(len(one[0]))]

    def total(rows: Rows) -> Fraction:
        sums = [sum((row[column] for row in rows), begun) for column, begun in enumerate(start)]
        return Fraction(sums[0]) if len(sums) == 1 else Fraction(2 * sums[0] * sums[1], sum(sums))

    def size(swaps: Sequence[int]) -> Fraction:
        sides = [pair[::-1] if swap else pair for pair, swap in zip(different, swaps, strict=True)]
        return abs(total([first for first, _ in sides]) - total([second for _, second in sides]))

    ways = list(product((0, 1), repeat=len(different)))
    return Fraction(sum(size(way) >= size(ways[0]) for way in ways), len(ways))


def planted(generator: np.random.Generator, contexts: int, differing: int, columns: int) -> tuple[Rows, Rows]:
    """Scores that are equal but in ``differing`` contexts, whose differences often tie."""
    numbers = generator.integers(1, 31, size=(contexts, columns))
    moved = numbers.copy()
    places = generator.permutation(contexts)[:differing]
    moved[places] += generator.choice([1, 2, 3], size=(len(places), columns))
    turned = generator.random(contexts) < 0.5
    numbers[turned], moved[turned] = moved[turned], numbers[turned]
    one, two = ([tuple(row) for row in part.tolist()] for part in (numbers, moved))
    return one, two


def floats(rows: Rows) -> np.ndarray:
    """(contexts, 1 seed, columns)."""
    return np.array(rows)[:, None] / 30


@pytest.mark.parametrize("contexts", [1, 2, 5, 40, 700, 5_000])
def test_the_p_value_is_that_of_all_swaps_where_few_contexts_differ(contexts: int) -> None:
    generator = np.random.default_rng(contexts)
    for differing, columns, _ in product(range(min(7, contexts + 1)), (1, 2), range(4)):
        one, two = planted(generator, contexts, differing, columns)
        found = randomisation_test(floats(one), floats(two), 100, 1, f1 if columns == 2 else lambda m: m[..., 0])
        assert found.p == exact_p(one, two)
        assert (found.contexts, found.differing, found.exact) == (contexts, differing, True)


def test_one_to_three_differing_contexts_of_many_by_hand() -> None:
    """All differences alike: only none and all swapped reach the observed one, so p is 2 / 2 ** k, at most 1."""
    generator = np.random.default_rng(3)
    scores = generator.random(5_000)
    for differing, p in ((0, 1.0), (1, 1.0), (2, 0.5), (3, 0.25), (6, 1 / 32)):
        other = scores.copy()
        other[100 : 100 + differing] += 0.1
        assert randomised(other, scores) == p


@pytest.mark.parametrize("samples", [1, 10])
@pytest.mark.parametrize("differing", [0, 1, 3, 6])
def test_of_texts_that_differ_in_few_contexts_only_those_count(samples: int, differing: int) -> None:
    """The same answers in another order have the same scores but for rounding: such contexts do not differ."""
    generator = np.random.default_rng(samples)
    words = [f"w{n}" for n in range(40)]

    def sentence() -> list[str]:
        return generator.choice(words, generator.integers(1, 9)).tolist()

    contexts = 300
    references = [[sentence()] for _ in range(contexts)]
    answers = [[sentence() for _ in range(samples)] for _ in range(contexts)]
    others = [[own[place] for place in generator.permutation(samples)] for own in answers]
    for place in range(differing):
        others[place][0] = references[place][0]
    one, two = (
        score(encode(pa.chunked_array([references]), pa.chunked_array([given])), 3, "nltk-current")
        for given in (others, answers)
    )
    found = {made.metric: made for made in compare({"one": [one], "two": [two]}, "two", 500, 1)}
    for metric in BLEU:
        assert found[metric].differing <= differing
        assert found[metric].randomisation == 2 / 2 ** max(found[metric].differing, 1), metric
    assert found["BLEU-Precision"].differing == differing


def test_float32_noise_is_no_difference() -> None:
    """Cosines of one answer differ by some 1e-8, from one matrix product to another."""
    generator = np.random.default_rng(1)
    scores = generator.random(5_000)
    noisy = scores + generator.normal(0, 3e-8, 5_000)
    assert outcome(noisy, scores) == Outcome(1.0, 5_000, 0, True)
    assert bootstrapped(noisy, scores, 2_000) == 1
    noisy[7] += 0.2
    assert outcome(noisy, scores) == Outcome(1.0, 5_000, 1, True)
    drawn_once = scipy.stats.binom(5_000, 1 / 5_000).pmf(1)
    assert bootstrapped(noisy, scores, 5_000) == pytest.approx(1 - drawn_once, abs=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_randomisation_equals_the_exact_permutation_test_of_scipy(seed: int) -> None:
    generator = np.random.default_rng(seed)
    one, two = generator.normal(0.4, 1, 10), generator.normal(0, 1, 10)
    exact = scipy.stats.permutation_test(
        (one, two), lambda a, b: np.mean(a) - np.mean(b), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert randomised(one, two) == pytest.approx(exact, abs=1e-12)


def test_random_swaps_come_near_the_exact_p() -> None:
    generator = np.random.default_rng(4)
    differences = generator.choice([-2, -1, 1, 2, 3], EXACT + 1) / 3
    ways = np.array(list(product((-1, 1), repeat=len(differences)))) @ differences
    exact = float((np.abs(ways) >= abs(differences.sum()) - 1e-9).mean())
    assert 0.01 < exact < 0.99
    found = outcome(differences, np.zeros(EXACT + 1), 10_000)
    assert not found.exact
    assert found.p != exact
    assert found.p == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 10_000) ** 0.5)
    assert randomised(np.ones(50), np.zeros(50), 999) == 1 / 1_000


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


def test_contexts_without_a_score_are_left_out() -> None:
    """Of the differences -1 and 2 half of the swaps reach 1 in size, and so do the others, which reach 3."""
    found = outcome(np.array([1.0, np.nan, 4.0, 3.0]), np.array([2.0, 5.0, 2.0, np.nan]))
    assert found == Outcome(1.0, 2, 2, True)
    assert outcome(np.array([np.nan]), np.array([1.0])) == Outcome(1.0, 0, 0, True)


def test_seeds_are_swapped_together_in_every_pair() -> None:
    """Two seeds against one, three contexts: enumerated pair by pair, whole contexts at once."""
    generator = np.random.default_rng(6)
    one, two = generator.random((3, 2, 2)), generator.random((3, 1, 2))

    def difference(swaps: Sequence[int]) -> float:
        pairs = []
        for seed in range(2):
            own = np.array([two[i, 0] if swap else one[i, seed] for i, swap in enumerate(swaps)]).mean(axis=0)
            other = np.array([one[i, seed] if swap else two[i, 0] for i, swap in enumerate(swaps)]).mean(axis=0)
            pairs.append(2 * own.prod() / own.sum() - 2 * other.prod() / other.sum())
        return abs(float(np.mean(pairs)))

    ways = [difference(way) for way in product((0, 1), repeat=3)]
    p = mean(way >= ways[0] - 1e-12 for way in ways)
    assert randomisation_test(one, two, 10, 1, f1) == Outcome(p, 3, 3, True)
    assert randomisation_test(two, one, 10, 1, f1) == Outcome(p, 3, 3, True)


def test_holm_by_hand() -> None:
    """Sorted .01 .02 .03 .04 times 4 3 2 1: .04 .06 .06 .04; none below the one before: .04 .06 .06 .06."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_holm_as_in_statsmodels() -> None:
    ps = np.random.default_rng(1).random(28) ** 3
    assert holm(list(ps)) == pytest.approx(multipletests(ps, method="holm")[1], abs=1e-12)


def test_spread_of_seeds() -> None:
    made = spread([1.0, 2.0, 4.0])
    assert (made.mean, made.deviation, made.seeds) == pytest.approx((7 / 3, (7 / 3) ** 0.5, 3))


def scores(recall: np.ndarray, precision: np.ndarray) -> Scores:
    return Scores({"BLEU-Recall": recall, "BLEU-Precision": precision, "Length": recall * 0 + 4}, {"Distinct-1": 0.5})


def f1_of(one: Scores) -> float:
    r, p = (float(one.contexts[name].mean()) for name in BLEU[:2])
    return 2 * r * p / (r + p)


def test_systems_against_a_base() -> None:
    generator = np.random.default_rng(1)
    recall = generator.random(300)
    base = scores(recall, recall / 2)
    better = scores(recall + generator.random(300) / 5, recall / 2 + generator.random(300) / 5)
    alike = scores(generator.permutation(recall), generator.permutation(recall / 2))
    made = compare({"better": [better], "base": [base], "alike": [alike]}, "base", 999, 7)
    assert [(one.system, one.metric) for one in made] == [
        (system, metric) for system in ("better", "alike") for metric in (*BLEU, "Length")
    ]
    assert [METRICS.index(one.metric) for one in made[:4]] == sorted(METRICS.index(one.metric) for one in made[:4])
    f1 = made[2]
    assert f1.difference == pytest.approx(f1_of(better) - f1_of(base))
    assert f1.low is not None
    assert f1.high is not None
    assert 0 < f1.low < f1.difference < f1.high
    assert (f1.bootstrap, f1.randomisation) == (0.001, 0.001)
    assert f1.randomisation_holm == pytest.approx(0.006), "6 tests in the family of Table 2's columns"
    assert all(one.randomisation_holm > 0.05 for one in made[4:])
    assert (made[3].difference, made[3].randomisation, made[3].bootstrap) == (0, 1, 1)
    assert f1.signature.startswith("BLEU-F1|contexts:300|differ:300|swaps:999|bs:999|seed:7|v:")
    assert made[3].signature.startswith("Length|contexts:300|differ:0|swaps:all-1|bs:999|seed:7|v:")


def test_of_few_contexts_the_exact_test_alone_is_told() -> None:
    generator = np.random.default_rng(1)
    one, two = (scores(*generator.random((2, FEWEST - 1))) for _ in range(2))
    for made in compare({"one": [one], "two": [two]}, "two", 99, 7):
        assert (made.low, made.high, made.bootstrap, made.bootstrap_holm) == (None, None, None, None)
        assert 0 < made.randomisation <= made.randomisation_holm <= 1
        assert "|bs:" not in made.signature
    (made, *_) = compare(
        {"one": [scores(np.ones(3), np.ones(3))], "two": [scores(np.zeros(3), np.ones(3))]}, "two", 9, 7
    )
    assert made.randomisation == 2 / 8
    assert made.signature.startswith("BLEU-Recall|contexts:3|differ:3|swaps:all-8|v:")


def test_the_difference_of_seeds_is_that_of_their_means() -> None:
    """F1 too: the mean over seeds of each seed's F1, not the F1 of the seeds' mean recall and precision."""
    generator = np.random.default_rng(2)
    runs = [scores(0.1 + generator.random(50), generator.random(50) / (seed + 1)) for seed in range(3)]
    base = [scores(generator.random(50), generator.random(50) / 3) for _ in range(2)]
    made: dict[str, Comparison] = {one.metric: one for one in compare({"A": runs, "B": base}, "B", 200, 7)}
    expected = mean(map(f1_of, runs)) - mean(map(f1_of, base))
    assert made["BLEU-F1"].difference == pytest.approx(expected, abs=1e-12)
    pooled = [scores(*(np.mean([r.contexts[m] for r in some], axis=0) for m in BLEU[:2])) for some in (runs, base)]
    assert abs(expected - (f1_of(pooled[0]) - f1_of(pooled[1]))) > 0.001
    recall = mean(r.contexts["BLEU-Recall"].mean() for r in runs) - mean(r.contexts["BLEU-Recall"].mean() for r in base)
    assert made["BLEU-Recall"].difference == pytest.approx(recall)
    low, high = made["BLEU-F1"].low, made["BLEU-F1"].high
    assert low is not None
    assert high is not None
    assert low < expected < high


def test_the_families_are_the_tables_that_are_printed() -> None:
    together = [metric for family in comparisons.FAMILIES for metric in family]
    assert sorted(together) == sorted(metric for metric in METRICS if not metric.startswith("Distinct"))


def lacking(values: Sequence[float], metric: str = "Speaker-Accuracy") -> Scores:
    return Scores({metric: np.asarray(values, float)}, {})


def test_a_difference_is_of_the_contexts_that_both_systems_have() -> None:
    """Where B alone is scored, it says nothing of A, neither for the difference nor for its interval."""
    nan = float("nan")
    both = {"A": [lacking([1.0] * 30 + [nan] * 30)], "B": [lacking([0.9] * 30 + [10.0] * 30)]}
    (found,) = compare(both, "A", 500, 7)
    assert found.difference == pytest.approx(-0.1)
    assert found.high == pytest.approx(-0.1)
    assert found.contexts == found.differing == 30
    shared = {name: [lacking(own[0].contexts["Speaker-Accuracy"][:30])] for name, own in both.items()}
    assert found.randomisation == compare(shared, "A", 500, 7)[0].randomisation


def test_a_difference_is_of_the_contexts_that_every_seed_has() -> None:
    nan = float("nan")
    systems = {"A": [lacking([1.0] * 40 + [nan] * 20), lacking([3.0] * 40 + [9.0] * 20)], "B": [lacking([1.5] * 60)]}
    (found,) = compare(systems, "B", 500, 7)
    assert found.difference == pytest.approx(0.5)
    assert found.contexts == 40


def test_systems_without_a_shared_context_are_not_compared() -> None:
    nan = float("nan")
    apart = {"A": [lacking([1.0, nan]), lacking([nan, 1.0])], "B": [lacking([0.5, 0.5])]}
    assert compare(apart, "A", 100, 7) == []
