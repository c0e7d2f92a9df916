"""Similarity of bags of word vectors: extrema, greedy matching, average (section 4.4; Liu et al. 2016).

- average: cosine of the two sums of word vectors (Mitchell and Lapata 2008);
- extrema: cosine of the two vectors that hold, in every dimension, the value furthest from 0, with its sign; of two,
  the positive one (Forgues et al. 2014; as DialogWAE computes it);
- greedy: every word's best cosine in the other sentence, averaged over the words, both ways averaged (Rus and Lintean
  2012).

Words without a vector are left out, on both sides. A response without a known word scores 0. A reference without one is
ignored, and a context without any other reference has no score (NaN). Of several references, the best counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pwae_core.metrics.sentences import Comparisons, Integers, Pairs, Sentences, compare
from pwae_core.text.vocabulary import SPECIALS

CONTEXTS_AT_ONCE = 1000
TOKENS_AT_ONCE = 4096

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
    usable = vectors["known"].to_numpy() & matrix.any(axis=1) & ~_is_special(vectors["token"])
    known = found & usable[at]
    return WordVectors(np.where(known[:, None], matrix[at], np.float32(0)), known)


def _is_special(tokens: pa.ChunkedArray) -> NDArray[np.bool_]:
    special: NDArray[np.bool_] = pc.is_in(tokens, value_set=pa.array(SPECIALS)).to_numpy()
    return special


def score(pairs: Pairs, vectors: WordVectors, advance: Callable[[int], None] | None = None) -> BowScores:
    """Scores every hypothesis; ``advance`` is called with the number of further contexts done."""
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
    """(hypotheses,): ``scores`` of the sentences that have a known word; ``lost`` for the others."""
    filled = lost.copy()
    filled[sentences.lengths > 0] = scores
    return filled


def _score_block(hypotheses: Sentences, references: Sentences, rows: Vectors, units: Vectors) -> Iterator[Floats]:
    pairs = compare(hypotheses, references)
    extrema, averages = _cosines(hypotheses, references, rows, pairs)
    yield _best(pairs, extrema)
    yield _best(pairs, _greedy(hypotheses, references, units, pairs))
    yield _best(pairs, averages)


def _best(pairs: Comparisons, scores: Floats) -> Floats:
    best: Floats = pairs.reduce(np.maximum, scores, -np.inf)
    return np.where(np.isneginf(best), np.nan, best)


@dataclass(frozen=True)
class _Bags:
    """Each (sentences, dimension)."""

    sums: Vectors
    extrema: Vectors


class _Bagger:
    """Makes the bags of a few sentences at a time; one buffer for their words is reused."""

    def __init__(self, rows: Vectors) -> None:
        self.rows, self.buffer = rows, np.empty((TOKENS_AT_ONCE, rows.shape[1]), np.float32)

    def __call__(self, sentences: Sentences, chosen: Integers) -> _Bags:
        """The bags of the ``chosen`` sentences, all of one length.

        Extrema: the larger of high and -low, with the sign of high + low, without a branch for each number.
        """
        ids = _ids(sentences, chosen).T
        buffer = self.buffer if ids.size <= TOKENS_AT_ONCE else np.empty((ids.size, self.rows.shape[1]), np.float32)
        words = buffer[: ids.size].reshape(*ids.shape, -1)
        np.take(self.rows, ids, axis=0, mode="clip", out=words)
        high: Vectors = np.maximum.reduce(words, axis=0)
        low: Vectors = np.minimum.reduce(words, axis=0)
        extrema: Vectors = np.copysign(np.maximum(high, -low), high + low)
        return _Bags(np.add.reduce(words, axis=0), extrema)


def _ids(sentences: Sentences, chosen: Integers) -> Integers:
    """(chosen, length): the words of the ``chosen`` sentences, all of one length."""
    ids: Integers = sentences.ids[sentences.offsets[chosen, None] + np.arange(int(sentences.lengths[chosen[0]]))]
    return ids


def _alike(lengths: Integers) -> Iterator[Integers]:
    """The positions of sentences of one length, so nothing is padded; at most ``TOKENS_AT_ONCE`` tokens at a time."""
    order = np.argsort(lengths, kind="stable")
    borders = np.flatnonzero(np.diff(lengths[order], prepend=-1, append=-1)).tolist()
    for first, last in pairwise(borders):
        step = max(1, TOKENS_AT_ONCE // int(lengths[order[first]]))
        yield from (order[begin : min(begin + step, last)] for begin in range(first, last, step))


def _cosines(hypotheses: Sentences, references: Sentences, rows: Vectors, pairs: Comparisons) -> tuple[Floats, Floats]:
    """Extrema and average, both (comparisons,). No sentence is empty; 0 if the words of one cancel out.

    The bags of the references are made first; those of the hypotheses are compared while they are still in the cache.
    """
    bagger = _Bagger(rows)
    shape = (len(references.lengths), rows.shape[1])
    there = _Bags(np.empty(shape, np.float32), np.empty(shape, np.float32))
    for chosen in _alike(references.lengths):
        bags = bagger(references, chosen)
        there.sums[chosen], there.extrema[chosen] = _units(bags.sums), _units(bags.extrema)
    extrema, averages = np.empty(len(pairs.hypothesis)), np.empty(len(pairs.hypothesis))
    for chosen in _alike(hypotheses.lengths[pairs.hypothesis]):
        here, known = bagger(hypotheses, pairs.hypothesis[chosen]), pairs.reference[chosen]
        extrema[chosen] = _products(here.extrema, there.extrema[known]) / _norms(here.extrema)
        averages[chosen] = _products(here.sums, there.sums[known]) / _norms(here.sums)
    return extrema, averages


def _products(here: Vectors, there: Vectors) -> Vectors:
    products: Vectors = np.einsum("ij,ij->i", here, there)
    return products


def _norms(vectors: Vectors) -> Vectors:
    """The norms of the rows; 1 for a row of zeros, whose products are 0 anyway."""
    norms: Vectors = np.sqrt(_products(vectors, vectors))
    norms[norms == 0] = 1
    return norms


def _units(vectors: Vectors) -> Vectors:
    units: Vectors = vectors / _norms(vectors)[:, None]
    return units


def _greedy(hypotheses: Sentences, references: Sentences, units: Vectors, pairs: Comparisons) -> Floats:
    """(comparisons,): those with references of one length at a time."""
    similarities = np.empty(len(pairs.hypothesis))
    for chosen in _alike(references.lengths[pairs.reference]):
        some = Comparisons(pairs.hypothesis[chosen], pairs.reference[chosen], pairs.hypotheses)
        cosines = _word_cosines(hypotheses, references, units, some)
        lengths = hypotheses.lengths[some.hypothesis]
        begins = np.cumsum(lengths) - lengths
        there = np.add.reduceat(np.maximum.reduce(cosines, axis=0), begins) / lengths
        back = np.maximum.reduceat(cosines, begins, axis=1).mean(axis=0)
        similarities[chosen] = (there + back) / 2
    return similarities


def _word_cosines(hypotheses: Sentences, references: Sentences, units: Vectors, pairs: Comparisons) -> Vectors:
    """(length of the references, words of all hypotheses): a matrix product for each reference, all of one length.

    The hypotheses of a reference follow one another, in ``pairs`` as in ``hypotheses``.
    """
    borders = np.flatnonzero(np.diff(pairs.reference, prepend=-1, append=-1))
    begins = hypotheses.offsets[pairs.hypothesis[borders[:-1]]]
    ends = hypotheses.offsets[pairs.hypothesis[borders[1:] - 1] + 1]
    theirs = units[_ids(references, pairs.reference[borders[:-1]])]
    cosines = np.empty((theirs.shape[1], int((ends - begins).sum())), np.float32)
    buffer = np.empty((int((ends - begins).max()), units.shape[1]), np.float32)
    first = 0
    for there, begin, end in zip(theirs, begins.tolist(), ends.tolist(), strict=True):
        here, last = buffer[: end - begin], first + end - begin
        np.take(units, hypotheses.ids[begin:end], axis=0, mode="clip", out=here)
        np.matmul(there, here.T, out=cosines[:, first:last])
        first = last
    return cosines
