"""How commands show scores: in tables narrow enough for a terminal, with a spread under each value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping


def heads(*metrics: str) -> dict[str, str]:
    """Each metric's heading: its name, broken after hyphens so that the column is no wider than its numbers."""
    return {metric: re.sub("-(?=[A-Z])", "-\n", metric) for metric in metrics}


BOW = heads("BOW-Extrema", "BOW-Greedy", "BOW-Average")
BLEU = heads("BLEU-Recall", "BLEU-Precision", "BLEU-F1")
DIVERSITY = heads("Distinct-1", "Distinct-2")
OF_CONTEXTS = heads("Intra-Distinct-1", "Intra-Distinct-2", "Inter-Distinct-1", "Inter-Distinct-2")
BESIDES = heads("Repetition", "Length")
TABLES: dict[str, Mapping[str, str]] = {
    "BOW and BLEU": {**BOW, **BLEU},
    "Diversity": DIVERSITY,
    "Diversity, intra and inter": OF_CONTEXTS,
    "Repetition, length": BESIDES,
}
"""The tables by title, each with its metrics and their headings."""
ANSWERS = heads("Speaker-Accuracy", "Speaker-Accuracy-Unheard", "Speaker-By-Chance", "Own-Words", "Others-Words")
RUNS = heads(
    *("Swap-Changed", "Swap-Distance", "Noise-Distance", "Swap-Followed", "Swap-Stayed"),
    *("Likelihood-Gain", "Likelihood-Wins", "Perplexity-Prior"),
)
LATENT = heads("Latent-Distinct", "Latent-Active", "Latent-Nats", "Latent-Gap")
OF_EXPERIMENTS = {**TABLES, "Whose answers": ANSWERS, "As another user": RUNS, "What z says": LATENT}
DIFFERENCES = (BOW, BLEU, DIVERSITY, OF_CONTEXTS, BESIDES)
"""The tables of differences, whose cells are wider."""


OWN = "Other metrics"
"""The title of the table of metrics that are not pwae's."""


def own(found: Iterable[str], known: Collection[str] = frozenset().union(*TABLES.values())) -> dict[str, str]:
    """The headings of metrics among ``found`` that are not ``known``, that is, not pwae's own."""
    return {metric: metric for metric in found if metric not in known}


def shown(headings: Mapping[str, str], found: Iterable[str]) -> dict[str, str]:
    """The headings of the table's metrics that were ``found``, in the table's order."""
    there = set(found)
    return {metric: heading for metric, heading in headings.items() if metric in there}


def number(metric: str, value: float) -> str:
    """A score, with as many digits as make sense for its metric."""
    return f"{value:.{2 if metric == 'Length' else 4}f}"
