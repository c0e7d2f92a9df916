"""BLEU with smoothing 7: by hand, and against NLTK's own function."""

from __future__ import annotations

import json
import math
import os
import random
import warnings
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu

from pwae_core.metrics.bleu import SMOOTHINGS, count_matches, sentence_bleu
from pwae_core.metrics.sentences import encode
from pwae_core.text.tokenize import TOKENIZERS

Tokens = list[str]
METHOD7 = SmoothingFunction().method7


def ours(
    references: Sequence[Sequence[Tokens]],
    responses: Sequence[Sequence[Tokens]],
    n: int,
    smoothing: str = "nltk-current",
) -> np.ndarray:
    pairs = encode(pa.chunked_array([references]), pa.chunked_array([responses]))
    return sentence_bleu(count_matches(pairs, n), n, smoothing)


def theirs(references: Sequence[Sequence[Tokens]], responses: Sequence[Sequence[Tokens]], n: int) -> np.ndarray:
    return np.array(
        [
            nltk_bleu(list(known), answer, weights=(1 / n,) * n, smoothing_function=METHOD7)
            for known, answers in zip(references, responses, strict=True)
            for answer in answers
        ]
    )


def one(reference: str, response: str, n: int = 3, smoothing: str = "nltk-current") -> float:
    return float(ours([[reference.split()]], [[response.split()]], n, smoothing)[0])


def test_a_perfect_answer_scores_more_than_one() -> None:
    ten = "a b c d e f g h i j"
    assert [one(ten, ten, n) for n in (1, 2, 3)] == pytest.approx(
        [4 / 3, math.sqrt(4 / 3 * 10 / 9), (4 / 3 * 10 / 9 * 28 / 27) ** (1 / 3)]
    )
    assert [round(one(ten, ten, n), 3) for n in (1, 2, 3, 4)] == [1.333, 1.217, 1.154, 1.117]


def test_a_perfect_short_answer_scores_less() -> None:
    words = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    perfect = [one(" ".join(words[:k]), " ".join(words[:k])) for k in (1, 2, 3, 4, 5, 6)]
    assert [round(score, 3) for score in perfect] == [0.333, 0.677, 1.014, 1.014, 1.154, 1.154]


def test_after_the_last_order_come_five_grams() -> None:
    """Four tokens have no 5-gram: m_2 = (10/9 + 1 + 0) / 3, though their 4-gram does match."""
    assert one("a b c d", "a b c d") == pytest.approx((4 / 3 * 10 / 9 * 19 / 27) ** (1 / 3))


def test_one_word_gets_no_method_4() -> None:
    """p = 1, 0, 0 smoothed by method 5 alone: 1, 1/3, 1/9; the reference is twice as long: exp(1 - 2)."""
    assert one("a b", "a") == pytest.approx(math.exp(-1) / 3)


def test_method_4_counts_the_orders_without_a_match() -> None:
    second, third = math.log(2) / 10, math.log(2) / 20
    first = (1.5 + 0.5 + second) / 3
    middle = (first + second + third) / 3
    last = (middle + third + 0) / 3
    assert one("a b", "a x") == pytest.approx((first * middle * last) ** (1 / 3))


def test_no_word_in_common_and_no_word_at_all_score_zero() -> None:
    assert ours([[["a", "b"]]] * 2, [[["x"], []], [["y", "z"], []]], 3).tolist() == [0, 0, 0, 0]
    assert ours([[[]]], [[["a"], []]], 3).tolist() == [0, 0]


def test_matches_are_clipped_by_the_reference_that_has_most() -> None:
    pairs = encode(
        pa.chunked_array([[[["a", "a", "c"], ["a", "b", "b"]]]]), pa.chunked_array([[[["a", "a", "a", "b", "b", "b"]]]])
    )
    matches = count_matches(pairs, 3)
    assert matches.matched[:, 0].tolist() == [4, 3, 1, 0, 0]
    assert matches.totals[:, 0].tolist() == [6, 5, 4, 3, 2]


def test_the_closest_reference_length_counts_the_shorter_of_two() -> None:
    references = [["x"] * length for length in (13, 11, 20)]
    pairs = encode(pa.chunked_array([[references]]), pa.chunked_array([[[["x"] * 12, ["x"] * 17, []]]]))
    assert count_matches(pairs, 3).reference_lengths.tolist() == [11, 20, 11]


def random_pairs(seed: int, words: int, longest: int, references: int) -> tuple[list[list[Tokens]], list[list[Tokens]]]:
    """Contexts with up to ``references`` references and five answers: empty, repetitive, identical and other ones."""
    chance = random.Random(seed)

    def sentence() -> Tokens:
        return [f"w{int(words * chance.random() ** 2)}" for _ in range(chance.randint(0, longest))]

    known = [[sentence() for _ in range(chance.randint(1, references))] for _ in range(250)]
    answers = [
        [sentence(), sentence(), list(chance.choice(some)), (some[0] * 2)[:longest], sentence()[:1]] for some in known
    ]
    return known, answers


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
@pytest.mark.parametrize(("seed", "words", "longest", "references"), [(1, 3, 8, 1), (2, 10, 14, 3), (3, 60, 25, 2)])
def test_equals_nltk_on_random_sentences(seed: int, words: int, longest: int, references: int, n: int) -> None:
    known, answers = random_pairs(seed, words, longest, references)
    expected = theirs(known, answers, n)
    assert (expected > 1).any()
    assert (expected == 0).any()
    np.testing.assert_allclose(ours(known, answers, n), expected, rtol=0, atol=1e-9)


