"""Choices between two systems: how often each is preferred, with an interval, and whether that is more than chance.

The unit is the context. Its value for a pair is the share of its annotators who prefer the first system, a tie counting
half. The win rate is the mean over contexts. The test is the sign test over the contexts in which one of the two is
ahead: if the systems were alike, each would be ahead in half of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from pwae_core.config.human_eval import HumanEvalScoreConfig
from pwae_core.errors import ConfigError
from pwae_core.human_eval.blinding.pairing import SWAPPED
from pwae_core.human_eval.blinding.placement import GROUND_TRUTH
from pwae_core.human_eval.ratings.agreement import Floats
from pwae_core.human_eval.ratings.arrays import Ratings, arrange, context_means
from pwae_core.human_eval.ratings.key import KeyItem
from pwae_core.human_eval.sheets.form import FIRST, SECOND, TIE, Criterion
from pwae_core.metrics.bootstrap import LEVEL, Interval, interval, resampled_means
from pwae_core.metrics.significance import holm

WORTH = {FIRST: 1.0, TIE: 0.5, SECOND: 0.0}
SEPARATOR = "\0"
BOOTSTRAP, WILSON, NO_INTERVAL = "bootstrap", "wilson", "none"
EVEN = 1e-9


@dataclass(frozen=True)
class Preference:
    """``system`` against ``other``. ``wins``, ``ties`` and ``losses`` count contexts; ``choices`` counts choices.

    ``interval`` says how the interval was computed: ``bootstrap`` over contexts; ``wilson`` if every context is won or
    lost outright, so that the rate is a proportion; ``none`` if there are too few contexts.
    """

    criterion: str
    system: str
    other: str
    wins: int
    ties: int
    losses: int
    win_rate: float | None
    low: float | None
    high: float | None
    interval: str
    p: float | None
    p_holm: float | None
    choices: int


def arrange_pairs(
    key: Sequence[KeyItem], given: Mapping[tuple[str, str], int], criteria: tuple[Criterion, ...]
) -> Ratings:
    """The choices as ratings of pairs, turned the same way whichever side was shown first.

    FIRST is the system whose name sorts first; the ground truth sorts last. ``Ratings.systems`` are the pairs; see
    ``two_of``.
    """
    turned = {one.item_id for one in key if _order(one.other) < _order(one.system)}
    pairs = [replace(one, system=SEPARATOR.join(sorted((one.system, one.other), key=_order)), other="") for one in key]
    choices = {
        (item, name): SWAPPED.get(choice, choice) if item in turned else choice
        for (item, name), choice in given.items()
    }
    return arrange(pairs, choices, criteria)


def _order(system: str) -> tuple[bool, str]:
    return system == GROUND_TRUTH, system


def two_of(pair: str) -> tuple[str, str]:
    """The names of the two systems of a pair."""
    one, _, two = pair.partition(SEPARATOR)
    return one, two


def systems_of(ratings: Ratings) -> list[str]:
    """All systems that are compared, the ground truth last."""
    return sorted({system for pair in ratings.systems for system in two_of(pair)}, key=_order)


def preferences(ratings: Ratings, config: HumanEvalScoreConfig) -> list[Preference]:
    """Every pair in every criterion, or only pairs with ``config.against``. Raises ConfigError if that is unknown."""
    against = config.against
    if against is not None and against not in systems_of(ratings):
        raise ConfigError(f"against: {against!r} is not one of the systems: {', '.join(systems_of(ratings))}.")
    pairs = [number for number, pair in enumerate(ratings.systems) if against is None or against in two_of(pair)]
    return [one for criterion in ratings.criteria for one in _of_criterion(ratings, criterion, pairs, config)]


def _of_criterion(
    ratings: Ratings, criterion: Criterion, pairs: Sequence[int], config: HumanEvalScoreConfig
) -> list[Preference]:
    choices = ratings.first(criterion.name)
    worth = np.full_like(choices, np.nan)
    for choice, value in WORTH.items():
        worth[choices == choice] = value
    scores = context_means(worth)
    draws = resampled_means(scores, config.resamples, config.seed)
    made = []
    for pair in pairs:
        count = int((~np.isnan(choices[:, :, pair])).sum())
        made.append(_preference(criterion.name, ratings.systems[pair], scores[:, pair], draws[:, pair], count))
    tested = [number for number, one in enumerate(made) if one.p is not None]
    adjusted = dict(zip(tested, holm([made[number].p or 0.0 for number in tested]), strict=True))
    return [replace(one, p_holm=adjusted.get(number)) for number, one in enumerate(made)]


def _preference(criterion: str, pair: str, scores: Floats, draws: Floats, choices: int) -> Preference:
    own = scores[~np.isnan(scores)]
    wins, losses = int((own > 0.5 + EVEN).sum()), int((own < 0.5 - EVEN).sum())
    kind, ends = _interval(own, draws)
    return Preference(
        criterion,
        *two_of(pair),
        wins,
        len(own) - wins - losses,
        losses,
        win_rate=float(own.mean()) if len(own) else None,
        low=ends.low,
        high=ends.high,
        interval=kind,
        p=sign_test(wins, losses) if len(own) else None,
        p_holm=None,
        choices=choices,
    )


def _interval(own: Floats, draws: Floats) -> tuple[str, Interval]:
    if len(own) and np.isin(own, (0.0, 1.0)).all():
        return WILSON, wilson(int(own.sum()), len(own))
    ends = interval(draws, len(own))
    return (BOOTSTRAP if ends.low is not None else NO_INTERVAL), ends


def wilson(wins: int, contexts: int) -> Interval:
    """Wilson's (1927) score interval for a proportion, at level ``LEVEL``: valid for few contexts, and at 0 and 1."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    rate, weight = wins / contexts, z * z / contexts
    middle = (rate + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(rate * (1 - rate) / contexts + weight / (4 * contexts))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def sign_test(wins: int, losses: int) -> float:
    """The exact two-sided p: how often fair coins would fall at least this unevenly. 1 if there are only ties."""
    decided, fewer = wins + losses, min(wins, losses)
    ways = sum(math.comb(decided, number) for number in range(fewer + 1))
    return float(min(1.0, 2 * ways / 2**decided))
