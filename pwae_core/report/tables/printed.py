"""The numbers that the paper prints (Chan et al., EMNLP 2019), each table once, with their headings."""

from __future__ import annotations

from collections.abc import Mapping

from pwae_core.metrics.table import AVERAGE, EXTREMA, F1, GREEDY, PRECISION, RECALL

READABILITY, INFORMATIVENESS, PERSONALISATION = "readability", "informativeness", "personalisation"
AUTOMATIC = (EXTREMA, GREEDY, AVERAGE, RECALL, PRECISION, F1)
HUMAN = (READABILITY, INFORMATIVENESS, PERSONALISATION)
SHORT = (EXTREMA, GREEDY, AVERAGE, F1)
GROUND_TRUTH = "ground-truth"

Printed = Mapping[str, float]


def _row(columns: tuple[str, ...], *values: float) -> Printed:
    return dict(zip(columns, values, strict=True))


TABLE_2: Mapping[str, Printed] = {
    "Seq2Seq": _row(AUTOMATIC + HUMAN, 0.1640, 0.4098, 0.4911, 0.1646, 0.1646, 0.1646, 2.30, 2.16, 0.49),
    "Persona": _row(AUTOMATIC + HUMAN, 0.1631, 0.3982, 0.4871, 0.1646, 0.1646, 0.1646, 2.31, 2.15, 0.50),
    "Adaptation": _row(AUTOMATIC + HUMAN, 0.1722, 0.4038, 0.5113, 0.1689, 0.1689, 0.1689, 2.29, 1.93, 0.47),
    "CVAE": _row(AUTOMATIC + HUMAN, 0.2643, 0.2911, 0.5759, 0.1931, 0.1636, 0.1771, 2.02, 2.33, 0.45),
    "RL-Persona": _row(AUTOMATIC + HUMAN, 0.1694, 0.4536, 0.4906, 0.1723, 0.1723, 0.1723, 2.21, 2.22, 0.63),
    "DiaWAE-GMD": _row(AUTOMATIC + HUMAN, 0.4387, 0.4752, 0.7573, 0.3409, 0.1710, 0.2277, 2.31, 2.35, 0.50),
    "PersonaWAE": _row(AUTOMATIC + HUMAN, 0.4542, 0.5914, 0.7585, 0.3365, 0.1806, 0.2350, 2.33, 2.37, 0.66),
    GROUND_TRUTH: _row(HUMAN, 2.73, 2.66, 0.86),
}
TABLE_3: Mapping[int, Printed] = {
    1: _row(SHORT, 0.4114, 0.3110, 0.7026, 0.1547),
    2: _row(SHORT, 0.4228, 0.4494, 0.7135, 0.1543),
    3: _row(SHORT, 0.4542, 0.5914, 0.7585, 0.2350),
    4: _row(SHORT, 0.4013, 0.5764, 0.7256, 0.2150),
    5: _row(SHORT, 0.4382, 0.5680, 0.7490, 0.2480),
}
TABLE_4: Mapping[str, Printed] = {
    "PersonaWAE": _row(SHORT, 0.4542, 0.5914, 0.7585, 0.2350),
    "w/o prior": _row(SHORT, 0.4360, 0.4848, 0.7479, 0.2256),
    "w/o fusion": _row(SHORT, 0.4293, 0.4813, 0.7588, 0.2244),
}
KAPPA = 0.41  # below Table 2: "between human annotators"
HEADINGS = {
    EXTREMA: "Extrema",
    GREEDY: "Greedy",
    AVERAGE: "Average",
    RECALL: "Recall",
    PRECISION: "Precision",
    F1: "F1",
    READABILITY: "Read.",
    INFORMATIVENESS: "Info.",
    PERSONALISATION: "P-score",
}
GROUPS = (
    ("BOW", (EXTREMA, GREEDY, AVERAGE)),
    ("BLEU", (RECALL, PRECISION, F1)),
    ("Human evaluation", HUMAN),
)


def printed_name(system: str) -> str | None:
    """The paper's name for ``system``; None if the paper does not have it."""
    plain = {_plain(name): name for name in TABLE_2}
    return plain.get(_plain(system))


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
