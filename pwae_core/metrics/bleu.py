"""Sentence BLEU with NLTK's smoothing 7, for all sentences at once (Papineni et al. 2002; Chen and Cherry 2014).

Equal to ``nltk.translate.bleu_score.sentence_bleu(references, hypothesis, weights=(1/n,) * n,
smoothing_function=SmoothingFunction().method7)`` of the NLTK named in the signature, including its pitfalls:

- an answer without a single matching word scores 0, so does an empty one;
- an identical sentence scores more than 1 (10 tokens, BLEU-3: 1.154); nothing is clipped;
- method 5, a part of method 7, looks one order ahead, but after the last order it looks at 5-grams, whatever n is;
- an answer of one token gets no method 4 (its logarithm would be 0); the old NLTK divided by that 0.

``count_matches`` gives the sufficient statistics, ``sentence_bleu`` a pure score of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwae_core.metrics.sentences import Integers, Pairs, Sentences, compare

LOOKAHEAD = 5
K = 5.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Matches:
    """``matched`` (orders, hypotheses): clipped n-gram matches; lengths of hypotheses and closest references."""

    matched: Integers
    lengths: Integers
    reference_lengths: Integers

    @property
    def totals(self) -> Integers:
        """(orders, hypotheses): the n-grams of each hypothesis, at least 1."""
        orders = np.arange(len(self.matched))[:, None]
        totals: Integers = np.maximum(1, self.lengths[None, :] - orders)
        return totals


@dataclass(frozen=True)
class _Grams:
    """The n-grams of one order that can still match: where each starts, its sentence, its code."""

    starts: Integers
    owners: Integers
    codes: Integers

    def extend(self, sentences: Sentences, order: int, width: int) -> _Grams:
        """One token longer: the n-grams that still end inside their sentence, coded by (old code, new token)."""
        ends = self.starts + order - 1
        inside = ends < sentences.offsets[self.owners + 1]
        codes = self.codes[inside] * width + sentences.ids[ends[inside]]
        return _Grams(self.starts[inside], self.owners[inside], codes)

    def select(self, wanted: NDArray[np.bool_], codes: Integers) -> _Grams:
        return _Grams(self.starts[wanted], self.owners[wanted], codes)


def _begin(sentences: Sentences) -> _Grams:
    """Empty n-grams at every token. Their code is the context, so codes of different contexts are never equal."""
    return _Grams(np.arange(len(sentences.ids)), sentences.owners, sentences.contexts[sentences.owners])


def count_matches(pairs: Pairs, n: int) -> Matches:
    """The sufficient statistics of BLEU-n and of method 7's order ahead. Every context needs a reference."""
    hypotheses, references = _begin(pairs.hypotheses), _begin(pairs.references)
    width = max(1, len(pairs.types))
    matched = []
    for order in range(1, max(n, LOOKAHEAD) + 1):
        references = references.extend(pairs.references, order, width)
        table, codes = np.unique(references.codes, return_inverse=True)
        references = _Grams(references.starts, references.owners, codes)
        hypotheses = _known(hypotheses.extend(pairs.hypotheses, order, width), table)
        matched.append(_clipped(hypotheses, references, len(table), len(pairs.hypotheses.lengths)))
    return Matches(np.stack(matched), pairs.hypotheses.lengths, _closest_lengths(pairs))


def _known(grams: _Grams, table: Integers) -> _Grams:
    """The n-grams that occur in the sorted ``table`` of reference n-grams, with their row there as the code."""
    if not len(table):
        return grams.select(np.zeros(len(grams.codes), bool), np.zeros(0, np.int64))
    rows = np.minimum(np.searchsorted(table, grams.codes), len(table) - 1)
    found = table[rows] == grams.codes
    return grams.select(found, rows[found])


