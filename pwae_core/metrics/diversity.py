"""How much a system's answers differ among themselves, and how long they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pwae_core.metrics.sentences import Pairs


def distinct(pairs: Pairs, n: int) -> float:
    """Distinct-n (Li et al. 2016): different n-grams over all n-grams of the answers to all contexts.

    The ratio falls as text grows, so the samples are not thrown together: it is taken over one answer per context,
    for each sample in turn, and averaged. Systems with other numbers of samples stay comparable; test sets of other
    sizes do not. 0 where there is no n-gram.
    """
    hypotheses = pairs.hypotheses
    samples = len(hypotheses.lengths) // pairs.contexts
    starts = np.arange(len(hypotheses.ids))
    owners = hypotheses.owners
    codes = hypotheses.ids
    for _ in range(n - 1):
        starts = starts + 1
        inside = starts < hypotheses.offsets[owners + 1]
        starts, owners = starts[inside], owners[inside]
        codes = np.unique(codes[inside] * len(pairs.types) + hypotheses.ids[starts], return_inverse=True)[1]
    each = np.bincount(owners % samples, minlength=samples)
    different = np.unique(codes * samples + owners % samples) % samples
    return float((np.bincount(different, minlength=samples) / np.maximum(each, 1)).mean())


def lengths(pairs: Pairs) -> NDArray[np.float64]:
    """(hypotheses,): the tokens of each answer."""
    return pairs.hypotheses.lengths.astype(np.float64)
