"""Sentences as integers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pwae_core.metrics.sentences import Pairs, compare, encode

REFERENCES = [[["a", "b"], ["c"]], [["b"]]]
RESPONSES = [[["b", "b", "d"], []], [["a"], ["d", "b"]]]


def pairs() -> Pairs:
    return encode(pa.chunked_array([REFERENCES]), pa.chunked_array([RESPONSES[:1], RESPONSES[1:]]))


def test_encode_numbers_the_types_as_they_come() -> None:
    made = pairs()
    assert made.types.to_pylist() == ["a", "b", "c", "d"]
    assert made.references.ids.tolist() == [0, 1, 2, 1]
    assert made.references.offsets.tolist() == [0, 2, 3, 4]
    assert made.references.firsts.tolist() == [0, 2, 3]
    assert made.hypotheses.ids.tolist() == [1, 1, 3, 0, 3, 1]
    assert made.hypotheses.lengths.tolist() == [3, 0, 1, 2]
    assert made.hypotheses.contexts.tolist() == [0, 0, 1, 1]
    assert made.hypotheses.owners.tolist() == [0, 0, 0, 2, 3, 3]


def test_encode_reads_slices() -> None:
    column = pa.chunked_array([pa.array([[["x"]], *RESPONSES])]).slice(1)
    assert encode(pa.chunked_array([REFERENCES]), column).hypotheses.offsets.tolist() == [0, 3, 3, 4, 6]


def test_keep_and_drop_empty() -> None:
    without_b = pairs().hypotheses.keep(np.array([True, False, True, True]))
    assert without_b.ids.tolist() == [3, 0, 3]
    assert without_b.lengths.tolist() == [1, 0, 1, 1]
    only_c = pairs().references.keep(np.array([False, False, True, False])).drop_empty()
    assert only_c.lengths.tolist() == [1]
    assert only_c.firsts.tolist() == [0, 1, 1]


def test_slice_is_a_whole_of_its_own() -> None:
    second = pairs().hypotheses.slice(1, 2)
    assert second.ids.tolist() == [0, 3, 1]
    assert second.offsets.tolist() == [0, 1, 3]
    assert second.firsts.tolist() == [0, 2]


def test_every_reference_meets_every_hypothesis_of_its_context() -> None:
    made = pairs()
    met = compare(made.hypotheses, made.references)
    assert met.hypothesis.tolist() == [0, 1, 0, 1, 2, 3]
    assert met.reference.tolist() == [0, 0, 1, 1, 2, 2]
    assert met.reduce(np.maximum, np.array([1, 2, 5, 0, 7, 3]), -1).tolist() == [5, 2, 7, 3]
    nobody = compare(made.hypotheses, made.references.keep(np.zeros(4, bool)).drop_empty())
    assert nobody.reduce(np.maximum, np.zeros(0), -1.0).tolist() == [-1, -1, -1, -1]


def test_scores_by_context() -> None:
    assert pairs().by_context(np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [[1, 2], [3, 4]]
