"""Split sizes and who is in which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.steps.splits import TEST, TRAIN, VALID, Sizes, assign, counted, sizes
from pwae_core.errors import ConfigError, EmptyResultError


@pytest.mark.parametrize(
    ("sessions", "settings", "expected"),
    [
        (336_342, {}, (326_342, 5_000, 5_000)),
        (100_000, {}, (90_000, 5_000, 5_000)),
        (99_999, {}, (90_001, 4_999, 4_999)),
        (3, {}, (1, 1, 1)),
        (100, {"valid": 0.1, "test": 25}, (65, 10, 25)),
        (100, {"valid": 0, "test": 0}, (100, 0, 0)),
    ],
)
def test_sizes(sessions, settings, expected):
    found = sizes(sessions, PreprocessConfig.make(settings))
    assert (found.train, found.valid, found.test) == expected


def test_the_rule_says_why():
    assert sizes(100, PreprocessConfig()).rule == (
        "valid: 5% of the sessions, as 5,000 would be more; test: 5% of the sessions, as 5,000 would be more"
    )
    assert sizes(100, PreprocessConfig.make({"valid": 0.1, "test": 7})).rule == "valid: 0.1 of the sessions; test: 7"


def test_sizes_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(ConfigError, match=r"leave nothing to train on \(sessions: 100\)"):
        sizes(100, PreprocessConfig.make({"valid": 60, "test": 40}))
    with pytest.raises(EmptyResultError, match=r"2 sessions are too few .* --valid 0 --test 0"):
        sizes(2, PreprocessConfig())


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(0, 10), st.integers(0, 10))
def test_sizes_are_exact_and_the_smallest_numbers_are_held_out_even_with_ties(numbers, valid, test):
    if valid + test > len(numbers):
        return
    split = assign(np.array(numbers, np.uint64), Sizes(len(numbers) - valid - test, valid, test, ""))
    assert [int((split == one).sum()) for one in (TRAIN, VALID, TEST)] == [len(numbers) - valid - test, valid, test]
    ranked = sorted(range(len(numbers)), key=lambda i: (numbers[i], i))
    assert all(split[i] == TEST for i in ranked[:test])
    assert all(split[i] == VALID for i in ranked[test : test + valid])


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(0, 8), st.integers(0, 8))
def test_whole_groups_stay_together_and_reach_their_sizes(numbers, valid, test):
    wanted = Sizes(0, valid, test, "")
    split = assign(np.array(numbers, np.uint64), wanted, whole=True)
    of_group = {number: {int(one) for one, n in zip(split, numbers, strict=True) if n == number} for number in numbers}
    assert all(len(found) == 1 for found in of_group.values())
    largest = max((numbers.count(number) for number in numbers), default=0)
    counts = [int((split == one).sum()) for one in (TRAIN, VALID, TEST)]
    assert min(test, len(numbers)) <= counts[2] < test + max(largest, 1)
    assert min(valid, len(numbers) - counts[2]) <= counts[1] < valid + max(largest, 1)
    shuffled = list(range(len(numbers)))[::-1]
    again = assign(np.array([numbers[place] for place in shuffled], np.uint64), wanted, whole=True)
    assert again.tolist() == [int(split[place]) for place in shuffled]


def test_whole_groups_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(ConfigError, match="leave no session to train on"):
        counted(np.full(3, TEST, np.uint8), Sizes(2, 0, 1, ""))
    assert counted(np.array([TRAIN, TEST, TEST], np.uint8), Sizes(2, 0, 1, "rule")) == Sizes(1, 0, 2, "rule")
