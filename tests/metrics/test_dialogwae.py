"""The variant of DialogWAE's code, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from pwae_core.metrics import dialogwae
from pwae_core.metrics.bleu import count_matches, sentence_bleu
from pwae_core.metrics.bow import BowScores
from pwae_core.metrics.sentences import Pairs, encode
from pwae_core.schemas import VECTORS

ROWS = {"<pad>": [0, 0], "<unk>": [0, -2], "<s>": [9, 9], "</s>": [-1, 0], "x": [1, 0], "y": [0, 1], "n": [-0.5, -0.5]}


def pairs(references: list[str], responses: list[str]) -> Pairs:
    type_ = pa.list_(pa.list_(pa.string()))
    return encode(
        pa.chunked_array([pa.array([[one.split() for one in references]], type_)]),
        pa.chunked_array([pa.array([[one.split() for one in responses]], type_)]),
    )


def scored(references: list[str], responses: list[str]) -> BowScores:
    rows = [{"id": i, "token": word, "vector": row, "known": True} for i, (word, row) in enumerate(ROWS.items())]
    made = pairs(references, responses)
    return dialogwae.score(made, dialogwae.for_types(made.types, pa.Table.from_pylist(rows, schema=VECTORS)))


def test_the_end_token_is_a_word_of_both_sentences() -> None:
    made = dialogwae.with_end_tokens(pairs(["a b", ""], ["c", "", "a b"]))
    assert made.hypotheses.ids.tolist() == [2, 3, 3, 0, 1, 3]
    assert made.hypotheses.lengths.tolist() == [2, 1, 3]
    assert made.references.lengths.tolist() == [3, 1]
    assert made.types.to_pylist() == ["a", "b", "c", "</s>"]


def test_an_answer_without_a_common_word_shares_the_end_token() -> None:
    """x </s> against a </s>: p = 1/2, then 1 / (1 + 5 / ln 2) and 1 / (2 + 5 / ln 2) as in any two words."""
    second, third = 1 / (1 + 5 / math.log(2)), 1 / (2 + 5 / math.log(2))
    first = (1.5 + 0.5 + second) / 3
    middle = (first + second + third) / 3
    score = (first * middle * (middle + third) / 3) ** (1 / 3)
    made = dialogwae.with_end_tokens(pairs(["a"], ["x"]))
    assert sentence_bleu(count_matches(made, 3), 3, "nltk-legacy") == pytest.approx([score])


def test_average_leaves_the_padding_out_and_counts_unknown_words() -> None:
    """x nowhere -> (1, -2) against (1, 0)."""
    assert scored(["x"], ["x nowhere", "x"]).average == pytest.approx([1 / math.sqrt(5), 1])


def test_greedy_counts_the_padding() -> None:
    """y and 39 </s> against x </s>. Each of the 39 finds </s>: 1; y finds 0; x finds y: 0; </s> finds itself: 1."""
    assert scored(["x"], ["y"]).greedy == pytest.approx([(39 / 40 + 1 / 2) / 2])


def test_extrema_sets_the_maxima_of_padding_to_0_and_adds_1_to_its_minima() -> None:
    """n -> high (0, 0), low (min(-.5, 0), min(-.5, 1)): n itself. x -> high (1, 0), low (min(1, 0), min(0, 1)): x."""
    assert scored(["x"], ["n"]).extrema == pytest.approx([-math.sqrt(0.5)])
    assert scored(["y x"], ["y"]).extrema == pytest.approx([math.sqrt(0.5)])


def test_answers_wider_than_the_decoder_are_cut_and_full_ones_have_no_padding() -> None:
    full = scored(["n"], ["n " * 39 + "x", "n " * 40 + "x"])
    assert full.average[1] == pytest.approx(1)
    assert full.average[0] < 1
    assert np.isfinite(full.greedy).all()


def test_the_best_reference_counts_and_an_empty_answer_scores_0() -> None:
    assert scored(["y", "x"], ["x", ""]).average == pytest.approx([1, 0])
