"""tf-idf, idf and dull responses, worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from pwae_core.data.sessions import Ragged
from pwae_core.data.statistics import dull_responses, inverse_frequencies, personal_words


def ragged(*lists: list[int]) -> Ragged:
    ends = np.cumsum([0, *map(len, lists)])
    return Ragged(np.array([n for one in lists for n in one], dtype=np.int32), ends)


def test_personal_words_are_those_that_others_say_less() -> None:
    """User 1 says word 4 three times and 5 once, user 2 says 5 and 6: word 5 is everybody's, so nobody's own."""
    users = np.array([1, 2, 1])
    found = personal_words(users, ragged([4, 4, 5], [5, 6, 1], [4]), user_count=4, vocabulary_size=8, size=2)
    assert found.ids.tolist() == [[0, 0], [4, 0], [6, 0], [0, 0]]
    assert found.weights.tolist() == [[0, 0], [1, 0], [1, 0], [0, 0]]


def test_personal_words_are_weighted_by_tf_idf_and_the_best_are_kept() -> None:
    """Three users; word 4 is said by two of them, 5, 6 and 7 by one."""
    found = personal_words(np.array([1, 2, 3]), ragged([4, 4, 4, 5, 6, 6], [4], [7]), 4, 8, size=2)
    scores = np.array([2 * log(3), 3 * log(3 / 2)])
    assert found.ids[1].tolist() == [6, 4]
    assert found.weights[1] == pytest.approx(scores / scores.sum())


def test_idf_lies_between_everywhere_and_once() -> None:
    idf = inverse_frequencies(ragged([4, 5], [4, 4], [4, 6], [4, 6]), 8)
    assert idf == pytest.approx([0, 0, 0, 0, 0, 1, 0.5, 1])


def test_dull_responses_are_the_most_frequent() -> None:
    dull = dull_responses(ragged([5], [4, 6, 7], [4, 6, 7], [5], [5], [8]), 2, 2)
    assert dull.tolist() == [[5, 0], [4, 6]]
    assert dull_responses(ragged([5]), 2, 2).tolist() == [[5, 0], [0, 0]]
