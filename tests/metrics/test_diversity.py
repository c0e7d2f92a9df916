"""Distinct-n, counted by hand."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pwae_core.metrics.diversity import across, distinct, lengths, repeats, within
from pwae_core.metrics.sentences import Pairs, encode

TOKENS = pa.list_(pa.list_(pa.string()))


def pairs(*contexts: list[str]) -> Pairs:
    responses = pa.array([[text.split() for text in texts] for texts in contexts], TOKENS)
    return encode(pa.chunked_array([pa.array([[["r"]]] * len(contexts), TOKENS)]), pa.chunked_array([responses]))


def test_distinct_is_taken_over_one_answer_a_context_and_averaged() -> None:
    """First answers: a b | a b a -> 2 of 5 words, ab, ba of 3 pairs. Second: c | c -> 1 of 2 words, no pairs: 0."""
    made = pairs(["a b", "c"], ["a b a", "c"])
    assert distinct(made, 1) == pytest.approx((2 / 5 + 1 / 2) / 2)
    assert distinct(made, 2) == pytest.approx((2 / 3 + 0) / 2)


def test_repeating_every_answer_changes_nothing() -> None:
    once, ten_times = pairs(["a b c"], ["a b"]), pairs(["a b c"] * 10, ["a b"] * 10)
    assert [distinct(once, 2), distinct(ten_times, 2)] == pytest.approx([2 / 3, 2 / 3])


def test_answers_without_tokens() -> None:
    made = pairs([""], [""])
    assert (distinct(made, 1), distinct(made, 2)) == (0, 0)
    assert lengths(pairs(["a b", ""])).tolist() == [2, 0]


def test_within_looks_at_one_answer_and_across_at_all_of_a_context() -> None:
    """a b a -> 2 of 3 words; ab ba -> 2 of 2 pairs. With a b: 2 of 5 words, ab ba of 3 pairs."""
    made = pairs(["a b a", "a b"], ["c", ""])
    assert within(made, 1).tolist() == pytest.approx([2 / 3, 1, 1, 0])
    assert within(made, 2).tolist() == pytest.approx([1, 1, 0, 0])
    assert across(made, 1).tolist() == pytest.approx([2 / 5, 1])
    assert across(made, 2).tolist() == pytest.approx([2 / 3, 0])


def test_an_answer_repeats_itself_when_a_pair_of_words_stands_twice() -> None:
    made = pairs(["a b c a b", "to to", "to to to", "a", "", "a b a"])
    assert repeats(made).tolist() == [1, 0, 1, 0, 0, 0]
    assert repeats(pairs(["a b", "a b"], ["a b", "b a"])).tolist() == [0, 0, 0, 0]
