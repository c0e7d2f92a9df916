"""Systems against a base, metric by metric: differences, their intervals, two tests, Holm's correction.

A system of several seeds enters with the mean over its seeds of every context's score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pwae_core.metrics import table
from pwae_core.metrics.bootstrap import interval, resampled_means
from pwae_core.metrics.significance import Floats, bootstrap_p, holm, randomisation_p, swapped_means
from pwae_core.metrics.table import F1, METRICS, PRECISION, RECALL, Scores, harmonic_mean

FAMILIES = (table.BOW + table.BLEU, (*table.INTRA, *table.INTER, table.REPETITION, table.LENGTH))
"""Holm's correction is over all systems and all metrics of one family: the two tables that are printed."""


@dataclass(frozen=True)
class Comparison:
    """``difference`` is the system's score less the base's, between ``low`` and ``high`` in 95% of the resamples.

    The p-values are two-sided; those named ``_holm`` are adjusted.
    """

    system: str
    base: str
    metric: str
    difference: float
    low: float
    high: float
    bootstrap: float
    bootstrap_holm: float
    randomisation: float
    randomisation_holm: float


def mean_of_seeds(runs: Sequence[Scores]) -> Scores:
    """One system's scores from those of its seeds: every context's mean over the seeds."""
    contexts = {name: np.mean([run.contexts[name] for run in runs], axis=0) for name in runs[0].contexts}
    corpus = {name: float(np.mean([run.corpus[name] for run in runs])) for name in runs[0].corpus}
    return Scores(contexts, corpus)


def compare(systems: Mapping[str, Scores], base: str, trials: int, seed: int) -> list[Comparison]:
    """Every system against ``base``, for every metric that is a mean over contexts, or F1, which is of two means."""
    names = list(systems[base].contexts)
    values = {system: np.column_stack([scores.contexts[name] for name in names]) for system, scores in systems.items()}
    resampled = np.split(resampled_means(np.hstack(list(values.values())), trials, seed), len(values), axis=1)
    draws = dict(zip(values, resampled, strict=True))
    made: list[Comparison] = []
    for system in systems:
        if system != base:
            swapped = swapped_means(values[system], values[base], trials, seed)
            observed = (np.nanmean(values[one], axis=0)[None] for one in (system, base))
            differences = [
                _differences(names, one, two)
                for one, two in (tuple(observed), (draws[system], draws[base]), (swapped.one, swapped.two))
            ]
            made += [_comparison(system, base, m, *(d[m] for d in differences)) for m in METRICS if m in differences[0]]
    return _corrected(made)


def _differences(names: Sequence[str], one: Floats, two: Floats) -> dict[str, Floats]:
    """By metric (trials,): the first's score less the second's, from means that are (trials, names)."""
    made = {name: one[:, i] - two[:, i] for i, name in enumerate(names)}
    recall, precision = names.index(RECALL), names.index(PRECISION)
    f1 = [harmonic_mean(means[:, recall], means[:, precision]) for means in (one, two)]
    return made | {F1: f1[0] - f1[1]}


def _comparison(
    system: str, base: str, metric: str, observed: Floats, resampled: Floats, swapped: Floats
) -> Comparison:
    difference, bounds = float(observed[0]), interval(resampled)
    p, q = bootstrap_p(resampled, difference), randomisation_p(swapped, difference)
    return Comparison(system, base, metric, difference, bounds.low, bounds.high, p, p, q, q)


def _corrected(made: Sequence[Comparison]) -> list[Comparison]:
    corrected: dict[int, Comparison] = {}
    for family in FAMILIES:
        chosen = [i for i, one in enumerate(made) if one.metric in family]
        p = holm([made[i].bootstrap for i in chosen])
        q = holm([made[i].randomisation for i in chosen])
        for i, bootstrap, randomisation in zip(chosen, p, q, strict=True):
            corrected[i] = replace(made[i], bootstrap_holm=bootstrap, randomisation_holm=randomisation)
    return [corrected[i] for i in range(len(made))]
