"""Tests and intervals of 'pwae evaluate' where the truth is known: no difference, and a mean that is given.

    python benchmarks/significance.py                    the tables of docs/metrics.md
    python benchmarks/significance.py --pairs 200        a quick look

Pairs of systems that do not differ are drawn, of several kinds. Printed is how often each test finds a difference at
the level of .05, where .05 is right and more is too much; and how often the 95% interval holds the truth. At few
contexts that is what the intervals and p-values would be that pwae does not give there.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from pwae_core.metrics.bootstrap import FEWEST, interval, resampled_means
from pwae_core.metrics.significance import bootstrap_p, randomisation_test, the_mean
from pwae_core.metrics.table import harmonic_mean

CONTEXTS = (5, 10, 15, 20, 30, 50, 100, 200, 500)
TRIALS = 1_000
LEVEL = 0.05

Floats = np.ndarray
Draw = Callable[[np.random.Generator, int], Floats]


def normal(random: np.random.Generator, contexts: int) -> Floats:
    return random.normal(size=(contexts, 1))


def ratings(random: np.random.Generator, contexts: int) -> Floats:
    """The mean of three annotators on three points: many ties."""
    return random.choice([1, 2, 3], p=[0.2, 0.3, 0.5], size=(contexts, 3)).mean(axis=1, keepdims=True)


def skewed(random: np.random.Generator, contexts: int) -> Floats:
    """Most contexts near 0, a few far above, as sentence BLEU is."""
    return random.gamma(0.5, 0.2, size=(contexts, 1))


def recall_and_precision(random: np.random.Generator, contexts: int) -> Floats:
    """Best and mean of ten skewed samples, for F1."""
    samples = random.gamma(0.5, 0.2, size=(contexts, 10))
    return np.stack([samples.max(axis=1), samples.mean(axis=1)], axis=1)


KINDS: dict[str, Draw] = {
    "normal": normal,
    "ratings": ratings,
    "skewed": skewed,
    "F1": recall_and_precision,
}


def score(means: Floats) -> Floats:
    return the_mean(means) if means.shape[-1] == 1 else harmonic_mean(means[..., 0], means[..., 1])


def truth(draw: Draw, random: np.random.Generator) -> float:
    return float(score(draw(random, 4_000_000).mean(axis=0)))


def once(draw: Draw, contexts: int, true: float, random: np.random.Generator) -> list[bool]:
    """Of one pair: is there a difference, by randomisation, by bootstrap; do both intervals hold the truth?"""
    one, two = draw(random, contexts), draw(random, contexts)
    alike = random.random(contexts) < 0.3
    two[alike] = one[alike]
    seed = int(random.integers(1 << 30))
    first, second = np.split(resampled_means(np.hstack([one, two]), TRIALS, seed), 2, axis=1)
    differences = score(first) - score(second)
    observed = float(score(one.mean(axis=0)) - score(two.mean(axis=0)))
    both = one[:, None], two[:, None]
    bounds, apart = interval(score(first), FEWEST), interval(differences, FEWEST)
    return [
        randomisation_test(*both, TRIALS, seed, score).p <= LEVEL,
        bootstrap_p(differences, *both, observed) <= LEVEL,
        bounds.low is not None and bounds.high is not None and bounds.low <= true <= bounds.high,
        apart.low is not None and apart.high is not None and apart.low <= 0 <= apart.high,
    ]


def simulate(pairs: int, seed: int, sizes: Sequence[int]) -> None:
    print(
        f"{pairs:,} pairs each, {TRIALS:,} trials, 3 of 10 contexts alike; a standard error is at most "
        f"{(0.25 / pairs) ** 0.5:.3f}, {(0.0475 / pairs) ** 0.5:.3f} at .05"
    )
    print(f"{'':10} {'contexts':>8} {'randomisation':>14} {'bootstrap':>10} {'interval':>9} {'of a difference':>16}")
    for name, draw in KINDS.items():
        random = np.random.default_rng(seed)
        true = truth(draw, random)
        for contexts in sizes:
            found = np.mean([once(draw, contexts, true, random) for _ in range(pairs)], axis=0)
            print(
                f"{name:10} {contexts:8} {found[0]:14.3f} {found[1]:10.3f} {found[2]:9.3f} {found[3]:16.3f}", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2_000)
    parser.add_argument("--contexts", type=int, nargs="+", default=CONTEXTS)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    simulate(given.pairs, given.seed, given.contexts)


if __name__ == "__main__":
    main()
