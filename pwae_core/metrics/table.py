"""A row of the paper's Table 2: scores of every context, with totals, intervals and signatures (section 4.4).

Recall is the best sample's BLEU and precision is the samples' mean, each averaged over contexts. F1 is the harmonic
mean of those two averages. Similarities of word vectors are the best sample's. The measures of diversity, repetition
and length are not in the paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pwae_core.metrics import dialogwae, diversity
from pwae_core.metrics.bleu import SMOOTHINGS, count_matches, sentence_bleu
from pwae_core.metrics.bootstrap import interval, resampled_means
from pwae_core.metrics.bow import BowScores
from pwae_core.metrics.sentences import Pairs
from pwae_core.metrics.signature import sign

EXTREMA, GREEDY, AVERAGE = "BOW-Extrema", "BOW-Greedy", "BOW-Average"
RECALL, PRECISION, F1 = "BLEU-Recall", "BLEU-Precision", "BLEU-F1"
DISTINCT = {"Distinct-1": 1, "Distinct-2": 2}
INTRA = {"Intra-Distinct-1": 1, "Intra-Distinct-2": 2}
INTER = {"Inter-Distinct-1": 1, "Inter-Distinct-2": 2}
REPETITION, LENGTH = "Repetition", "Length"
METRICS = (EXTREMA, GREEDY, AVERAGE, RECALL, PRECISION, F1, *DISTINCT, *INTRA, *INTER, REPETITION, LENGTH)
BOW, BLEU = (EXTREMA, GREEDY, AVERAGE), (RECALL, PRECISION, F1)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """``contexts[metric]`` is (contexts,), with NaN if a context has no such score.

    ``corpus`` has the scores that are not means over contexts.
    """

    contexts: Mapping[str, Floats]
    corpus: Mapping[str, float]


@dataclass(frozen=True)
class Total:
    """``low`` and ``high`` bound the 95% interval, None if there is none. ``contexts`` counts those with a score."""

    value: float
    low: float | None
    high: float | None
    contexts: int
    signature: str


@dataclass(frozen=True)
class Terms:
    """The terms on which a system is scored, which its signatures state. ``references`` is a number or a range.

    ``own``: what affects the value of metrics that are not pwae's, by metric.
    """

    n: int
    smoothing: str
    variant: str
    tokenizer: str
    samples: int
    references: str
    vectors: str
    resamples: int
    seed: int
    own: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def score(pairs: Pairs, n: int, smoothing: str, similar: BowScores | None = None, variant: str = "paper") -> Scores:
    """Scores one system on every context. ``similar`` has its BOW scores, None if there are no word vectors."""
    contexts: dict[str, Floats] = {}
    if similar is not None:
        for name, scores in zip(BOW, (similar.extrema, similar.greedy, similar.average), strict=True):
            contexts[name] = pairs.by_context(scores).max(axis=1)
    matched = count_matches(dialogwae.with_end_tokens(pairs) if variant == "dialogwae" else pairs, n)
    overlap = pairs.by_context(sentence_bleu(matched, n, smoothing))
    contexts[RECALL] = overlap.max(axis=1)
    contexts[PRECISION] = overlap.mean(axis=1)
    for name, k in INTRA.items():
        contexts[name] = pairs.by_context(diversity.within(pairs, k)).mean(axis=1)
    contexts |= {name: diversity.across(pairs, k) for name, k in INTER.items()}
    contexts[REPETITION] = pairs.by_context(diversity.repeats(pairs)).mean(axis=1)
    contexts[LENGTH] = pairs.by_context(diversity.lengths(pairs)).mean(axis=1)
    return Scores(contexts, {name: diversity.distinct(pairs, k) for name, k in DISTINCT.items()})


def in_order(names: Iterable[str], known: Sequence[str] = METRICS) -> list[str]:
    """Metrics in the order of the ``known`` ones, followed by all others."""
    given = dict.fromkeys(names)
    return [*(name for name in known if name in given), *(name for name in given if name not in known)]


def harmonic_mean(one: Floats, two: Floats) -> Floats:
    """2ab / (a + b), elementwise; 0 if both are 0."""
    total = one + two
    return np.divide(2 * one * two, total, out=np.zeros_like(total), where=total > 0)


def totals(systems: Sequence[Scores], terms: Sequence[Terms]) -> list[dict[str, Total]]:
    """Each system's totals, in the order of ``METRICS``, followed by other metrics.

    All systems have the same contexts and are resampled with the same draws. The first system's ``resamples`` and
    ``seed`` are used.
    """
    names = [list(scores.contexts) for scores in systems]
    values = np.column_stack(
        [scores.contexts[name] for scores, own in zip(systems, names, strict=True) for name in own]
    )
    resampled = resampled_means(values, terms[0].resamples, terms[0].seed)
    made, column = [], 0
    for scores, own, told in zip(systems, names, terms, strict=True):
        draws = {name: resampled[:, column + i] for i, name in enumerate(own)}
        made.append(_totals(scores, draws, told))
        column += len(own)
    return made


def _totals(scores: Scores, draws: dict[str, Floats], told: Terms) -> dict[str, Total]:
    means = {name: np.array(_mean(values)) for name, values in scores.contexts.items()}
    counts = {name: int((~np.isnan(values)).sum()) for name, values in scores.contexts.items()}
    means[F1] = harmonic_mean(means[RECALL], means[PRECISION])
    draws = draws | {F1: harmonic_mean(draws[RECALL], draws[PRECISION])}
    counts[F1] = counts[RECALL]
    made: dict[str, Total] = {}
    for name in in_order({**means, **scores.corpus}):
        signature = sign(name, _parts(name, told, len(scores.contexts[LENGTH])))
        if name in scores.corpus:
            made[name] = Total(scores.corpus[name], None, None, counts[LENGTH], signature)
        else:
            bounds = interval(draws[name], counts[name])
            made[name] = Total(float(means[name]), bounds.low, bounds.high, counts[name], signature)
    return made


def _mean(values: Floats) -> float:
    return float(values[~np.isnan(values)].mean())


def _parts(metric: str, told: Terms, contexts: int) -> dict[str, object]:
    """The fields of a signature: what the metric depends on. For Distinct-n, not a mean, the number of contexts too."""
    if metric in told.own:
        return {**told.own[metric], "bs": told.resamples, "seed": told.seed}
    made: dict[str, object] = {}
    if metric in BLEU:
        made |= {"n": told.n, **SMOOTHINGS[told.smoothing].signature}
    if metric in BOW:
        made |= {"vec": told.vectors, "oov": "skip" if told.variant == "paper" else "row"}
    if metric in BLEU + BOW and told.variant != "paper":
        made |= {"variant": told.variant}
    made |= {"tok": told.tokenizer, "samples": told.samples}
    if metric in BLEU + BOW:
        made |= {"refs": told.references}
    if metric in DISTINCT:
        return made | {"contexts": contexts}
    return made | {"bs": told.resamples, "seed": told.seed}
