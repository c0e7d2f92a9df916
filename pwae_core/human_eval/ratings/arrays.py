"""From gathered ratings to arrays: who gave which system's response to which context which rating."""

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
    """``values[showing][criterion]`` is (annotators, contexts, systems), NaN where nothing was rated."""

    criteria: tuple[Criterion, ...]
    annotators: tuple[int, ...]
    contexts: tuple[str, ...]
    systems: tuple[str, ...]
    values: Mapping[int, Mapping[str, Floats]]

    def first(self, criterion: str) -> Floats:
        return self.values[FIRST][criterion]

    def items(self, criterion: str) -> Floats:
        """(contexts * systems, annotators): the first showings, a row per item, a context's rows together."""
        values = self.first(criterion)
        return values.reshape(len(values), -1).T

    def repeats(self, criterion: str, annotator: int) -> Floats:
        """(items, 2): an annotator's first and second rating of each item; NaN where one of them is missing."""
        number = self.annotators.index(annotator)
        return np.stack([self.values[showing][criterion][number].reshape(-1) for showing in (FIRST, AGAIN)], axis=1)


def arrange(key: Sequence[KeyItem], given: Mapping[tuple[str, str], int], criteria: tuple[Criterion, ...]) -> Ratings:
    """``given`` by item id and criterion. Annotators who rated nothing are left out; the ground truth comes last."""
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
    """(contexts, systems): the mean over annotators of ``values`` (annotators, contexts, systems); NaN for none."""
    rated = ~np.isnan(values)
    number = rated.sum(axis=0)
    means: Floats = np.divide(
        np.where(rated, values, 0).sum(axis=0), number, out=np.full(number.shape, np.nan), where=number > 0
    )
    return means


def weights_of(criterion: Criterion) -> Floats:
    """How far two ratings agree: in steps on a scale, else they do or they do not."""
    number = len(criterion.scale)
    return agreement.linear_weights(number) if criterion.ordinal else agreement.identity_weights(number)


def statistics(criterion: Criterion) -> dict[str, Statistic]:
    """The coefficients for any number of annotators, by name. For a scale of two points AC2 is AC1."""
    weights = weights_of(criterion)
    ordinal = criterion.ordinal
    return {
        "raw_agreement": agreement.raw_agreement,
        "fleiss_kappa": agreement.fleiss_kappa,
        "krippendorff_alpha": lambda counts: agreement.krippendorff_alpha(counts, ordinal),
        "gwet_ac2" if ordinal else "gwet_ac1": lambda counts: agreement.gwet_ac(counts, weights),
    }


def between_two(criterion: Criterion) -> dict[str, Callable[[Floats], Coefficient]]:
    """The coefficients of two columns of ratings (items, 2), by name: of two annotators, or of one's repeats."""
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


def resampled(ratings: Ratings, criterion: Criterion, statistic: Statistic, resamples: int, seed: int) -> Floats:
    """(resamples,) values of a coefficient over contexts drawn again, with replacement; NaN where it has none."""
    counts = agreement.table(ratings.items(criterion.name), criterion.ratings)
    by_context = counts.reshape(len(ratings.contexts), -1, counts.shape[1])
    generator = np.random.Generator(np.random.PCG64(seed))
    values = []
    for _ in range(resamples):
        drawn = by_context[generator.integers(0, len(by_context), len(by_context))]
        value = statistic(drawn.reshape(-1, counts.shape[1])).value
        values.append(np.nan if value is None else value)
    return np.array(values)
