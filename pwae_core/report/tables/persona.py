"""What ``pwae persona-scores`` found, as tables: answers, answers as other users, likelihoods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pwae_core import artifacts
from pwae_core.artifacts import Artifact
from pwae_core.files import to_json
from pwae_core.grammar import counted
from pwae_core.metrics.bootstrap import caution
from pwae_core.metrics.persona import OF_ANSWERS, OF_LIKELIHOODS, OF_SWAPS, UNHEARD
from pwae_core.report.gather import Sources, answered
from pwae_core.report.system_names import apart
from pwae_core.report.tables import printed
from pwae_core.report.tables.averaged import Scored, digits
from pwae_core.report.tables.cell import Cell, half_width
from pwae_core.report.tables.comparable_terms import but_seed, effective
from pwae_core.report.tables.notes import measured
from pwae_core.report.tables.paper_tables import row_of, signatures
from pwae_core.report.tables.plain_table import Table, legend, titled
from pwae_core.report.tables.seeds import seeds_averaged

REAL = "real responses"
"""The name that 'pwae persona-scores' gives to the real responses."""
TITLE = "Automatic measures of personalisation"
PARTS = (("answers", OF_ANSWERS), ("answers as another user", OF_SWAPS), ("likelihoods by user", OF_LIKELIHOODS))
MEANING = "'pwae metrics' says what each measure shows, and what it cannot show."
COUNTS = ("candidates", "utterances", "contexts", "left_out", "heard")

Measures = tuple[Artifact, list[dict[str, Any]]]
"""An artifact and the rows of its totals."""


def personalisation(sources: Sources) -> list[Table]:
    """Up to three tables for each set of terms: of answers, of runs that answer as other users, of likelihoods.

    Systems that were measured one by one, such as those of an experiment, are rows of one table. Seeds are averaged.
    """
    groups: dict[bytes, list[Measures]] = {}
    for one in sources.persona:
        rows = one.table("totals.parquet").to_pylist()
        groups.setdefault(to_json(_terms(one, rows)), []).append((one, rows))
    places = apart([group[0][0].folder for group in groups.values()])
    tables = (_tables(sources, group, where) for group, where in zip(groups.values(), places, strict=True))
    return [table for made in tables for table in made]


def _terms(persona: Artifact, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What affects a value, apart from the system; the real responses have the same values if all of it is the same."""
    made: dict[str, Any] = {"config": persona.config, "corpus": persona.manifest["inputs"].get("corpus")}
    made |= {name: persona.facts.get(name) for name in COUNTS}
    return made | {"pwae": persona.manifest["pwae"], "real": [row for row in rows if row["system"] == REAL]}


def _tables(sources: Sources, group: Sequence[Measures], where: str) -> list[Table]:
    made = []
    for part, metrics in PARTS:
        systems = _systems(sources, group, metrics)
        columns = [metric for metric in metrics if any(metric in one.cells for one in systems)]
        if columns:
            rows = [row_of(one, one.system, columns) for one in systems]
            notes = [*_notes(group, columns), *legend(rows)]
            title = titled(f"{TITLE}: {part}", where)
            told = signatures(systems, columns)
            made.append(Table("personalisation", title, "System", [("", columns)], rows, notes, told))
    return [*made[:-1], *(replace(last, notes=[*last.notes, MEANING]) for last in made[-1:])]


def _systems(sources: Sources, group: Sequence[Measures], metrics: Sequence[str]) -> list[Scored]:
    """The systems with some of ``metrics``, under names that all differ. What was measured twice counts once."""
    return seeds_averaged(
        found
        for persona, rows in group
        for found in _read(
            sources, persona, [row for row in rows if row["metric"] in metrics], of_answers=metrics == OF_ANSWERS
        )
    )


def _read(
    sources: Sources, persona: Artifact, measures: Sequence[Mapping[str, Any]], *, of_answers: bool
) -> Iterator[tuple[str, Scored]]:
    """The systems in ``measures``, rows of the totals of ``persona``, each with its settings but the seed.

    Without their run, these are the settings of no other.
    """
    made_by = sources.made_by
    hashes = {**answered(persona), REAL: REAL} if of_answers else measured(persona)
    known = {one.fingerprint: one.system for one in sources.responses} | {REAL: printed.GROUND_TRUTH}
    known = known if of_answers else sources.run_names
    systems: dict[str, list[Mapping[str, Any]]] = {}
    for row in measures:
        systems.setdefault(row["system"], []).append(row)
    for label, rows in systems.items():
        fingerprint = hashes.get(label) or f"{persona.fingerprint}/{label}"
        answers = [one for one in sources.responses if fingerprint in (one.fingerprint, made_by[one.fingerprint])]
        runs = {made_by[one.fingerprint] for one in answers} if of_answers else {fingerprint}
        run = next((run for run in sources.runs if run.fingerprint in runs), None)
        given, own_name = None, label
        if len(answers) == 1:
            (one,) = answers
            given = sources.given.get(one.fingerprint)
            if not of_answers and one.facts and one.facts["system"] == label:  # else it was told apart from others
                own_name = sources.scored_as.get(one.fingerprint, label)
        scored = Scored(
            known.get(fingerprint, label),
            given or own_name,
            {row["metric"]: Cell(row["value"], half_width(row), digits(row["metric"])) for row in rows},
            {row["metric"]: row["signature"] for row in rows},
            run,
            fingerprint,
            run.folder if run else persona.folder,
            given is not None,
        )
        drawn = [artifacts.load(one.source, "responses").config for one in answers if of_answers and one.facts]
        yield (but_seed([effective(run.config), *drawn]) if run else fingerprint), scored


def _notes(group: Sequence[Measures], columns: Sequence[str]) -> list[str]:
    """How many contexts there were, and how good a guess would be. All of ``group`` have the same counts."""
    facts = group[0][0].facts
    rows = [row for _, rows in group for row in rows if row["metric"] in columns]
    contexts = max((row["contexts"] for row in rows if row["metric"] != UNHEARD), default=0)
    everyone = facts.get("contexts", 0)
    drawn = f" of {everyone:,}, drawn at random (--run-contexts)" if contexts < everyone else ""
    notes = [f"{counted(contexts, 'context')}{drawn}.", *caution(contexts)]
    real = any(row["system"] == REAL for row in rows)
    if real:
        notes.append("ground-truth: the real responses, as a ceiling.")
    if UNHEARD in columns and facts["heard"]:
        heard = counted(facts["heard"], "context")
        notes.append(f"{UNHEARD} leaves out {heard} in which the user has spoken before.")
    if facts.get("left_out"):
        notes.append(f"Left out: {counted(facts['left_out'], 'context')} of users who are not candidates.")
    if facts.get("chance") is not None and not {*columns} & {*OF_LIKELIHOODS}:
        notes.append(f"A guess finds the speaker with probability {facts['chance']:.4f}.")
    told = dict.fromkeys(note for persona, _ in group for note in persona.facts.get("notes", []))
    return [*notes, *([] if real else told)]
