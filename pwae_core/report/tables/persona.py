"""What ``pwae persona-scores`` found, as tables: answers, answers as other users, likelihoods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pwae_core.artifacts import Artifact
from pwae_core.grammar import counted
from pwae_core.metrics.bootstrap import caution
from pwae_core.metrics.persona import OF_ANSWERS, OF_LIKELIHOODS, OF_SWAPS, UNHEARD
from pwae_core.report.tables import printed
from pwae_core.report.tables.averaged import Cell, digits, half_width
from pwae_core.report.tables.plain_table import OURS, Row, Table, legend

REAL = "real responses"
"""The name that 'pwae persona-scores' gives to the real responses."""
TITLE = "Automatic measures of personalisation"
PARTS = (("answers", OF_ANSWERS), ("answers as another user", OF_SWAPS), ("likelihoods by user", OF_LIKELIHOODS))
MEANING = "'pwae metrics' says what each measure shows, and what it cannot show."

Totals = Mapping[str, Mapping[str, Mapping[str, Any]]]


def personalisation(
    persona: Artifact, answers: Mapping[str, str], runs: Mapping[str, str], where: str = ""
) -> list[Table]:
    """Up to three tables: of answers, of runs that answer as other users, of likelihoods.

    ``answers`` and ``runs`` map names in ``persona`` to the page's; ``where`` tells these tables from others.
    """
    systems: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in persona.table("totals.parquet").to_pylist():
        systems.setdefault(row["system"], {})[row["metric"]] = row
    made = []
    for part, metrics in PARTS:
        columns = [metric for metric in metrics if any(metric in rows for rows in systems.values())]
        of_part = {name: rows for name, rows in systems.items() if any(column in rows for column in columns)}
        names = {**answers, REAL: printed.GROUND_TRUTH} if metrics == OF_ANSWERS else runs
        title = f"{TITLE}: {part}" + (f" ({where})" if where else "")
        if columns:
            rows = [_row(names.get(name, name), found, columns) for name, found in of_part.items()]
            notes = [*_notes(persona, of_part, columns), *legend(rows)]
            told = {found[c]["signature"]: "" for found in of_part.values() for c in columns if c in found}
            made.append(Table("personalisation", title, "System", [("", columns)], rows, notes, told))
    return [*made[:-1], *(replace(last, notes=[*last.notes, MEANING]) for last in made[-1:])]


def _row(name: str, found: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> Row:
    cells = {c: Cell(found[c]["value"], half_width(found[c]), digits(c)) for c in columns if c in found}
    return Row(name, OURS, cells)


def _notes(persona: Artifact, systems: Totals, columns: Sequence[str]) -> list[str]:
    """How many contexts there were, and how good a guess would be."""
    facts = persona.facts
    counts = [found[c]["contexts"] for found in systems.values() for c in columns if c in found and c != UNHEARD]
    contexts, everyone = max(counts, default=0), facts.get("contexts", 0)
    drawn = f" of {everyone:,}, drawn at random (--run-contexts)" if contexts < everyone else ""
    notes = [f"{counted(contexts, 'context')}{drawn}.", *caution(contexts)]
    if REAL in systems:
        notes.append("ground-truth: the real responses, as a ceiling.")
    if UNHEARD in columns and facts["heard"]:
        heard = counted(facts["heard"], "context")
        notes.append(f"{UNHEARD} leaves out {heard} in which the user has spoken before.")
    if facts.get("left_out"):
        notes.append(f"Left out: {counted(facts['left_out'], 'context')} of users who are not candidates.")
    if facts.get("chance") is not None and not {*columns} & {*OF_LIKELIHOODS}:
        notes.append(f"A guess finds the speaker with probability {facts['chance']:.4f}.")
    return notes + ([] if REAL in systems else facts.get("notes", []))
