"""Speaker identification, own words, swaps and likelihoods, on planted users and by hand."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from pwae_core import __version__
from pwae_core.metrics import persona
from pwae_core.metrics.persona import Likelihoods, Own, Swap
from pwae_core.metrics.speakers import accuracy_by_chance, learn, words_and_pairs
from pwae_core.metrics.table import Scores

HABITS = ("honestly", "darling", "indeed", "cheers")


def said(user: int, count: int, seed: int) -> list[list[str]]:
    """Utterances of random words, everybody's the same, with the user's habit in half of them."""
    chance = random.Random(seed)
    return [chance.choices("abcdefghij", k=4) + [HABITS[user]] * (number % 2 == 0) for number in range(count)]


def trained(seed: int = 0):
    utterances = [one for user in range(4) for one in said(user, 60, user)]
    return learn(utterances, np.repeat(np.arange(4), 60), seed)


def test_tells_users_apart_by_their_habit_and_guesses_without_it() -> None:
    speakers = trained()
    fresh = [said(user, 100, 50 + user) for user in range(4)]
    found = [speakers.identify(utterances) for utterances in fresh]
    assert all((own[::2] == user).mean() > 0.98 for user, own in enumerate(found))
    assert np.mean([(own[1::2] == user).mean() for user, own in enumerate(found)]) == pytest.approx(0.25, abs=0.1)
    assert speakers.identify([]).tolist() == []
    assert speakers.classes == 4


def test_users_who_said_more_are_not_found_more() -> None:
    """Nobody has a habit, one user said ten times as much: a rule that ignores the words would always say that one."""
    chance = random.Random(1)
    utterances = [chance.choices("abcdefghij", k=5) for _ in range(550)]
    speakers = learn(utterances, np.array([0] * 500 + [1] * 50), 0)
    found = speakers.identify([chance.choices("abcdefghij", k=5) for _ in range(400)])
    assert 0.2 < (found == 1).mean() < 0.8


def test_words_and_pairs_with_borders() -> None:
    assert words_and_pairs(["a", "b"]) == ["a", "b", "<s>\na", "a\nb", "b\n</s>"]
    assert words_and_pairs([]) == ["<s>\n</s>"]


def test_chance_is_what_the_frequencies_give() -> None:
    """Found 3/4 and 1/4, true 1/2 and 1/2: 3/8 + 1/8."""
    assert accuracy_by_chance(np.array([0, 0, 0, 1]), np.array([0, 1, 0, 1]), 3) == pytest.approx(0.5)


def test_own_words_by_hand() -> None:
    """a b c: user 0 has a and b; of the two others one has a: (1/3 + 0) / 2."""
    own = Own([frozenset("ab"), frozenset("ax"), frozenset("yz")])
    assert own.overlaps([["a", "b", "c", "a"]], 0) == pytest.approx((2 / 3, 1 / 6))
    assert own.overlaps([["a", "b", "c"], []], 0) == pytest.approx((1 / 3, 1 / 12))
    assert own.overlaps([["q"]], 1) == (0, 0)


def test_answers_are_scored_by_context() -> None:
    own = Own([frozenset({habit}) for habit in HABITS])
    answers = [[["darling"], ["cheers"]], [["cheers"], ["cheers", "cheers"]], [["honestly"], ["honestly"]]]
    users, heard = np.array([1, 3, 2]), np.array([True, False, False])
    made = persona.score_answers(answers, users, heard, trained(), own)
    assert made.contexts["Speaker-Accuracy"].tolist() == [0.5, 1, 0]
    assert np.isnan(made.contexts["Speaker-Accuracy-Unheard"][0])
    assert made.contexts["Speaker-Accuracy-Unheard"][1:].tolist() == [1, 0]
    assert made.contexts["Own-Words"].tolist() == [0.5, 1, 0]
    assert made.contexts["Others-Words"] == pytest.approx([1 / 6, 0, 1 / 3])
    shares = [2 / 6, 1 / 6, 0, 3 / 6]
    assert made.corpus["Speaker-By-Chance"] == pytest.approx(sum(s / 3 for s in (shares[1], shares[2], shares[3])))
    everybody = persona.score_answers(answers, users, np.ones(3, bool), trained(), own)
    assert "Speaker-Accuracy-Unheard" not in everybody.contexts


def test_distance_of_two_answers() -> None:
    assert persona.distance(["a", "b"], ["b", "a"]) == 0
    assert persona.distance(["a"], ["b", "c"]) == 1
    assert persona.distance(["a", "a", "b"], ["a"]) == pytest.approx(0.5)
    assert persona.distance([], []) == 0


def test_swaps_by_hand() -> None:
    true = [[["a", "darling"], ["b"]], [["cheers"], ["cheers"]]]
    other = [[["a", "cheers"], ["b"]], [["cheers"], ["cheers"]]]
    noise = [[["b"], ["b"]], [["cheers"], ["cheers"]]]
    made = persona.score_swap(Swap(true, noise, other, np.array([1, 3]), np.array([3, 0])), trained()).contexts
    assert made["Swap-Changed"].tolist() == [0.5, 0]
    assert made["Swap-Distance"].tolist() == [0.25, 0]
    assert made["Noise-Distance"].tolist() == [0.5, 0]
    assert made["Swap-Followed"][1] == 0
    assert made["Swap-Stayed"][1] == 1
    assert made["Swap-Followed"][0] >= 0.5


def test_likelihoods_by_hand() -> None:
    """Two tokens: others cost 2 and 4 nats more, so 1.5 a token; the second context knows no user."""
    known = Likelihoods(np.array([[6.0, 8, 10], [4, 4, 4]]), np.array([[2.0, 1, 2], [2, 2, 2]]), np.array([2, 4]))
    made = persona.score_likelihoods(known)
    assert made.contexts["Likelihood-Gain"].tolist() == [1.5, 0]
    assert made.contexts["Likelihood-Wins"].tolist() == [1, 0.5]
    assert made.contexts["Likelihood-Gain-Posterior"].tolist() == [-0.25, 0]
    assert made.corpus == pytest.approx({"Perplexity-Prior": math.exp(10 / 6), "Perplexity-Posterior": math.exp(4 / 6)})


def test_totals_have_intervals_and_signatures() -> None:
    values = np.array([0.0, 1, np.nan, 1])
    (many,) = persona.totals(Scores({"Speaker-Accuracy": np.tile(values, 11)}, {}), {}, 50, 3).values()
    assert many.low is not None
    assert many.high is not None
    assert many.low < 2 / 3 < many.high
    made = persona.totals(Scores({"Speaker-Accuracy": values}, {"Speaker-By-Chance": 0.1}), {"clf": "x"}, 50, 3)
    assert list(made) == ["Speaker-Accuracy", "Speaker-By-Chance"]
    accuracy, chance = made.values()
    assert (accuracy.value, accuracy.contexts) == (pytest.approx(2 / 3), 3)
    assert accuracy.low is None
    assert accuracy.signature == f"Speaker-Accuracy|clf:x|bs:50|seed:3|v:{__version__}"
    assert (chance.value, chance.low) == (0.1, None)
