"""How commands show scores: in tables narrow enough for a terminal, a spread under each value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

BOW = {"BOW-Extrema": "Extrema", "BOW-Greedy": "Greedy", "BOW-Average": "Average"}
BLEU = {"BLEU-Recall": "Recall", "BLEU-Precision": "Precision", "BLEU-F1": "F1"}
DIVERSITY = {
    "Distinct-1": "Dist-1",
    "Distinct-2": "Dist-2",
    "Intra-Distinct-1": "Intra-1",
    "Intra-Distinct-2": "Intra-2",
    "Inter-Distinct-1": "Inter-1",
    "Inter-Distinct-2": "Inter-2",
}
BESIDES = {"Repetition": "Repetition", "Length": "Length"}
TABLES: dict[str, Mapping[str, str]] = {
    "BOW and BLEU": {**BOW, **BLEU},
    "Diversity": DIVERSITY,
    "Repetition, length": BESIDES,
}
"""The tables by their titles: each metric with its heading."""
ANSWERS = {
    "Speaker-Accuracy": "Identified",
    "Speaker-Accuracy-Unheard": "where unheard",
    "Speaker-By-Chance": "by chance",
    "Own-Words": "Own words",
    "Others-Words": "others' words",
}
RUNS = {
    "Swap-Changed": "Changed",
    "Swap-Distance": "by a user",
    "Noise-Distance": "by noise",
    "Swap-Followed": "Identified as other",
    "Swap-Stayed": "still as true",
    "Likelihood-Gain": "Gain, nats a token",
    "Likelihood-Wins": "wins",
    "Perplexity-Prior": "Perplexity",
}
LATENT = {
    "Latent-Distinct": "Distinct",
    "Latent-Active": "Active dimensions",
    "Latent-Nats": "Nats a token",
    "Latent-Gap": "Prior's gap",
}
OF_EXPERIMENTS = {**TABLES, "Whose answers": ANSWERS, "As another user": RUNS, "What z says": LATENT}
DIFFERENCES = (BOW, BLEU, DIVERSITY, BESIDES)
"""The tables of differences, whose cells are wider."""


OWN = "Other metrics"
"""The title of the table of metrics that are not pwae's."""


def own(found: Iterable[str], known: Collection[str] = frozenset().union(*TABLES.values())) -> dict[str, str]:
    """The headings of those among ``found`` that are not ``known``, pwae's own."""
    return {metric: metric for metric in found if metric not in known}


def shown(headings: Mapping[str, str], found: Iterable[str]) -> dict[str, str]:
    """The headings of a table's metrics that were ``found``, in its order."""
    there = set(found)
    return {metric: heading for metric, heading in headings.items() if metric in there}


def number(metric: str, value: float) -> str:
    """A score with as many digits as its metric is worth."""
    return f"{value:.{2 if metric == 'Length' else 4}f}"
