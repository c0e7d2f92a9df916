"""Systems against a base, metric by metric: differences, their intervals, two tests, Holm's correction.

A system of several seeds is represented by the mean over its seeds: of every context's score, and of F1, which each
seed computes from its own two averages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pwae_core.metrics import table
from pwae_core.metrics.bootstrap import FEWEST, interval, resampled_means
from pwae_core.metrics.signature import sign
from pwae_core.metrics.significance import Floats, Outcome, Score, bootstrap_p, holm, randomisation_test, the_mean
from pwae_core.metrics.table import F1, PRECISION, RECALL, Scores, harmonic_mean, in_order

FAMILIES = (table.BOW + table.BLEU, (*table.INTRA, *table.INTER, table.REPETITION, table.LENGTH))
"""Holm's correction is over all systems and all metrics of one family. The families are the two tables that are
printed, and a third for metrics that are not pwae's.
"""


@dataclass(frozen=True)
class Comparison:
    """``difference`` is the system's score minus the base's, between ``low`` and ``high`` in 95% of the resamples.

    The p-values are two-sided; those named ``_holm`` are adjusted. Interval and bootstrap are None if there are too few
    contexts. ``differing`` of the ``contexts`` differ; ``signature`` says how they were tested.
    """

    system: str
    base: str
    metric: str
    difference: float
    low: float | None
    high: float | None
    bootstrap: float | None
    bootstrap_holm: float | None
    randomisation: float
    randomisation_holm: float
    contexts: int
    differing: int
    signature: str


@dataclass(frozen=True)
class _Compared:
    """A system's columns (contexts, seeds, columns), and their means over resamples (trials, seeds, columns)."""

    values: Floats
    resampled: Floats
    score: Score

    @property
    def observed(self) -> float:
        return float(self.score(np.nanmean(self.values, axis=0)).mean())

    @property
    def resampled_scores(self) -> Floats:
        scores: Floats = self.score(self.resampled).mean(axis=1)
        return scores


def compare(
    systems: Mapping[str, Sequence[Scores]],
    base: str,
    trials: int,
    seed: int,
    families: Sequence[Sequence[str]] = FAMILIES,
) -> list[Comparison]:
    """Compares every system, of one seed or several, with ``base``, in F1 and every metric that is a mean over
    contexts.

    Holm's correction is over all systems and all metrics of each of the ``families``.
    """
    names = list(dict.fromkeys(name for runs in systems.values() for run in runs for name in run.contexts))
    columns = {system: np.stack([_columns(run, names) for run in runs], axis=1) for system, runs in systems.items()}
    drawn = _resampled(columns, trials, seed)
    made = []
    for system in (one for one in systems if one != base):
        shared = [name for name in names if all(name in run.contexts for run in (*systems[system], *systems[base]))]
        for metric in in_order([*shared, *([F1] if RECALL in shared else [])]):
            taken = _taken(names, metric)
            one, two = (taken(columns[name], drawn[name]) for name in (system, base))
            made.append(_comparison(system, base, metric, one, two, trials, seed))
    return _corrected(made, families)


def _columns(run: Scores, names: Sequence[str]) -> Floats:
    """NaN if a run lacks a score that others have."""
    without = np.full(len(next(iter(run.contexts.values()))), np.nan)
    return np.column_stack([run.contexts.get(name, without) for name in names])


def _resampled(columns: Mapping[str, Floats], trials: int, seed: int) -> dict[str, Floats]:
    """By system, (trials, seeds, names): all are resampled by the same draws."""
    flat = [values.reshape(len(values), -1) for values in columns.values()]
    borders = np.cumsum([one.shape[1] for one in flat])[:-1]
    means = np.split(resampled_means(np.hstack(flat), trials, seed), borders, axis=1)
    return {
        system: own.reshape(trials, *values.shape[1:])
        for own, (system, values) in zip(means, columns.items(), strict=True)
    }


def _taken(names: Sequence[str], metric: str) -> Callable[[Floats, Floats], _Compared]:
    """A function that picks a metric's columns out of all those of a system."""
    if metric == F1:
        both = [names.index(RECALL), names.index(PRECISION)]
        return lambda values, drawn: _Compared(values[..., both], drawn[..., both], _f1)
    own = [names.index(metric)]
    return lambda values, drawn: _Compared(
        values[..., own].mean(axis=1, keepdims=True), drawn[..., own].mean(axis=1, keepdims=True), the_mean
    )


def _f1(means: Floats) -> Floats:
    return harmonic_mean(means[..., 0], means[..., 1])


def _comparison(
    system: str, base: str, metric: str, one: _Compared, two: _Compared, trials: int, seed: int
) -> Comparison:
    difference, drawn = one.observed - two.observed, one.resampled_scores - two.resampled_scores
    tested = randomisation_test(one.values, two.values, trials, seed, one.score)
    bounds = interval(drawn, tested.contexts)
    p = bootstrap_p(drawn, one.values, two.values, difference) if tested.contexts >= FEWEST else None
    signature = sign(metric, _parts(tested, trials, seed, bootstrap=p is not None))
    counts = tested.contexts, tested.differing
    return Comparison(
        system, base, metric, difference, bounds.low, bounds.high, p, p, tested.p, tested.p, *counts, signature
    )


def _parts(tested: Outcome, trials: int, seed: int, *, bootstrap: bool) -> dict[str, object]:
    """How the difference was tested: ``swaps`` of whole contexts, all or random ones; resamples of the bootstrap."""
    swaps = {"swaps": f"all-{2**tested.differing}" if tested.exact else trials}
    resamples = {"bs": trials} if bootstrap else {}
    drawn = {} if tested.exact and not bootstrap else {"seed": seed}
    return {"contexts": tested.contexts, "differ": tested.differing, **swaps, **resamples, **drawn}


def _corrected(made: Sequence[Comparison], families: Sequence[Sequence[str]]) -> list[Comparison]:
    corrected = list(made)
    others = {one.metric for one in made} - {metric for family in families for metric in family}
    for family in (*families, sorted(others)):
        chosen = [i for i, one in enumerate(made) if one.metric in family]
        for i, p in zip(chosen, holm([made[i].randomisation for i in chosen]), strict=True):
            corrected[i] = replace(corrected[i], randomisation_holm=p)
        known = {i: one for i in chosen if (one := made[i].bootstrap) is not None}
        for i, adjusted in zip(known, holm(list(known.values())), strict=True):
            corrected[i] = replace(corrected[i], bootstrap_holm=adjusted)
    return corrected