def _clipped(hypotheses: _Grams, references: _Grams, size: int, sentences: int) -> Integers:
    """The matches of each hypothesis; an n-gram counts at most as often as in any one reference."""
    if not size:
        return np.zeros(sentences, np.int64)
    ceiling = np.zeros(size, np.int64)
    seen, counts = np.unique(references.owners * size + references.codes, return_counts=True)
    np.maximum.at(ceiling, seen % size, counts)
    seen, counts = np.unique(hypotheses.owners * size + hypotheses.codes, return_counts=True)
    clipped = np.minimum(counts, ceiling[seen % size])
    return np.bincount(seen // size, weights=clipped, minlength=sentences).astype(np.int64)


def _closest_lengths(pairs: Pairs) -> Integers:
    """The length of the reference that is closest in length to each hypothesis; of two, the shorter one."""
    compared = compare(pairs.hypotheses, pairs.references)
    lengths = pairs.references.lengths[compared.reference]
    distances = np.abs(lengths - pairs.hypotheses.lengths[compared.hypothesis])
    base = int(lengths.max(initial=0)) + 1
    closest: Integers = compared.reduce(np.minimum, distances * base + lengths, np.iinfo(np.int64).max) % base
    return closest


def nltk_current(matches: Matches, n: int) -> Floats:
    """(n, hypotheses): modified precisions smoothed by method 7, which is method 4 and then method 5.

    Method 4 gives the j-th order without a match ln(length) / (K 2^j) matches, if the length is above 1.
    """
    zero = matches.matched[:n] == 0
    rank = np.cumsum(zero, axis=0)
    counts = np.log(np.maximum(matches.lengths, 1)) / (K * 2.0**rank)
    return _method5(np.where(zero, counts, matches.matched[:n]) / matches.totals[:n], matches)


def nltk_legacy(matches: Matches, n: int) -> Floats:
    """(n, hypotheses): as NLTK 3.2.5 to 3.4.5 computed method 7, the releases of the paper's time.

    Their method 4 gives the i-th order, counted from 0, without a match the precision 1 / (i + K / ln(length)),
    whatever its number of n-grams. An answer of one token without a match in some order made them divide by 0;
    DialogWAE's code caught that and scored 0, so its precisions are 0 here.
    """
    zero = matches.matched[:n] == 0
    logarithms = np.log(np.maximum(matches.lengths, 1))
    inverse = np.divide(K, logarithms, out=np.full_like(logarithms, np.inf), where=logarithms > 0)
    smoothed = _method5(
        np.where(zero, 1 / (np.arange(n)[:, None] + inverse), matches.matched[:n] / matches.totals[:n]), matches
    )
    return np.where(zero.any(axis=0) & (matches.lengths <= 1), 0.0, smoothed)


def _method5(precisions: Floats, matches: Matches) -> Floats:
    """m_i = (m_(i-1) + p_i + p_(i+1)) / 3 with m_(-1) = p_0 + 1 and the 5-gram precision after the last."""
    ahead = np.vstack([precisions[1:], matches.matched[LOOKAHEAD - 1] / matches.totals[LOOKAHEAD - 1]])
    smoothed = np.empty_like(precisions)
    previous = precisions[0] + 1
    for i in range(len(precisions)):
        previous = smoothed[i] = (previous + precisions[i] + ahead[i]) / 3
    return smoothed


def unsmoothed(matches: Matches, n: int) -> Floats:
    """(n, hypotheses): the modified precisions; an order without a match makes the score 0."""
    precisions: Floats = matches.matched[:n] / matches.totals[:n]
    return precisions


@dataclass(frozen=True)
class Smoothing:
    """How precisions are smoothed, and what a signature calls it."""

    precisions: Callable[[Matches, int], Floats]
    signature: Mapping[str, str]


SMOOTHINGS = {
    "nltk-current": Smoothing(nltk_current, {"s": "nltk-current7", "nltk": "3.10.4"}),
    "nltk-legacy": Smoothing(nltk_legacy, {"s": "nltk-legacy7", "nltk": "3.4.5"}),
    "none": Smoothing(unsmoothed, {"s": "none"}),
}


def sentence_bleu(matches: Matches, n: int, smoothing: str = "nltk-current") -> Floats:
    """(hypotheses,): brevity penalty times the geometric mean of the n smoothed precisions."""
    precisions = SMOOTHINGS[smoothing].precisions(matches, n)
    lengths = np.maximum(matches.lengths, 1)
    brevity = np.exp(np.minimum(0.0, 1.0 - matches.reference_lengths / lengths))
    alive = matches.matched[0] > 0
    means = np.exp(np.log(precisions, where=precisions > 0, out=np.full_like(precisions, -np.inf)).mean(axis=0))
    return np.where(alive, brevity * means, 0.0)
