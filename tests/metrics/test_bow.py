"""Similarity of bags of word vectors: by hand, and against a naive NumPy version."""

from __future__ import annotations

import math
import random

import numpy as np
import pyarrow as pa
import pytest

from pwae_core.metrics import bow
from pwae_core.metrics.sentences import Pairs, encode
from pwae_core.schemas import VECTORS

WORDS = {"x": [1.0, 0.0], "y": [0.0, 1.0], "z": [-3.0, 1.0], "d": [1.0, 1.0], "m": [-1.0, 0.0]}


def vectors(words: dict[str, list[float]], unknown: frozenset[str] = frozenset()) -> pa.Table:
    rows = [
        {"id": number, "token": word, "vector": vector, "known": word not in unknown}
        for number, (word, vector) in enumerate(words.items())
    ]
    return pa.Table.from_pylist(rows, schema=VECTORS)


def scored(references: list[str], responses: list[str], table: pa.Table | None = None) -> bow.BowScores:
    """One context, space-separated words."""
    pairs = encode(
        pa.chunked_array([pa.array([[r.split() for r in references]], pa.list_(pa.list_(pa.string())))]),
        pa.chunked_array([pa.array([[r.split() for r in responses]], pa.list_(pa.list_(pa.string())))]),
    )
    return bow.score(pairs, bow.for_types(pairs.types, vectors(WORDS) if table is None else table))


def test_average_is_the_cosine_of_sums() -> None:
    assert scored(["x"], ["x y", "y", "m", "x x x"]).average == pytest.approx([math.sqrt(0.5), 0, -1, 1])


def test_extrema_keeps_the_sign_of_what_is_furthest_from_zero() -> None:
    """x z -> (-3, 1); against (1, 0) the cosine is -3 / sqrt(10)."""
    assert scored(["x"], ["x z"]).extrema == pytest.approx([-3 / math.sqrt(10)])


def test_extrema_takes_the_positive_of_two_equal_ones() -> None:
    """x m -> (1, 0), not (-1, 0); the sum of both is the zero vector, whose average scores 0."""
    made = scored(["x"], ["x m", "m x"])
    assert made.extrema == pytest.approx([1, 1])
    assert made.average == pytest.approx([0, 0])


def test_greedy_matches_both_ways() -> None:
    """Response x y against x: there (1 + 0) / 2, back 1, so 3/4; x d: (1 + 1/sqrt 2) / 2 both ways."""
    half = math.sqrt(0.5)
    assert scored(["x"], ["x y", "y y x"]).greedy == pytest.approx([0.75, (1 / 3 + 1) / 2])
    assert scored(["x d"], ["x y"]).greedy == pytest.approx([(1 + half) / 2])


def test_words_without_a_vector_are_left_out() -> None:
    table = vectors(WORDS | {"<unk>": [5.0, 5.0], "zero": [0.0, 0.0], "v": [7.0, 7.0]}, unknown=frozenset("v"))
    made = scored(["x nowhere"], ["x <unk> zero v nowhere", "nowhere", ""], table)
    for values in (made.extrema, made.greedy, made.average):
        assert values == pytest.approx([1, 0, 0])


def test_a_reference_without_a_known_word_is_no_reference() -> None:
    assert scored(["nowhere", "x"], ["x", "m", ""]).average == pytest.approx([1, -1, 0])
    nothing = scored(["nowhere", ""], ["x", "m"])
    for values in (nothing.extrema, nothing.greedy, nothing.average):
        assert np.isnan(values).all()


def test_the_best_reference_counts() -> None:
    made = scored(["y", "x y"], ["x"])
    assert made.average == pytest.approx([math.sqrt(0.5)])
    assert made.greedy == pytest.approx([0.75])


def random_pairs(seed: int, contexts: int) -> Pairs:
    chance = random.Random(seed)

    def sentence() -> list[str]:
        return [f"w{chance.randint(0, 40)}" for _ in range(chance.randint(0, 12))]

    references = [[sentence() for _ in range(chance.randint(1, 3))] for _ in range(contexts)]
    responses = [[sentence() for _ in range(4)] for _ in range(contexts)]
    return encode(pa.chunked_array([references]), pa.chunked_array([responses]))


def naive(here: np.ndarray, there: np.ndarray) -> tuple[float, float, float]:
    """(extrema, greedy, average) of two sentences of float64 vectors."""

    def cosine(one: np.ndarray, two: np.ndarray) -> float:
        return float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))

    def extreme(words: np.ndarray) -> np.ndarray:
        return words[np.abs(words).argmax(axis=0), np.arange(words.shape[1])]

    cosines = np.array([[cosine(a, b) for b in there] for a in here])
    greedy = (cosines.max(axis=0).mean() + cosines.max(axis=1).mean()) / 2
    return cosine(extreme(here), extreme(there)), float(greedy), cosine(here.mean(axis=0), there.mean(axis=0))


def test_equals_a_naive_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bow, "CONTEXTS_AT_ONCE", 17)
    monkeypatch.setattr(bow, "TOKENS_AT_ONCE", 30)
    pairs = random_pairs(1, 60)
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(len(pairs.types), 8)).astype(np.float32)
    known = generator.random(len(rows)) < 0.7
    advanced: list[int] = []
    made = bow.score(pairs, bow.WordVectors(rows * known[:, None], known), advanced.append)
    assert advanced == [17, 17, 17, 9]

    def words(sentences: object, number: int) -> np.ndarray:
        ids = sentences.ids[sentences.offsets[number] : sentences.offsets[number + 1]]
        return rows[ids[known[ids]]].astype(np.float64)

    compared = 0
    for number, context in enumerate(pairs.hypotheses.contexts):
        here = words(pairs.hypotheses, number)
        bounds = pairs.references.firsts[context : context + 2]
        theirs = [there for r in range(*bounds) if len(there := words(pairs.references, r))]
        expected = np.full(3, np.nan)
        if theirs:
            expected = np.max([naive(here, there) if len(here) else (0, 0, 0) for there in theirs], axis=0)
            compared += len(here) > 0
        found = [made.extrema[number], made.greedy[number], made.average[number]]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert compared > 100
