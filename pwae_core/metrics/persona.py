"""Automatic measures of personalisation for every context: of answers, of answers as another user, of likelihoods.

``docs/metrics.md`` says what each shows, and what it cannot show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pwae_core.metrics.bootstrap import interval, resampled_means
from pwae_core.metrics.signature import sign
from pwae_core.metrics.speakers import Speakers, accuracy_by_chance
from pwae_core.metrics.table import Scores, Total

IDENTIFIED, UNHEARD, BY_CHANCE = "Speaker-Accuracy", "Speaker-Accuracy-Unheard", "Speaker-By-Chance"
OWN_WORDS, OTHERS_WORDS = "Own-Words", "Others-Words"
CHANGED, DISTANCE, NOISE_DISTANCE = "Swap-Changed", "Swap-Distance", "Noise-Distance"
FOLLOWED, STAYED = "Swap-Followed", "Swap-Stayed"
GAIN, WINS, POSTERIOR_GAIN = "Likelihood-Gain", "Likelihood-Wins", "Likelihood-Gain-Posterior"
PERPLEXITY, RECONSTRUCTION = "Perplexity-Prior", "Perplexity-Posterior"
OF_ANSWERS = (IDENTIFIED, UNHEARD, BY_CHANCE, OWN_WORDS, OTHERS_WORDS)
OF_SWAPS = (CHANGED, DISTANCE, NOISE_DISTANCE, FOLLOWED, STAYED)
OF_LIKELIHOODS = (GAIN, WINS, POSTERIOR_GAIN, PERPLEXITY, RECONSTRUCTION)
METRICS = OF_ANSWERS + OF_SWAPS + OF_LIKELIHOODS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Answers = Sequence[Sequence[Sequence[str]]]
"""By context, by sample: tokens."""


@dataclass(frozen=True)
class Own:
    """``words[i]``: the words that candidate user i says more often than others, by tf-idf."""

    words: Sequence[frozenset[str]]

    def overlaps(self, answers: Sequence[Sequence[str]], user: int) -> tuple[float, float]:
        """The share of an answer's different words that are among the ``user``'s own, and the mean of that share over
        all other candidates; both averaged over the ``answers``. An answer without words has a share of 0.
        """
        own, others = 0.0, 0.0
        for different in map(set, answers):
            if different:
                shared = len(different & self.words[user])
                held = sum(self.holders[word] for word in different)
                own += shared / len(different)
                others += (held - shared) / len(different) / (len(self.words) - 1)
        return own / len(answers), others / len(answers)

    @cached_property
    def holders(self) -> Counter[str]:
        """How many candidates have each word."""
        return Counter(word for words in self.words for word in words)


def score_answers(answers: Answers, users: Integers, heard: NDArray[np.bool_], speakers: Speakers, own: Own) -> Scores:
    """Scores of each context's answers; ``users`` (contexts,) are the true users, as candidates' numbers.

    ``heard``: whether the user has spoken in the context, which may then give the user away.
    """
    counts = np.array([len(samples) for samples in answers])
    found = speakers.identify([tokens for samples in answers for tokens in samples])
    repeated = np.repeat(users, counts)
    right = _means(found == repeated, counts)
    overlaps = np.array([own.overlaps(samples, user) for samples, user in zip(answers, users.tolist(), strict=True)])
    contexts = {IDENTIFIED: right, OWN_WORDS: overlaps[:, 0], OTHERS_WORDS: overlaps[:, 1]}
    if not heard.all():
        contexts[UNHEARD] = np.where(heard, np.nan, right)
    return Scores(contexts, {BY_CHANCE: accuracy_by_chance(found, repeated, speakers.classes)})


def _means(values: NDArray[np.bool_], counts: Integers) -> Floats:
    """(contexts,): the means of ``values`` over each context's ``counts`` samples."""
    means: Floats = np.add.reduceat(values.astype(float), np.cumsum(counts) - counts) / counts
    return means


@dataclass(frozen=True)
class Swap:
    """The same contexts answered by the true user, by that user with other noise, and by another user, with the same
    noise. ``users`` and ``others`` (contexts,) are candidates' numbers.
    """

    true: Answers
    noise: Answers
    other: Answers
    users: Integers
    others: Integers


def score_swap(swap: Swap, speakers: Speakers) -> Scores:
    """How much answers change if only the user changes, and how much they change if only the noise does."""
    counts = np.array([len(samples) for samples in swap.other])
    found = speakers.identify([tokens for samples in swap.other for tokens in samples])
    pairs = [list(zip(one, two, strict=True)) for one, two in zip(swap.true, swap.other, strict=True)]
    noises = [list(zip(one, two, strict=True)) for one, two in zip(swap.true, swap.noise, strict=True)]
    contexts = {
        CHANGED: np.array([np.mean([list(one) != list(two) for one, two in own]) for own in pairs]),
        DISTANCE: np.array([np.mean([distance(one, two) for one, two in own]) for own in pairs]),
        NOISE_DISTANCE: np.array([np.mean([distance(one, two) for one, two in own]) for own in noises]),
        FOLLOWED: _means(found == np.repeat(swap.others, counts), counts),
        STAYED: _means(found == np.repeat(swap.users, counts), counts),
    }
    return Scores(contexts, {})


def distance(one: Sequence[str], two: Sequence[str]) -> float:
    """1 - 2 |common tokens| / (|one| + |two|): 0 for the same tokens in any order, 1 for none in common."""
    total = len(one) + len(two)
    return 1 - 2 * sum((Counter(one) & Counter(two)).values()) / total if total else 0.0


@dataclass(frozen=True)
class Likelihoods:
    """-log p of real responses in nats, (contexts, 1 + others): the true user first. ``tokens`` (contexts,)."""

    prior: Floats
    posterior: Floats
    tokens: Integers


def score_likelihoods(known: Likelihoods) -> Scores:
    """How much likelier, in nats per token, the real response is as the true user's than as others'; perplexities."""
    prior, posterior = (nll[:, 1:] - nll[:, :1] for nll in (known.prior, known.posterior))
    contexts = {
        GAIN: prior.mean(axis=1) / known.tokens,
        WINS: ((prior > 0) + 0.5 * (prior == 0)).mean(axis=1),
        POSTERIOR_GAIN: posterior.mean(axis=1) / known.tokens,
    }
    measures = ((PERPLEXITY, known.prior), (RECONSTRUCTION, known.posterior))
    return Scores(contexts, {name: float(np.exp(nll[:, 0].sum() / known.tokens.sum())) for name, nll in measures})


def totals(scores: Scores, parts: Mapping[str, object], resamples: int, seed: int) -> dict[str, Total]:
    """Means with intervals over contexts, in the order of ``METRICS``; ``parts`` are those of the signatures."""
    names = list(scores.contexts)
    values = np.column_stack([scores.contexts[name] for name in names])
    draws = dict(zip(names, resampled_means(values, resamples, seed).T, strict=True))
    contexts = len(values)
    made: dict[str, Total] = {}
    for name in METRICS:
        if name in scores.corpus:
            made[name] = Total(scores.corpus[name], None, None, contexts, sign(name, parts))
        elif name in draws:
            there = scores.contexts[name][~np.isnan(scores.contexts[name])]
            bounds, signature = interval(draws[name], len(there)), sign(name, {**parts, "bs": resamples, "seed": seed})
            made[name] = Total(float(there.mean()), bounds.low, bounds.high, len(there), signature)
    return made
