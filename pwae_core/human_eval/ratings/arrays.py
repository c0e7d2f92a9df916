"""From gathered ratings to arrays of ratings by annotator, context and system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pwae_core.human_eval.blinding.placement import GROUND_TRUTH
from pwae_core.human_eval.ratings import agreement
from pwae_core.human_eval.ratings.agreement import Coefficient, Floats, Statistic
from pwae_core.human_eval.ratings.key import KeyItem
from pwae_core.human_eval.sheets.form import Criterion

FIRST, AGAIN = 1, 2


@dataclass(frozen=True)
class Ratings:
    """``values[showing][criterion]`` is (annotators, contexts, systems), with NaN for no rating."""

    criteria: tuple[Criterion, ...]
    annotators: tuple[int, ...]
    contexts: tuple[str, ...]
    systems: tuple[str, ...]
    values: Mapping[int, Mapping[str, Floats]]

    @property
    def rated(self) -> int:
        """The number of contexts with a rating."""
        given = [~np.isnan(values).all(axis=(0, 2)) for values in self.values[FIRST].values()]
        return int(np.any(given, axis=0).sum())

    def first(self, criterion: str) -> Floats:
        return self.values[FIRST][criterion]

    def items(self, criterion: str) -> Floats:
        """(contexts * systems, annotators): the first showings, one row per item, grouped by context."""
        values = self.first(criterion)
        return values.reshape(len(values), -1).T

    def repeats(self, criterion: str, annotator: int) -> Floats:
        """(items, 2): an annotator's first and second rating of each item; NaN for a missing one."""
        number = self.annotators.index(annotator)
        return np.stack([self.values[showing][criterion][number].reshape(-1) for showing in (FIRST, AGAIN)], axis=1)


def arrange(key: Sequence[KeyItem], given: Mapping[tuple[str, str], int], criteria: tuple[Criterion, ...]) -> Ratings:
    """Arranges ``given`` ratings (by item id and criterion). Annotators without any are left out.

    Systems are sorted by name, with the ground truth last.
    """
    annotators = tuple(sorted({one.annotator for one in key if any((one.item_id, c.name) in given for c in criteria)}))
    contexts = tuple(sorted({one.session_id for one in key}))
    systems = tuple(sorted({one.system for one in key}, key=lambda name: (name == GROUND_TRUTH, name)))
    shape = len(annotators), len(contexts), len(systems)
    values = {showing: {one.name: np.full(shape, np.nan) for one in criteria} for showing in (FIRST, AGAIN)}
    place = [{name: number for number, name in enumerate(names)} for names in (contexts, systems)]
    for one in key:
        for criterion in criteria:
            rating = given.get((one.item_id, criterion.name))
            if rating is not None:
                where = annotators.index(one.annotator), place[0][one.session_id], place[1][one.system]
                values[one.showing][criterion.name][where] = rating
    return Ratings(criteria, annotators, contexts, systems, values)


def context_means(values: Floats) -> Floats:
    """(contexts, systems): the mean over annotators of ``values`` (annotators, contexts, systems); NaN if unrated."""
    rated = ~np.isnan(values)
    number = rated.sum(axis=0)
    means: Floats = np.divide(
        np.where(rated, values, 0).sum(axis=0), number, out=np.full(number.shape, np.nan), where=number > 0
    )
    return means


def weights_of(criterion: Criterion) -> Floats:
    """(categories, categories): how far two ratings agree, by distance on an ordinal scale, else by equality."""
    number = len(criterion.scale)
    return agreement.linear_weights(number) if criterion.ordinal else agreement.identity_weights(number)


def statistics(criterion: Criterion) -> dict[str, Statistic]:
    """The coefficients for any number of annotators, by name. On a scale of two points AC2 equals AC1."""
    weights = weights_of(criterion)
    ordinal = criterion.ordinal
    return {
        "raw_agreement": agreement.raw_agreement,
        "fleiss_kappa": agreement.fleiss_kappa,
        "krippendorff_alpha": lambda counts: agreement.krippendorff_alpha(counts, ordinal),
        "gwet_ac2" if ordinal else "gwet_ac1": lambda counts: agreement.gwet_ac(counts, weights),
    }


def between_two(criterion: Criterion) -> dict[str, Callable[[Floats], Coefficient]]:
    """The coefficients for two columns of ratings (items, 2), by name: two annotators, or one annotator's repeats."""
    categories, number = criterion.ratings, len(criterion.scale)

    def cohen(weights: Floats) -> Callable[[Floats], Coefficient]:
        return lambda pair: agreement.cohen_kappa(pair[:, 0], pair[:, 1], categories, weights)

    def of_counts(statistic: Statistic) -> Callable[[Floats], Coefficient]:
        return lambda pair: statistic(agreement.table(pair[~np.isnan(pair).any(axis=1)], categories))

    weights = weights_of(criterion)
    made = {
        "raw_agreement": of_counts(agreement.raw_agreement),
        "cohen_kappa": cohen(agreement.identity_weights(number)),
    }
    if criterion.ordinal:
        made["cohen_kappa_linear"] = cohen(weights)
    name = "gwet_ac2" if criterion.ordinal else "gwet_ac1"
    return made | {name: of_counts(lambda counts: agreement.gwet_ac(counts, weights))}


def resampled(by_context: Floats, statistic: Statistic, resamples: int, seed: int) -> Floats:
    """(resamples,) bootstrap values of a coefficient of counts (contexts, systems, categories), with contexts drawn
    with replacement; NaN if undefined.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    values = []
    for _ in range(resamples):
        drawn = by_context[generator.integers(0, len(by_context), len(by_context))]
        value = statistic(drawn.reshape(-1, by_context.shape[2])).value
        values.append(np.nan if value is None else value)
    return np.array(values)
