"""The sliding window against the hand formula and a plain loop; ordering and merging of rows."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.engine.job import ROWS
from pwae_core.corpus.steps.arrange import in_line, merged, ordered
from pwae_core.corpus.steps.windows import Places, session_ids, window_ends

LENGTHS = st.lists(st.integers(1, 12), max_size=20)


def places(lengths: list[int]) -> Places:
    """Conversations of these lengths, one after another."""
    ordinals = np.array([turn for length in lengths for turn in range(length)], np.int64)
    return Places(ordinals, np.repeat(np.array(lengths, np.int64), lengths), (ordinals > 0).astype(np.int64))


@given(LENGTHS, st.integers(2, 5), st.integers(1, 4), st.integers(1, 6))
def test_window_counts_equal_the_formula(lengths, window, stride, min_turns):
    config = PreprocessConfig.make({"window": window, "stride": stride, "min_turns": min_turns})
    ends = window_ends(places(lengths), config)
    expected = [(n - window) // stride + 1 for n in lengths if n >= max(window, min_turns)]
    assert len(ends) == sum(expected)


def test_windows_stay_inside_their_conversation():
    found = places([2, 4, 1, 3])
    ends = window_ends(found, PreprocessConfig())
    assert found.members(ends, 3).tolist() == [[2, 3, 4], [3, 4, 5], [7, 8, 9]]


def test_places_of_rows_in_a_line():
    table = in_line(rows(("a", 3, "u", "", 1), ("a", 5, "u", "", 1), ("b", 0, "u", "", 2), ("c", 0, "u", "", 3)))
    assert [table[name].to_pylist() for name in ("ordinal", "length", "back")] == [
        [0, 1, 0, 0],
        [2, 2, 1, 1],
        [0, 1, 0, 0],
    ]


def test_session_ids():
    assert session_ids(pa.array(["a", "b#1"]), np.array([0, 12])).to_pylist() == ["a#0", "b#1#12"]


def rows(*cells: tuple[str, int, str, str, int]) -> pa.Table:
    names = ("conversation_id", "turn", "user_id", "text", "key")
    return pa.Table.from_pylist([dict(zip(names, cell, strict=True)) for cell in cells], schema=ROWS)


def test_conversations_with_the_same_hash_are_kept_apart():
    table = rows(("b", 0, "u", "b0", 7), ("a", 1, "u", "a1", 7), ("b", 1, "u", "b1", 7), ("a", 0, "u", "a0", 7))
    assert ordered(table)["text"].to_pylist() == ["a0", "a1", "b0", "b1"]


def test_rows_are_ordered_by_hash_then_turn():
    table = rows(("a", 10, "u", "a10", 9), ("b", 3, "u", "b3", 2), ("a", -1, "u", "a-1", 9), ("b", 2, "u", "b2", 2))
    assert ordered(table)["text"].to_pylist() == ["b2", "b3", "a-1", "a10"]


def test_merging_joins_a_senders_run_and_never_two_conversations():
    table = rows(
        ("a", 0, "u", "one", 1), ("a", 1, "u", "two", 1), ("a", 2, "v", "three", 1), ("b", 0, "v", "four", 2)
    )  # fmt: skip
    result = merged(table)
    assert result["text"].to_pylist() == ["one two", "three", "four"]
    assert result["turn"].to_pylist() == [0, 2, 0]
    assert merged(table.slice(0, 0)).num_rows == 0
