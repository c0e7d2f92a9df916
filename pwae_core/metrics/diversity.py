"""How much a system's answers differ from one another, how much they repeat themselves, and how long they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwae_core.metrics.sentences import Integers, Pairs, Sentences

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Grams:
    """Every n-gram of one order: the answer it is in, and a code that equal n-grams share."""

    owners: Integers
    codes: Integers

    def share_different(self, groups: Integers, count: int) -> Floats:
        """(count,): different n-grams over all n-grams of each group; ``groups`` maps answers. 0 if there is none."""
        own = groups[self.owners]
        different = np.unique(self.codes * count + own) % max(count, 1)
        each = np.bincount(own, minlength=count)
        shares: Floats = np.bincount(different, minlength=count) / np.maximum(each, 1)
        return shares


def _grams(hypotheses: Sentences, n: int, types: int) -> _Grams:
    starts, owners, codes = np.arange(len(hypotheses.ids)), hypotheses.owners, hypotheses.ids
    for _ in range(n - 1):
        starts = starts + 1
        inside = starts < hypotheses.offsets[owners + 1]
        starts, owners = starts[inside], owners[inside]
        codes = np.unique(codes[inside] * types + hypotheses.ids[starts], return_inverse=True)[1]
    return _Grams(owners, codes)


def distinct(pairs: Pairs, n: int) -> float:
    """Distinct-n (Li et al. 2016): different n-grams over all n-grams of the answers to all contexts.

    The ratio falls as text grows, so samples are not pooled: it is taken over one answer per context, for each sample
    in turn, and averaged. Systems with different numbers of samples stay comparable; test sets of different sizes do
    not. 0 if there is no n-gram.
    """
    answers = len(pairs.hypotheses.lengths)
    samples = answers // pairs.contexts
    grams = _grams(pairs.hypotheses, n, len(pairs.types))
    return float(grams.share_different(np.arange(answers) % samples, samples).mean())


def within(pairs: Pairs, n: int) -> Floats:
    """(hypotheses,): different n-grams over all n-grams of each answer (intra-dist, Gu et al. 2019); 0 if none."""
    answers = len(pairs.hypotheses.lengths)
    return _grams(pairs.hypotheses, n, len(pairs.types)).share_different(np.arange(answers), answers)


def across(pairs: Pairs, n: int) -> Floats:
    """(contexts,): the same over all answers to one context together (inter-dist, Gu et al. 2019)."""
    return _grams(pairs.hypotheses, n, len(pairs.types)).share_different(pairs.hypotheses.contexts, pairs.contexts)


def repeats(pairs: Pairs, n: int = 2) -> Floats:
    """(hypotheses,): 1.0 for an answer that says an n-gram more than once, otherwise 0.0."""
    grams = _grams(pairs.hypotheses, n, len(pairs.types))
    answers = len(pairs.hypotheses.lengths)
    seen, counts = np.unique(grams.codes * answers + grams.owners, return_counts=True)
    again = np.zeros(answers)
    again[seen[counts > 1] % max(answers, 1)] = 1.0
    return again


def lengths(pairs: Pairs) -> Floats:
    """(hypotheses,): the number of tokens of each answer."""
    return pairs.hypotheses.lengths.astype(np.float64)
