"""Whether two systems' ratings differ by more than chance: randomisation over contexts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIGNS_AT_ONCE = 2_000_000
ROUNDING = 1e-9


def randomisation_test(differences: Floats, permutations: int, seed: int) -> float:
    """The two-sided p of paired ``differences`` (contexts,): Edgington and Onghena (2007), Noreen (1989).

    If the systems were alike, either could have got either context's score: signs are flipped at random, and p is
    the share of flips with as large a sum, the observed one among them. With few contexts all flips are tried.
    """
    observed = abs(differences.sum()) - ROUNDING
    if 2 ** len(differences) <= permutations:
        return float((np.abs(_all_signs(len(differences)) @ differences) >= observed).mean())
    reached = sum(
        int((np.abs(signs @ differences) >= observed).sum())
        for signs in _random_signs(len(differences), permutations, seed)
    )
    return (reached + 1) / (permutations + 1)


def _all_signs(contexts: int) -> Floats:
    """(2 ** contexts, contexts) of -1 and 1."""
    bits = np.arange(2**contexts)[:, None] >> np.arange(contexts) & 1
    return np.where(bits, -1.0, 1.0)


def _random_signs(contexts: int, permutations: int, seed: int) -> Iterator[Floats]:
    generator = np.random.Generator(np.random.PCG64(seed))
    step = max(1, SIGNS_AT_ONCE // contexts)
    for begin in range(0, permutations, step):
        flips = generator.integers(0, 2, size=(min(step, permutations - begin), contexts))
        yield np.where(flips, -1.0, 1.0)