def conversation_pairs(messages: Sequence[str], tokenizer: str) -> tuple[list[list[Tokens]], list[list[Tokens]]]:
    """Each sentence is the reference of the three after it."""
    tokens = TOKENIZERS[tokenizer](messages)
    return [[tokens[i]] for i in range(len(tokens) - 3)], [tokens[i + 1 : i + 4] for i in range(len(tokens) - 3)]


def test_equals_nltk_on_real_english_sentences() -> None:
    with files("chitchat_dataset").joinpath("dataset.json").open(encoding="utf-8") as handle:
        turns = [turn for conversation in json.load(handle).values() for turn in conversation["messages"]]
    messages = [message["text"] for turn in turns[:600] for message in turn]
    known, answers = conversation_pairs(messages, "nltk")
    expected = theirs(known, answers, 3)
    assert (expected > 0).mean() > 0.1
    np.testing.assert_allclose(ours(known, answers, 3), expected, rtol=0, atol=1e-9)


@pytest.mark.skipif("PWAE_DATA_DIR" not in os.environ, reason="PWAE_DATA_DIR is not set: no Chinese conversations here")
def test_equals_nltk_on_real_chinese_sentences() -> None:
    path = Path(os.environ["PWAE_DATA_DIR"]) / "cped_tv_dialogue.zh.parquet"
    known, answers = conversation_pairs(pq.read_table(path, columns=["text"])["text"].to_pylist()[:1_000], "jieba")
    expected = theirs(known, answers, 3)
    assert (expected > 0).mean() > 0.1
    np.testing.assert_allclose(ours(known, answers, 3), expected, rtol=0, atol=1e-9)


def test_every_smoothing_of_the_config_is_there() -> None:
    from typing import get_args

    from pwae_core.config.evaluate import Smoothing

    assert set(SMOOTHINGS) == set(get_args(Smoothing))


def test_legacy_method_4_does_not_look_at_the_number_of_n_grams() -> None:
    """Orders 1 and 2, counted from 0, have no match: 1 / (1 + 5 / ln 2) and 1 / (2 + 5 / ln 2), whatever is divided."""
    second, third = 1 / (1 + 5 / math.log(2)), 1 / (2 + 5 / math.log(2))
    first = (1.5 + 0.5 + second) / 3
    middle = (first + second + third) / 3
    last = (middle + third + 0) / 3
    assert one("a b", "a x", 3, "nltk-legacy") == pytest.approx((first * middle * last) ** (1 / 3), abs=1e-12)


@pytest.mark.parametrize(
    ("reference", "response", "n", "score"),
    [
        ("a b", "a x", 3, 0.314208242711954),
        ("a b c d e f g h i j", "a b x d e", 3, 0.1968917317767507),
        ("a b c d", "a b c d", 3, 1.013978363419326),
        ("the cat is on the mat", "the the cat", 2, 0.2961710877329447),
        ("a b", "a", 1, 0.36787944117144233),
        ("a b c d e f g h i j", "a b c d e f g h i j", 3, 1.1538875781891342),
    ],
)
def test_legacy_equals_what_nltk_3_4_5_printed(reference: str, response: str, n: int, score: float) -> None:
    assert one(reference, response, n, "nltk-legacy") == pytest.approx(score, abs=1e-12)


def test_legacy_scores_0_where_the_old_nltk_divided_by_0() -> None:
    assert one("a b", "a", 3, "nltk-legacy") == 0
    assert one("a b", "a", 1, "nltk-legacy") == pytest.approx(math.exp(-1))
    assert one("a b", "a", 3, "nltk-current") > 0


def from_the_formula(references: Sequence[Tokens], answer: Tokens, n: int) -> float:
    """The old method 7, one order after the other, from exact counts."""

    def precision(order: int) -> Fraction:
        def grams(tokens: Tokens) -> Counter[tuple[str, ...]]:
            return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))

        most: Counter[tuple[str, ...]] = Counter()
        for reference in references:
            most |= grams(reference)
        return Fraction(sum((grams(answer) & most).values()), max(1, sum(grams(answer).values())))

    raw = [precision(order) for order in range(1, n + 1)]
    if raw[0] == 0 or (0 in raw and len(answer) == 1):
        return 0.0
    filled = [float(p) if p else 1 / (i + 5 / math.log(len(answer))) for i, p in enumerate(raw)]
    after, previous, product = [*filled[1:], float(precision(5))], filled[0] + 1, 1.0
    for here, following in zip(filled, after, strict=True):
        previous = (previous + here + following) / 3
        product *= previous
    closest = min((abs(len(r) - len(answer)), len(r)) for r in references)[1]
    return min(1.0, math.exp(1 - closest / len(answer))) * product ** (1 / n)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize(("seed", "words", "longest", "references"), [(4, 3, 8, 1), (5, 12, 14, 3)])
def test_legacy_equals_the_formula_on_random_sentences(
    seed: int, words: int, longest: int, references: int, n: int
) -> None:
    known, answers = random_pairs(seed, words, longest, references)
    expected = [from_the_formula(some, answer, n) for some, own in zip(known, answers, strict=True) for answer in own]
    np.testing.assert_allclose(ours(known, answers, n, "nltk-legacy"), expected, rtol=0, atol=1e-12)
    assert np.abs(ours(known, answers, n) - expected).max() > 0.01 or n == 1


def test_without_smoothing_equals_nltk_without_smoothing() -> None:
    known, answers = random_pairs(6, 5, 12, 2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\s*The hypothesis contains 0 counts", UserWarning)
        expected = [
            nltk_bleu(some, answer, weights=(0.5, 0.5))
            for some, own in zip(known, answers, strict=True)
            for answer in own
        ]
    found = ours(known, answers, 2, "none")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert found.max() == 1
    assert one("a b c", "a b x", 3, "none") == 0
