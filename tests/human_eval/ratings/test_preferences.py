"""Win rates, intervals and sign tests: by hand, and against SciPy."""

from __future__ import annotations

import pytest
from forms import PAIRS
from scipy import stats

from pwae_core.config.human_eval import HumanEvalScoreConfig
from pwae_core.errors import ConfigError
from pwae_core.human_eval.ratings.key import KeyItem
from pwae_core.human_eval.ratings.latex import preferences_table
from pwae_core.human_eval.ratings.preferences import Preference, arrange_pairs, preferences, sign_test, wilson

QUICK = HumanEvalScoreConfig(resamples=200)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (5, 5), (9, 1), (30, 12), (3, 40)])
def test_the_sign_test_is_the_exact_binomial_one(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected)


@pytest.mark.parametrize(("wins", "contexts"), [(0, 5), (5, 5), (3, 10), (120, 200)])
def test_wilson_s_interval(wins: int, contexts: int) -> None:
    expected = stats.binomtest(wins, contexts).proportion_ci(0.95, "wilson")
    found = wilson(wins, contexts)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def judged(contexts: int, choices: dict[int, list[int]]) -> list[Preference]:
    """``choices``: by annotator, per context which side is better; "one" is first in even contexts, second in odd."""
    key, given = [], {}
    for annotator, own in choices.items():
        for number in range(contexts):
            sides = ("one", "two") if number % 2 == 0 else ("two", "one")
            item = KeyItem(annotator, f"{annotator} {number}", sides[0], f"c{number}", 1, sides[1])
            key.append(item)
            given[item.item_id, "better"] = own[number]
    return preferences(arrange_pairs(key, given, PAIRS.criteria), QUICK)


def test_sides_are_undone() -> None:
    """The first side in even contexts and the second in odd ones is always the same system."""
    better, person = judged(6, {1: [1, 2, 1, 2, 1, 2]})
    assert (better.system, better.other) == ("one", "two")
    assert (better.wins, better.ties, better.losses, better.win_rate, better.choices) == (6, 0, 0, 1.0, 6)
    assert (better.interval, better.high) == ("wilson", 1.0)
    assert better.p == better.p_holm == 2 / 2**6
    assert (person.win_rate, person.p, person.interval, person.choices) == (None, None, "none", 0)


def test_ties_and_divided_annotators_count_half() -> None:
    better, _ = judged(4, {1: [1, 0, 2, 1], 2: [1, 0, 1, 1]})
    assert (better.wins, better.ties, better.losses) == (1, 2, 1)
    assert better.win_rate == (1 + 0.5 + 0.5 + 0) / 4
    assert (better.interval, better.low) == ("none", None), "too few contexts for a bootstrap"
    assert better.p == 1.0
    better, _ = judged(40, {1: [1] * 40, 2: [0] * 40})
    assert better.interval == "bootstrap"
    assert better.low is not None
    assert better.high is not None
    assert better.win_rate is not None
    assert better.low < better.win_rate == 0.5 < better.high


def three_systems() -> list[KeyItem]:
    pairs = (("a", "b"), ("a", "ground-truth"), ("ground-truth", "b"))
    return [KeyItem(1, f"{one}{two}{n}", one, f"c{n}", 1, two) for n in range(8) for one, two in pairs]


def test_holm_over_the_pairs_of_a_criterion() -> None:
    key = three_systems()
    given = {(item.item_id, "better"): 1 for item in key if item.system == "a"}
    given |= {(item.item_id, "better"): 1 + int(item.item_id[-1]) % 2 for item in key if item.system != "a"}
    found = [one for one in preferences(arrange_pairs(key, given, PAIRS.criteria), QUICK) if one.criterion == "better"]
    assert [(one.system, one.other) for one in found] == [("a", "b"), ("a", "ground-truth"), ("b", "ground-truth")]
    assert [one.p for one in found] == [2 / 2**8, 2 / 2**8, 1.0]
    assert [one.p_holm for one in found] == [3 * 2 / 2**8, 3 * 2 / 2**8, 1.0]


def test_against_one_system_only() -> None:
    ratings = arrange_pairs(three_systems(), {("ab0", "better"): 1}, PAIRS.criteria)
    found = preferences(ratings, HumanEvalScoreConfig(against="b", resamples=10))
    assert {(one.system, one.other) for one in found} == {("a", "b"), ("b", "ground-truth")}
    with pytest.raises(ConfigError, match=r"^against: 'x' is not one of the systems: a, b, ground-truth\.$"):
        preferences(ratings, HumanEvalScoreConfig(against="x"))


def test_latex_has_no_p_of_0() -> None:
    better, _ = judged(40, {1: [1, 2] * 20})
    assert better.p == 2 / 2**40
    (row,) = [line for line in preferences_table([better]).splitlines() if "40/0/0" in line]
    assert row.endswith(r"& $<0.0001$ \\")
