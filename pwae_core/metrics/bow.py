"""Similarity of bags of word vectors: extrema, greedy matching, average (section 4.4; Liu et al. 2016).

- average: cosine of the two sums of word vectors (Mitchell and Lapata 2008);
- extrema: cosine of the two vectors that hold, in every dimension, the value furthest from 0, sign kept, the
  positive one of two (Forgues et al. 2014; as DialogWAE computes it);
- greedy: every word's best cosine in the other sentence, averaged over the words, both ways averaged (Rus and
  Lintean 2012).

Words without a vector are left out, on both sides. A response without any known word scores 0; a reference without
one is no reference, and a context left without references has no score (NaN). Of several references the best counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pwae_core.metrics.sentences import Comparisons, Pairs, Sentences, compare
from pwae_core.text.vocabulary import SPECIALS

CONTEXTS_AT_ONCE = 1_000
TOKENS_AT_ONCE = 4_096

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WordVectors:
    """``rows[i]`` (types, dimension) is the vector of the type i where ``known[i]``; all zeros elsewhere."""

    rows: Vectors
    known: NDArray[np.bool_]


@dataclass(frozen=True)
class BowScores:
    """Each (hypotheses,); NaN for the hypotheses of a context whose references have no known word."""

    extrema: Floats
    greedy: Floats
    average: Floats


def for_types(types: pa.Array, vectors: pa.Table) -> WordVectors:
    """The vectors of ``types``, out of a table in ``schemas.VECTORS``. Specials and all-zero vectors are not known."""
    column = vectors["vector"].combine_chunks()
    matrix = column.flatten().to_numpy().reshape(len(column), -1)
    places = pc.index_in(types, value_set=vectors["token"].combine_chunks())
    found = places.is_valid().to_numpy(zero_copy_only=False)
    at = places.fill_null(0).to_numpy()
    usable = vectors["known"].to_numpy() & matrix.any(axis=1) & ~np.isin(vectors["token"].to_pylist(), SPECIALS)
    known = found & usable[at]
    return WordVectors(np.where(known[:, None], matrix[at], np.float32(0)), known)


def score(pairs: Pairs, vectors: WordVectors, advance: Callable[[int], None] | None = None) -> BowScores:
    """Scores every hypothesis; ``advance`` hears how many more contexts are done."""
    hypotheses = pairs.hypotheses.keep(vectors.known)
    references = pairs.references.keep(vectors.known).drop_empty()
    norms = np.linalg.norm(vectors.rows, axis=1, keepdims=True)
    units = np.divide(vectors.rows, norms, out=np.zeros_like(vectors.rows), where=norms > 0)
    parts = []
    for first in range(0, pairs.contexts, CONTEXTS_AT_ONCE):
        last = min(first + CONTEXTS_AT_ONCE, pairs.contexts)
        parts.append(_score_block(hypotheses.slice(first, last), references.slice(first, last), vectors.rows, units))
        if advance:
            advance(last - first)
    return BowScores(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _score_block(hypotheses: Sentences, references: Sentences, rows: Vectors, units: Vectors) -> Iterator[Floats]:
    here, there = _bags(hypotheses, rows), _bags(references, rows)
    pairs = compare(hypotheses, references)
    yield _best(pairs, _cosines(here.extrema, there.extrema, pairs))
    yield _best(pairs, _greedy(hypotheses, references, units))
    yield _best(pairs, _cosines(here.sums, there.sums, pairs))


def _best(pairs: Comparisons, scores: Floats) -> Floats:
    best: Floats = pairs.reduce(np.maximum, scores, -np.inf)
    return np.where(np.isneginf(best), np.nan, best)


@dataclass(frozen=True)
class _Bags:
    """Each (sentences, dimension)."""

    sums: Vectors
    extrema: Vectors


def _bags(sentences: Sentences, rows: Vectors) -> _Bags:
    """Sentences of one length at a time, so that nothing is padded."""
    made = _Bags(*(np.zeros((len(sentences.lengths), rows.shape[1]), np.float32) for _ in range(2)))
    for length in np.unique(sentences.lengths[sentences.lengths > 0]):
        alike = np.flatnonzero(sentences.lengths == length)
        step = max(1, TOKENS_AT_ONCE // int(length))
        for chosen in (alike[i : i + step] for i in range(0, len(alike), step)):
            words = rows[sentences.ids[sentences.offsets[chosen][:, None] + np.arange(length)]]
            high, low = words.max(axis=1), words.min(axis=1)
            made.sums[chosen] = words.sum(axis=1)
            made.extrema[chosen] = np.where(high >= -low, high, low)
    return made


def _cosines(here: Vectors, there: Vectors, pairs: Comparisons) -> Floats:
    one, two = here[pairs.hypothesis], there[pairs.reference]
    dots: Floats = np.einsum("ij,ij->i", one, two, dtype=np.float64)
    lengths = np.linalg.norm(one, axis=1).astype(np.float64) * np.linalg.norm(two, axis=1)
    cosines: Floats = np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)
    return cosines


def _greedy(hypotheses: Sentences, references: Sentences, units: Vectors) -> Floats:
    """(comparisons,): one matrix product for each context and reference, all of the context's hypotheses at once."""
    scores = []
    for context in range(len(references.firsts) - 1):
        answers = hypotheses.slice(context, context + 1)
        words = units[answers.ids]
        columns = [
            _matched(words, answers, units[references.ids[references.offsets[r] : references.offsets[r + 1]]])
            for r in range(references.firsts[context], references.firsts[context + 1])
        ]
        scores.append(np.stack(columns, axis=1).reshape(-1) if columns else np.zeros(0))
    return np.concatenate(scores)


def _matched(words: Vectors, answers: Sentences, reference: Vectors) -> Floats:
    """(hypotheses,): greedy matching of ``answers``, whose unit vectors are ``words``, with one reference."""
    scores = np.zeros(len(answers.lengths))
    full = answers.lengths > 0
    if full.any():
        cosines = words @ reference.T
        begins = answers.offsets[:-1][full]
        there = np.add.reduceat(cosines.max(axis=1), begins) / answers.lengths[full]
        back = np.maximum.reduceat(cosines, begins, axis=0).mean(axis=1)
        scores[full] = (there + back) / 2
    return scores
