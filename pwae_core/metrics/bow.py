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

CONTEXTS_AT_ONCE = 250
TOKENS_AT_ONCE = 1_024

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
    known = pairs.hypotheses.keep(vectors.known)
    hypotheses, references = known.drop_empty(), pairs.references.keep(vectors.known).drop_empty()
    units = _units(vectors.rows)
    parts = []
    for first in range(0, pairs.contexts, CONTEXTS_AT_ONCE):
        last = min(first + CONTEXTS_AT_ONCE, pairs.contexts)
        parts.append(_score_block(hypotheses.slice(first, last), references.slice(first, last), vectors.rows, units))
        if advance:
            advance(last - first)
    lost = np.where(np.diff(references.firsts)[known.contexts] > 0, 0.0, np.nan)
    return BowScores(*(_with_empty(known, np.concatenate(columns), lost) for columns in zip(*parts, strict=True)))


def _with_empty(sentences: Sentences, scores: Floats, lost: Floats) -> Floats:
    """(hypotheses,): ``scores`` of the sentences that have a known word, between the others' ``lost`` ones."""
    filled = lost.copy()
    filled[sentences.lengths > 0] = scores
    return filled


def _score_block(hypotheses: Sentences, references: Sentences, rows: Vectors, units: Vectors) -> Iterator[Floats]:
    here, there = _bags(hypotheses, rows), _bags(references, rows)
    pairs = compare(hypotheses, references)
    yield _best(pairs, _cosines(here.extrema, there.extrema, pairs))
    yield _best(pairs, _greedy(hypotheses, references, units, pairs))
    yield _best(pairs, _cosines(here.averages, there.averages, pairs))


def _best(pairs: Comparisons, scores: Floats) -> Floats:
    best: Floats = pairs.reduce(np.maximum, scores, -np.inf)
    return np.where(np.isneginf(best), np.nan, best)


@dataclass(frozen=True)
class _Bags:
    """Each (sentences, dimension), of unit length, or zero where the words cancel out."""

    averages: Vectors
    extrema: Vectors


def _bags(sentences: Sentences, rows: Vectors) -> _Bags:
    """Sentences of one length at a time, so that nothing is padded. No sentence is empty."""
    made = _Bags(*(np.empty((len(sentences.lengths), rows.shape[1]), np.float32) for _ in range(2)))
    for length in np.unique(sentences.lengths):
        alike = np.flatnonzero(sentences.lengths == length)
        step = max(1, TOKENS_AT_ONCE // int(length))
        for chosen in (alike[i : i + step] for i in range(0, len(alike), step)):
            words = rows[sentences.ids[sentences.offsets[chosen] + np.arange(length)[:, None]]]
            high, low = words.max(axis=0), words.min(axis=0)
            made.averages[chosen] = _units(words.sum(axis=0))
            made.extrema[chosen] = _units(np.where(high >= -low, high, low))
    return made


def _units(vectors: Vectors) -> Vectors:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    lengths[lengths == 0] = 1
    units: Vectors = vectors / lengths[:, None]
    return units


def _cosines(here: Vectors, there: Vectors, pairs: Comparisons) -> Floats:
    cosines: Floats = np.einsum("ij,ij->i", here[pairs.hypothesis], there[pairs.reference]).astype(np.float64)
    return cosines


def _greedy(hypotheses: Sentences, references: Sentences, units: Vectors, pairs: Comparisons) -> Floats:
    """(comparisons,): one matrix product for each reference, with all hypotheses of its context at once."""
    there, back = [np.zeros(0)], [np.zeros(0)]
    borders = hypotheses.offsets[hypotheses.firsts]
    for r, context in enumerate(references.contexts):
        begin, end = borders[context], borders[context + 1]
        if begin == end:
            continue
        known = units[references.ids[references.offsets[r] : references.offsets[r + 1]]]
        cosines = known @ units[hypotheses.ids[begin:end]].T
        begins = hypotheses.offsets[hypotheses.firsts[context] : hypotheses.firsts[context + 1]] - begin
        there.append(np.maximum.reduce(cosines, axis=0))
        back.append(np.add.reduce(np.maximum.reduceat(cosines, begins, axis=1), axis=0) / len(known))
    lengths = hypotheses.lengths[pairs.hypothesis]
    sums = np.add.reduceat(np.concatenate(there), np.cumsum(lengths) - lengths) if len(lengths) else np.zeros(0)
    return (sums / lengths + np.concatenate(back)) / 2
