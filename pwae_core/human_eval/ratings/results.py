"""The results of the ratings: means per system, agreement, comparisons; all of them can be written as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from pwae_core.config.human_eval import HumanEvalScoreConfig
from pwae_core.errors import ConfigError
from pwae_core.human_eval.ratings.agreement import Coefficient, Floats, complete, table
from pwae_core.human_eval.ratings.arrays import Ratings, between_two, context_means, resampled, statistics
from pwae_core.human_eval.sheets.form import Criterion
from pwae_core.metrics.bootstrap import Interval, interval, resampled_means
from pwae_core.metrics.significance import holm, randomisation_test

EVERYBODY = "all"


@dataclass(frozen=True)
class Mean:
    """The mean over contexts of the means over annotators, with its 95% interval.

    ``mean`` is None if nothing was rated; ``low`` and ``high`` are None if there are too few contexts.
    """

    system: str
    criterion: str
    mean: float | None
    low: float | None
    high: float | None
    contexts: int
    ratings: int


@dataclass(frozen=True)
class Agreed:
    """A coefficient. ``between``: ``all``, two annotators (``1-2``), or one annotator's repeats (``1-1``)."""

    criterion: str
    between: str
    statistic: str
    value: float | None
    low: float | None
    high: float | None
    items: int
    note: str


@dataclass(frozen=True)
class Comparison:
    """``system`` minus ``other`` over the contexts in which both were rated; None if there are none."""

    criterion: str
    system: str
    other: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    contexts: int


def means(ratings: Ratings, config: HumanEvalScoreConfig) -> list[Mean]:
    """Every system's mean in every criterion, all resampled with the same draws."""
    made = []
    for criterion in ratings.criteria:
        values = ratings.first(criterion.name)
        scores = context_means(values)
        draws = resampled_means(scores, config.resamples, config.seed)
        for number, system in enumerate(ratings.systems):
            own = scores[~np.isnan(scores[:, number]), number]
            ends = interval(draws[:, number], len(own))
            mean = float(own.mean()) if len(own) else None
            count = int((~np.isnan(values[:, :, number])).sum())
            made.append(Mean(system, criterion.name, mean, ends.low, ends.high, len(own), count))
    return sorted(made, key=lambda one: ratings.systems.index(one.system))


def agreements(ratings: Ratings, config: HumanEvalScoreConfig) -> list[Agreed]:
    """Agreement of all annotators, of every two of them, and of each with themselves if items were repeated."""
    return [one for criterion in ratings.criteria for one in _agreements(ratings, criterion, config)]


def _agreements(ratings: Ratings, criterion: Criterion, config: HumanEvalScoreConfig) -> Iterator[Agreed]:
    items = ratings.items(criterion.name)
    if len(ratings.annotators) > 1:
        counts = table(items, criterion.ratings)
        for name, statistic in statistics(criterion).items():
            used = counts * complete(counts)[:, None] if name == "fleiss_kappa" else counts
            by_context = used.reshape(len(ratings.contexts), -1, used.shape[1])
            contexts = int((by_context.sum(axis=2) > 1).any(axis=1).sum())
            ends = interval(resampled(by_context, statistic, config.resamples, config.seed), contexts)
            yield _agreed(criterion, EVERYBODY, name, statistic(counts), ends)
    for one, two in combinations(range(len(ratings.annotators)), 2):
        pair = items[:, [one, two]]
        if not np.isnan(pair).any(axis=1).all():  # if each item goes to only some annotators, two may share none
            yield from _between(criterion, f"{ratings.annotators[one]}-{ratings.annotators[two]}", pair)
    for annotator in ratings.annotators:
        pair = ratings.repeats(criterion.name, annotator)
        if not np.isnan(pair[:, 1]).all():
            yield from _between(criterion, f"{annotator}-{annotator}", pair)


def _between(criterion: Criterion, between: str, pair: Floats) -> Iterator[Agreed]:
    for name, statistic in between_two(criterion).items():
        yield _agreed(criterion, between, name, statistic(pair), Interval(None, None))


def _agreed(criterion: Criterion, between: str, name: str, found: Coefficient, ends: Interval) -> Agreed:
    low, high = (ends.low, ends.high) if found.value is not None else (None, None)
    return Agreed(criterion.name, between, name, found.value, low, high, found.items, found.note)


def comparisons(ratings: Ratings, config: HumanEvalScoreConfig) -> list[Comparison]:
    """Every two systems, or ``config.against`` with every other. Raises ConfigError if that system is unknown."""
    systems = ratings.systems
    if config.against is not None and config.against not in systems:
        raise ConfigError(f"against: {config.against!r} is not one of the systems: {', '.join(systems)}.")
    pairs = list(combinations(range(len(systems)), 2))
    if config.against is not None:
        base = systems.index(config.against)
        pairs = [(base, other) for other in range(len(systems)) if other != base]
    if not pairs:
        return []
    return [one for criterion in ratings.criteria for one in _compared(ratings, criterion, pairs, config)]


def _compared(
    ratings: Ratings, criterion: Criterion, pairs: list[tuple[int, int]], config: HumanEvalScoreConfig
) -> list[Comparison]:
    """All comparisons in one criterion, corrected together (Holm)."""
    scores = context_means(ratings.first(criterion.name))
    differences = np.stack([scores[:, one] - scores[:, two] for one, two in pairs], axis=1)
    draws = resampled_means(differences, config.resamples, config.seed)
    made = []
    for column, (one, two) in enumerate(pairs):
        own = differences[~np.isnan(differences[:, column]), column]
        names = criterion.name, ratings.systems[one], ratings.systems[two]
        if not len(own):
            made.append(Comparison(*names, None, None, None, None, None, 0))
            continue
        ends = interval(draws[:, column], len(own))
        p = randomisation_test(scores[:, [one], None], scores[:, [two], None], config.permutations, config.seed).p
        made.append(Comparison(*names, float(own.mean()), ends.low, ends.high, p, None, len(own)))
    return _corrected(made)


def _corrected(made: list[Comparison]) -> list[Comparison]:
    tested = [number for number, one in enumerate(made) if one.p is not None]
    adjusted: Mapping[int, float] = dict(zip(tested, holm([made[n].p or 0.0 for n in tested]), strict=True))
    return [replace(one, p_holm=adjusted.get(number)) for number, one in enumerate(made)]
