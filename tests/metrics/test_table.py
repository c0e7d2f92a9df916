"""Table 2's columns from scores of contexts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pwae_core import __version__
from pwae_core.metrics import bow, table
from pwae_core.metrics.bow import WordVectors
from pwae_core.metrics.sentences import encode
from pwae_core.metrics.signature import sign

TERMS = table.Terms(3, "nltk-current", "paper", "jieba", 2, "1", "skip-gram-200-abc", 100, 7)


def test_paper_rows_are_harmonic_means_of_the_printed_averages() -> None:
    recall, precision = np.array([0.1931, 0.3409, 0.3365]), np.array([0.1636, 0.1710, 0.1806])
    assert table.harmonic_mean(recall, precision) == pytest.approx([0.1771, 0.2277, 0.2350], abs=1e-4)
    assert table.harmonic_mean(np.zeros(1), np.zeros(1)).tolist() == [0]


def test_recall_is_the_best_sample_and_precision_the_mean() -> None:
    """Identical ten-word answers score 1.1539, no common word 0: recall 1.1539 and 0, precision half of each."""
    ten, other = list("abcdefghij"), ["x"]
    pairs = encode(pa.chunked_array([[[ten], [ten]]]), pa.chunked_array([[[ten, other], [other, other]]]))
    made = table.score(pairs, 3, "nltk-current")
    best = (1120 / 729) ** (1 / 3)
    assert made.contexts["BLEU-Recall"] == pytest.approx([best, 0])
    assert made.contexts["BLEU-Precision"] == pytest.approx([best / 2, 0])
    assert made.contexts["Length"] == pytest.approx([5.5, 1])
    total = table.totals([made], [TERMS])[0]
    assert total["BLEU-F1"].value == pytest.approx(2 * (best / 2) * (best / 4) / (best / 2 + best / 4))
    assert (total["BLEU-F1"].low, total["BLEU-F1"].high) == (None, None), "of two contexts there is no interval"
    assert made.contexts["Intra-Distinct-1"] == pytest.approx([1, 1])
    assert made.contexts["Inter-Distinct-1"] == pytest.approx([1, 0.5])
    assert made.contexts["Repetition"] == pytest.approx([0, 0])
    assert list(total) == [name for name in table.METRICS if name not in table.BOW]
    assert (total["Distinct-1"].low, total["Distinct-1"].high) == (None, None)


def test_similarity_is_the_best_sample_and_contexts_without_one_are_left_out() -> None:
    pairs = encode(pa.chunked_array([[[["a"]], [["q"]]]]), pa.chunked_array([[[["b"], ["c"]], [["a"], ["a"]]]]))
    assert pairs.types.to_pylist() == ["a", "q", "b", "c"]
    rows = np.array([[1, 0], [0, 0], [0, 1], [1, 1]], np.float32)
    made = table.score(pairs, 3, "nltk-current", bow.score(pairs, WordVectors(rows, rows.any(axis=1))))
    assert made.contexts["BOW-Average"][0] == pytest.approx(0.5**0.5)
    assert np.isnan(made.contexts["BOW-Average"][1])
    total = table.totals([made], [TERMS])[0]
    assert list(total) == list(table.METRICS)
    assert total["BOW-Greedy"].value == pytest.approx(0.5**0.5)
    assert (total["BOW-Greedy"].contexts, total["BLEU-F1"].contexts) == (1, 2)


def test_systems_are_resampled_by_the_same_draws() -> None:
    generator = np.random.default_rng(0)
    values = {name: generator.random(30) for name in ("BLEU-Recall", "BLEU-Precision", "Length")}
    corpus = {"Distinct-1": 0.5, "Distinct-2": 0.5}
    one, two = (table.Scores({k: v + plus for k, v in values.items()}, corpus) for plus in (0, 1))
    first, second = table.totals([one, two], [TERMS, TERMS])
    assert first["Length"].low is not None
    assert second["Length"].low == pytest.approx(first["Length"].low + 1)


def test_signatures_tell_what_a_number_depends_on() -> None:
    pairs = encode(pa.chunked_array([[[["a"]]]]), pa.chunked_array([[[["a"], ["a"]]]]))
    words = WordVectors(np.ones((1, 2), np.float32), np.ones(1, bool))
    total = table.totals([table.score(pairs, 3, "nltk-current", bow.score(pairs, words))], [TERMS])[0]
    assert {name: one.signature for name, one in total.items() if name in ("BLEU-F1", "BOW-Greedy", "Distinct-2")} == {
        "BLEU-F1": f"BLEU-F1|n:3|s:nltk-current7|nltk:3.10.4|tok:jieba|samples:2|refs:1|bs:100|seed:7|v:{__version__}",
        "BOW-Greedy": "BOW-Greedy|vec:skip-gram-200-abc|oov:skip|tok:jieba|samples:2|refs:1|bs:100|seed:7"
        f"|v:{__version__}",
        "Distinct-2": f"Distinct-2|tok:jieba|samples:2|contexts:1|v:{__version__}",
    }
    old = replace(TERMS, smoothing="nltk-legacy", variant="dialogwae")
    total = table.totals([table.score(pairs, 3, "nltk-legacy", bow.score(pairs, words), "dialogwae")], [old])[0]
    assert total["BLEU-F1"].signature.startswith("BLEU-F1|n:3|s:nltk-legacy7|nltk:3.4.5|variant:dialogwae|tok:jieba|")
    assert total["BOW-Greedy"].signature.startswith(
        "BOW-Greedy|vec:skip-gram-200-abc|oov:row|variant:dialogwae|tok:jieba|"
    )
    assert sign("M", {"tok": "a|b"}) == f"M|tok:a/b|v:{__version__}"
