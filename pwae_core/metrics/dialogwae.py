"""The variant ``dialogwae``: BLEU and BOW as the code published with DialogWAE (Gu et al. 2019) computes them.

It exists so that old tables can be compared, not because it is better. It differs from section 4.4:

- BLEU: the end token is a word of both sentences;
- every token counts, with whatever vector the table has: a random one, or ``<unk>``'s for unknown words;
- BOW: a sampled answer is as wide as the decoder runs, ``WIDTH`` tokens, and a reference is one wider than its words.
  Greedy matches the padding too. Extrema sets the maxima of padding to 0 and adds 1 to its minima.

That code let its decoder continue after the end token, so its padding was whatever the decoder said. For a stored
answer that is unknown, so the padding here is the end token, which is what a decoder that has ended mostly says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pwae_core.metrics.bow import BowScores, Vectors
from pwae_core.metrics.sentences import Pairs, Sentences
from pwae_core.text.vocabulary import EOS, UNK

WIDTH = 40

Floats = NDArray[np.float64]


def with_end_tokens(pairs: Pairs) -> Pairs:
    """The same pairs, with one more token at the end of each sentence: a type of its own, the last."""
    end = len(pairs.types)
    types = pa.concat_arrays([pairs.types, pa.array(["</s>"], pairs.types.type)])
    return replace(
        pairs, hypotheses=_ended(pairs.hypotheses, end), references=_ended(pairs.references, end), types=types
    )


def _ended(sentences: Sentences, end: int) -> Sentences:
    ids = np.insert(sentences.ids, sentences.offsets[1:], end)
    return Sentences(ids, sentences.offsets + np.arange(len(sentences.offsets)), sentences.firsts)


def for_types(types: pa.Array, vectors: pa.Table) -> Vectors:
    """(types + 1, dimension): the row of each type in ``schemas.VECTORS``, ``<unk>``'s if there is none; last
    the end token's.
    """
    column = vectors["vector"].combine_chunks()
    matrix: Vectors = column.flatten().to_numpy().reshape(len(column), -1)
    places = pc.index_in(types, value_set=vectors["token"].combine_chunks()).fill_null(UNK)
    rows: Vectors = matrix[np.append(places.to_numpy(), EOS)]
    return rows


def score(pairs: Pairs, rows: Vectors, advance: Callable[[int], None] | None = None) -> BowScores:
    """Scores every hypothesis against its context's references, one pair after the other; the best reference counts.

    ``rows`` are those of ``for_types``.
    """
    scores = np.empty((3, len(pairs.hypotheses.lengths)))
    for context in range(pairs.contexts):
        answers = range(*pairs.hypotheses.firsts[context : context + 2])
        references = [_ids(pairs.references, r) for r in range(*pairs.references.firsts[context : context + 2])]
        for number in answers:
            answer = _ids(pairs.hypotheses, number)
            scores[:, number] = np.max([_similarities(answer, reference, rows) for reference in references], axis=0)
        if advance:
            advance(1)
    return BowScores(*scores)


def _ids(sentences: Sentences, number: int) -> NDArray[np.int64]:
    return sentences.ids[sentences.offsets[number] : sentences.offsets[number + 1]]


def _similarities(answer: NDArray[np.int64], reference: NDArray[np.int64], rows: Vectors) -> list[float]:
    """[extrema, greedy, average] of one pair."""
    answer = answer[:WIDTH]
    end = len(rows) - 1
    here = rows[np.append(answer, np.full(WIDTH - len(answer), end))]
    there = rows[np.append(reference, end)]
    cosines = _units(here) @ _units(there).T
    greedy = float(cosines.max(axis=0).mean() + cosines.max(axis=1).mean()) / 2
    extrema = _cosine(_extrema(here, len(answer)), _extrema(there, len(reference)))
    return [extrema, greedy, _cosine(here[: len(answer)].sum(axis=0), there[:-1].sum(axis=0))]


def _extrema(words: Vectors, length: int) -> Vectors:
    """The values furthest from 0, with padding from ``length`` on as in that code."""
    padded = (np.arange(len(words)) >= length)[:, None]
    high, low = np.where(padded, 0, words).max(axis=0), (words + padded).min(axis=0)
    extrema: Vectors = np.where(high >= np.abs(low), high, low)
    return extrema


def _cosine(one: Vectors, two: Vectors) -> float:
    norm = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / norm if norm else 0.0


def _units(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Vectors = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return units
