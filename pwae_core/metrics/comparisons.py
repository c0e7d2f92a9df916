"""Systems against a base, metric by metric: differences, their intervals, two tests, Holm's correction.

A system of several seeds is represented by the mean over its seeds: of every context's score, and of F1, which each
seed computes from its own two averages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
class _Pair:
    """A metric's columns of a system and the base, both (contexts, seeds, columns).

    NaN in both wherever a seed of either has no score.
    """

    system: str
    metric: str
    one: Floats
    two: Floats
    score: Score

    @property
    def columns(self) -> Floats:
        """(contexts, all columns): those of ``one``, then those of ``two``."""
        return np.hstack([side.reshape(len(side), -1) for side in (self.one, self.two)])

    def difference(self, means: Floats) -> Floats:
        """(trials,): the difference for each of the ``means`` (trials, all columns) over contexts."""
        border = self.one[0].size
        sides = ((self.one, means[:, :border]), (self.two, means[:, border:]))
        scores = [self.score(own.reshape(-1, *side.shape[1:])).mean(axis=1) for side, own in sides]
        difference: Floats = scores[0] - scores[1]
        return difference


def compare(
    systems: Mapping[str, Sequence[Scores]],
    base: str,
    trials: int,
    seed: int,
    families: Sequence[Sequence[str]] = FAMILIES,
) -> list[Comparison]:
    """Compares every system, of one seed or several, with ``base``, in F1 and every metric that is a mean over
    contexts.

    A difference is of the contexts that have a score in every seed of both; without any, there is none. Holm's
    correction is over all systems and all metrics of each of the ``families``.
    """
    pairs = [
        pair
        for system in systems
        if system != base
        for metric in _shared([*systems[system], *systems[base]])
        if (pair := _pair(system, metric, systems[system], systems[base])) is not None
    ]
    if not pairs:
        return []
    columns = [pair.columns for pair in pairs]
    borders = np.cumsum([one.shape[1] for one in columns])[:-1]
    drawn = np.split(resampled_means(np.hstack(columns), trials, seed), borders, axis=1)  # all by the same draws
    made = [_comparison(pair, base, means, trials, seed) for pair, means in zip(pairs, drawn, strict=True)]
    return corrected(made, families)


def apart(systems: Mapping[str, Sequence[Scores]], base: str, made: Sequence[Comparison]) -> list[str]:
    """What could not be compared, as both systems have the metric, but for no context in common."""
    compared = {(one.system, one.metric) for one in made}
    return [
        f"{system} and {base} are not compared in {metric}: no context has it for every seed of both."
        for system in systems
        if system != base
        for metric in _shared([*systems[system], *systems[base]])
        if (system, metric) not in compared
    ]


def _shared(runs: Sequence[Scores]) -> list[str]:
    """The metrics that all ``runs`` have, and F1 if they have its parts."""
    shared = [name for name in runs[0].contexts if all(name in run.contexts for run in runs)]
    return in_order([*shared, *([F1] if RECALL in shared else [])])


def _pair(system: str, metric: str, one: Sequence[Scores], two: Sequence[Scores]) -> _Pair | None:
    """None if no context has every score."""
    names = (RECALL, PRECISION) if metric == F1 else (metric,)
    first, second = _scores(one, names), _scores(two, names)
    absent = np.isnan(np.hstack([first, second])).any(axis=(1, 2))
    if absent.all():
        return None
    first[absent] = second[absent] = np.nan
    if metric == F1:
        return _Pair(system, metric, first, second, _f1)
    means = [side.mean(axis=1, keepdims=True) for side in (first, second)]
    return _Pair(system, metric, means[0], means[1], the_mean)


def _scores(runs: Sequence[Scores], names: Sequence[str]) -> Floats:
    """(contexts, seeds, names)."""
    return np.stack([np.column_stack([run.contexts[name] for name in names]) for run in runs], axis=1)


def _f1(means: Floats) -> Floats:
    return harmonic_mean(means[..., 0], means[..., 1])


def _comparison(pair: _Pair, base: str, resampled: Floats, trials: int, seed: int) -> Comparison:
    (difference,) = pair.difference(np.nanmean(pair.columns, axis=0)[None])
    drawn = pair.difference(resampled)
    tested = randomisation_test(pair.one, pair.two, trials, seed, pair.score)
    bounds = interval(drawn, tested.contexts)
    p = bootstrap_p(drawn, pair.one, pair.two, difference) if tested.contexts >= FEWEST else None
    signature = sign(pair.metric, _parts(tested, trials, seed, bootstrap=p is not None))
    found = (float(difference), bounds.low, bounds.high, p, p, tested.p, tested.p)
    return Comparison(pair.system, base, pair.metric, *found, tested.contexts, tested.differing, signature)


def _parts(tested: Outcome, trials: int, seed: int, *, bootstrap: bool) -> dict[str, object]:
    """How the difference was tested: ``swaps`` of whole contexts, all or random ones; resamples of the bootstrap."""
    swaps = {"swaps": f"all-{2**tested.differing}" if tested.exact else trials}
    resamples = {"bs": trials} if bootstrap else {}
    drawn = {} if tested.exact and not bootstrap else {"seed": seed}
    return {"contexts": tested.contexts, "differ": tested.differing, **swaps, **resamples, **drawn}


def corrected(made: Sequence[Comparison], families: Sequence[Sequence[str]]) -> list[Comparison]:
    """The comparisons with Holm's correction over all of them, family by family; metrics of none are one more."""
    adjusted = list(made)
    others = {one.metric for one in made} - {metric for family in families for metric in family}
    for family in (*families, sorted(others)):
        chosen = [i for i, one in enumerate(made) if one.metric in family]
        for i, p in zip(chosen, holm([made[i].randomisation for i in chosen]), strict=True):
            adjusted[i] = replace(adjusted[i], randomisation_holm=p)
        known = {i: one for i in chosen if (one := made[i].bootstrap) is not None}
        for i, p in zip(known, holm(list(known.values())), strict=True):
            adjusted[i] = replace(adjusted[i], bootstrap_holm=p)
    return adjusted
