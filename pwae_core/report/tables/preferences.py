"""Which of two systems people preferred: what ``pwae human-eval-score`` found in a study of pairs, as tables."""

from __future__ import annotations

from collections.abc import Mapping

from pwae_core.artifacts import Artifact
from pwae_core.grammar import counted
from pwae_core.human_eval.sheets.form import CHOSEN
from pwae_core.report.tables.cell import Cell
from pwae_core.report.tables.paper_tables import LEVEL, agreement
from pwae_core.report.tables.plain_table import OURS, Row, Table, titled

MEANING = (
    "The share of choices for the first of the two systems, a tie counting half, averaged over contexts. 0.5 is no "
    "preference. Behind the names: contexts won, tied and lost, for each column."
)
INTERVAL = "In square brackets: the 95% interval, {kinds}."
KINDS = {"bootstrap": "bootstrap over contexts", "wilson": "Wilson's, if every context is won or lost outright"}


def preferences(study: Artifact, names: Mapping[str, str], where: str = "") -> list[Table]:
    """Win rates, one row per pair, and how far the annotators agree. ``names`` maps the study's names to the page's."""
    found = study.table("preferences.parquet").to_pylist()
    pairs: dict[tuple[str, str], dict[str, Mapping[str, object]]] = {}
    for one in found:
        pairs.setdefault((one["system"], one["other"]), {})[one["criterion"]] = one
    rows = [_row(" – ".join(names.get(name, name) for name in pair), told) for pair, told in pairs.items()]
    kinds = [text for kind, text in KINDS.items() if any(one["interval"] == kind for one in found)]
    notes = [MEANING, *([INTERVAL.format(kinds="; ".join(kinds))] if kinds else [])]
    notes.append(f"Bold: p < {LEVEL} by the sign test, after Holm's correction.")
    notes += [f"{counted(len(study.facts['annotators']), 'annotator')}.", *study.facts.get("notes", [])]
    title = titled("Preferences between two systems", where)
    made = [Table("preferences", title, "Pair", [("", CHOSEN)], rows, notes)] if rows else []
    agreed = agreement(study, where, CHOSEN)
    return [*made, agreed] if agreed else made


def _row(name: str, told: Mapping[str, Mapping[str, object]]) -> Row:
    counts = "; ".join("/".join(str(told[one][what]) for what in ("wins", "ties", "losses")) for one in told)
    return Row(name, OURS, {criterion: cell for criterion, one in told.items() if (cell := _cell(one))}, None, counts)


def _cell(one: Mapping[str, object]) -> Cell | None:
    rate, low, high, p = (one[name] for name in ("win_rate", "low", "high", "p_holm"))
    if not isinstance(rate, float):
        return None
    bounds = (low, high) if isinstance(low, float) and isinstance(high, float) else None
    return Cell(rate, None, 3, best=isinstance(p, float) and p < LEVEL, bounds=bounds)
