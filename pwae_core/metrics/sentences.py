"""Responses and references as integers: metrics count numbers and never see strings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Sentences:
    """Sentence i is ``ids[offsets[i]:offsets[i + 1]]``. Context c has the sentences ``firsts[c]:firsts[c + 1]``."""

    ids: Integers
    offsets: Integers
    firsts: Integers

    @cached_property
    def lengths(self) -> Integers:
        """(sentences,): the number of tokens in each sentence."""
        return np.diff(self.offsets)

    @cached_property
    def contexts(self) -> Integers:
        """(sentences,): the context of each sentence."""
        return np.repeat(np.arange(len(self.firsts) - 1), np.diff(self.firsts))

    @cached_property
    def owners(self) -> Integers:
        """(tokens,): the sentence of each token."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def keep(self, wanted: NDArray[np.bool_]) -> Sentences:
        """The same sentences, keeping only tokens whose type is ``wanted`` (types,); some may become empty."""
        mask = wanted[self.ids]
        lengths = np.bincount(self.owners[mask], minlength=len(self.lengths))
        return Sentences(self.ids[mask], _offsets(lengths), self.firsts)

    def drop_empty(self) -> Sentences:
        """Only the sentences that have tokens; some contexts may be left without sentences."""
        full = self.lengths > 0
        counts = np.bincount(self.contexts[full], minlength=len(self.firsts) - 1)
        return Sentences(self.ids, _offsets(self.lengths[full]), _offsets(counts))

    def slice(self, first: int, last: int) -> Sentences:
        """The sentences of the contexts from ``first`` to ``last`` (exclusive)."""
        one, two = self.firsts[first], self.firsts[last]
        begin, end = self.offsets[one], self.offsets[two]
        return Sentences(self.ids[begin:end], self.offsets[one : two + 1] - begin, self.firsts[first : last + 1] - one)


@dataclass(frozen=True)
class Pairs:
    """The hypotheses and references for the same contexts. ``types[i]`` is the token with id i."""

    hypotheses: Sentences
    references: Sentences
    types: pa.Array

    @property
    def contexts(self) -> int:
        return len(self.references.firsts) - 1

    def by_context(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores (hypotheses,) as (contexts, samples). Every context must have as many samples as the first."""
        return scores.reshape(self.contexts, -1)


@dataclass(frozen=True)
class Comparisons:
    """All pairs to compare: each reference with every hypothesis of its context. Row numbers, both (comparisons,)."""

    hypothesis: Integers
    reference: Integers
    hypotheses: int

    def reduce(self, ufunc: np.ufunc, values: NDArray[Any], empty: Any) -> NDArray[Any]:
        """(hypotheses,): ``ufunc`` over each hypothesis's values (comparisons,), or ``empty`` if it has none."""
        reduced = np.full(self.hypotheses, empty, values.dtype)
        ufunc.at(reduced, self.hypothesis, values)
        return reduced


def compare(hypotheses: Sentences, references: Sentences) -> Comparisons:
    """All pairs of a hypothesis and a reference for the same context."""
    counts = np.diff(hypotheses.firsts)[references.contexts]
    begins = np.cumsum(counts) - counts
    within = np.arange(counts.sum()) - np.repeat(begins, counts)
    hypothesis = np.repeat(hypotheses.firsts[:-1][references.contexts], counts) + within
    return Comparisons(hypothesis, np.repeat(np.arange(len(counts)), counts), len(hypotheses.lengths))


def encode(references: pa.ChunkedArray, responses: pa.ChunkedArray) -> Pairs:
    """Two columns of lists of token lists, one row per context, encoded as ids. Every context needs a reference."""
    here, there = _parts(references), _parts(responses)
    coded = pa.concat_arrays([here.tokens, there.tokens]).dictionary_encode()
    ids = coded.indices.to_numpy().astype(np.int64)
    border = len(here.tokens)
    return Pairs(there.sentences(ids[border:]), here.sentences(ids[:border]), coded.dictionary)


@dataclass(frozen=True)
class _Parts:
    tokens: pa.Array
    lengths: Integers
    counts: Integers

    def sentences(self, ids: Integers) -> Sentences:
        return Sentences(ids, _offsets(self.lengths), _offsets(self.counts))


def _parts(column: pa.ChunkedArray) -> _Parts:
    rows = pa.concat_arrays([chunk.cast(pa.list_(pa.list_(pa.string()))) for chunk in column.chunks])
    sentences = rows.flatten()
    return _Parts(sentences.flatten(), _lengths(sentences), _lengths(rows))


def _lengths(lists: pa.Array) -> Integers:
    lengths: Integers = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def _offsets(lengths: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
