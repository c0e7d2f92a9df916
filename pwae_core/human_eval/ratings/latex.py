"""The scores as LaTeX tables (booktabs), ready for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pwae_core.grammar import interval_text, p_value
from pwae_core.human_eval.ratings.preferences import Preference
from pwae_core.human_eval.ratings.results import EVERYBODY, Agreed, Mean
from pwae_core.human_eval.sheets.form import RATED
from pwae_core.text.inert import inert

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",  # these three are other signs in LaTeX's own font encoding
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
COEFFICIENTS = {
    "raw_agreement": "Raw agreement",
    "fleiss_kappa": r"Fleiss' $\kappa$",
    "krippendorff_alpha": r"Krippendorff's $\alpha$",
    "gwet_ac1": "Gwet's AC1",
    "gwet_ac2": "Gwet's AC2",
}
NOTHING = "--"


def escaped(text: str) -> str:
    """``text`` escaped for LaTeX, on one line.

    A first bracket or star would be read as an option of the line break before it, and two hyphens as a dash.
    """
    made = "".join(ESCAPES.get(character, character) for character in inert(" ".join(text.split())))
    return re.sub(r"^[\[*]", r"{\g<0>}", re.sub("-(?=-)", "-{}", made))


def means_table(means: Sequence[Mean]) -> str:
    """The human columns of Table 2: for each system and criterion a mean and half the width of its interval."""
    cells = {(one.system, one.criterion): _spread(one.mean, one.low, one.high) for one in means}
    systems = dict.fromkeys(one.system for one in means)
    rows = [[escaped(system), *(cells[system, name] for name in RATED)] for system in systems]
    return _tabular(["Model", *(name.capitalize() for name in RATED)], rows)


def preferences_table(preferences: Sequence[Preference]) -> str:
    """One row per pair of systems: contexts won, tied and lost, the win rate with its interval, and p."""
    heads = ["Criterion", "Systems", "Won/tied/lost", "Win rate", "$p$ (Holm)"]
    rows = [
        [
            one.criterion,
            f"{escaped(one.system)} -- {escaped(one.other)}",
            f"{one.wins}/{one.ties}/{one.losses}",
            _rate(one.win_rate, one.low, one.high),
            NOTHING if one.p_holm is None else f"${p_value(one.p_holm)}$",
        ]
        for one in preferences
    ]
    return _tabular(heads, rows)


def agreement_table(agreement: Sequence[Agreed], criteria: Sequence[str] = RATED) -> str:
    """The coefficients for all annotators together; "" if there is only one annotator."""
    cells = {(one.criterion, one.statistic): _number(one.value) for one in agreement if one.between == EVERYBODY}
    names = [name for name in COEFFICIENTS if any(statistic == name for _, statistic in cells)]
    if not names:
        return ""
    rows = [[COEFFICIENTS[name], *(cells.get((criterion, name), NOTHING) for criterion in criteria)] for name in names]
    return _tabular(["Agreement", *(name.capitalize() for name in criteria)], rows)


def _spread(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return NOTHING
    if low is None or high is None:
        return f"${value:.2f}$"
    return rf"${value:.2f}_{{\pm {(high - low) / 2:.2f}}}$"


def _rate(value: float | None, low: float | None, high: float | None) -> str:
    """With the bounds of the interval, which is not symmetric."""
    bounds = "" if low is None or high is None else f" {interval_text(low, high, 2)}"
    return _number(value) + bounds


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"${value:.2f}$"


def _tabular(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" & ".join(cells) + r" \\" for cells in (heads, *rows)]
    begin, end = rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}", r"\end{tabular}"
    return "\n".join([begin, r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule", end])
