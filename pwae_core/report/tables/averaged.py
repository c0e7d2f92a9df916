"""The scores behind the tables: systems from one or several scorings on the same terms, with seeds averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from pwae_core import artifacts
from pwae_core.artifacts import Artifact
from pwae_core.files import to_json
from pwae_core.metrics.persona import PERPLEXITY, RECONSTRUCTION
from pwae_core.outside_scores import gaps, totals
from pwae_core.report.gather import Sources, answered, sessions_of
from pwae_core.report.system_names import Claim, apart, distinct
from pwae_core.report.tables import printed
from pwae_core.report.tables.cell import Cell, half_width
from pwae_core.report.tables.comparable_terms import but_seed, effective, terms, told_apart
from pwae_core.report.tables.notes import not_scored, remarks

TWO_DIGITS = frozenset({*printed.HUMAN, "Length", PERPLEXITY, RECONSTRUCTION})


@dataclass(frozen=True)
class Scored:
    """One system: its cells by metric, and the terms on which they were computed.

    ``own_name`` is what the system calls itself, which may differ from its name here. ``run`` is the run that answered,
    None if it was not given. ``fingerprint`` is the hash of its responses, and ``place`` where they are, or what scored
    them. Of several seeds, these three are the first's. ``given``: the user named it. ``judged``: how many of the seeds
    people judged.
    """

    system: str
    own_name: str
    cells: Mapping[str, Cell]
    signatures: Mapping[str, str]
    run: Artifact | None
    fingerprint: str
    place: Path
    given: bool = False
    seeds: int = 1
    judged: int = 0


@dataclass(frozen=True)
class Scoring:
    """Score artifacts on the same terms, and the systems in them. ``alone`` are systems that only people scored.

    ``remarks``: what else a reader needs to know. ``label``: what tells this scoring from others, empty if there is
    only one. ``human``: the human scores beside it, if any.
    """

    artifacts: tuple[Artifact, ...]
    systems: tuple[Scored, ...]
    alone: tuple[Scored, ...] = ()
    remarks: tuple[str, ...] = ()
    label: str = ""
    human: Artifact | None = None


def digits(column: str) -> int:
    """The decimal places with which a column is printed."""
    return 2 if column in TWO_DIGITS else 4


def scorings(sources: Sources) -> list[Scoring]:
    """All scores, grouped by equal terms, with the human scores of the same responses beside them.

    Systems that only people scored appear once, in the first group with human columns. Each further human evaluation
    has a table of its own.
    """
    first, *others = [_judged(sources, one) for one in sources.human] or [[]]
    groups: dict[bytes, list[Artifact]] = {}
    for one in sources.scores:
        groups.setdefault(to_json(terms(one)), []).append(one)
    labels = told_apart([terms(group[0]) for group in groups.values()])
    human = {one.fingerprint: one.cells for one in first}
    made = [
        Scoring(
            tuple(group),
            tuple(_systems(sources, group, human)),
            remarks=_remarks(sources, group),
            label=label,
        )
        for group, label in zip(groups.values(), labels, strict=True)
    ]
    scored = {fingerprint for one in sources.scores for fingerprint in answered(one).values()}
    made = _beside(made, tuple(one for one in first if one.fingerprint not in scored))
    made = [replace(one, human=next(iter(sources.human), None)) for one in made]
    places = apart([one.folder for one in sources.human])[1:]
    rest = zip(others, places, sources.human[1:], strict=True)
    made += [Scoring((), (), tuple(judged), (), place, source) for judged, place, source in rest]
    return [_named_apart(one) for one in made]


def _remarks(sources: Sources, group: Sequence[Artifact]) -> tuple[str, ...]:
    known = [names(sources, one) for one in group]
    lacking = [
        told
        for scores, own in zip(group, known, strict=True)
        for label, sessions in (sessions_of(scores).items() if sources.outside else ())
        for told in gaps(sources.outside, label, sessions, own.get(label, label))
    ]
    return (*not_scored(sources, group), *remarks(group, known), *dict.fromkeys(lacking))


def names(sources: Sources, scores: Artifact) -> dict[str, str]:
    """The page's names for the systems in ``scores``, means of several seeds included, as far as it knows them."""
    answers = {label: sources.answers(fingerprint) for label, fingerprint in answered(scores).items()}
    made = {label: one.system for label, one in answers.items() if one}
    for seeds in scores.facts.get("seeds", []):
        found = [one.fingerprint for one in map(answers.get, seeds["runs"]) if one]
        made |= {seeds["system"]: _name(sources, found, seeds["system"])}
    return made


def _systems(sources: Sources, group: Sequence[Artifact], human: Mapping[str, Mapping[str, Cell]]) -> list[Scored]:
    """The systems of some scores. The same responses count once, with the metrics of all; seeds of one name are
    averaged.
    """
    seen: dict[str, Scored] = {}
    rows: dict[tuple[str, str], dict[str, None]] = {}
    for scores in group:
        for label, runs in _seeds(scores, _read(sources, scores, human)).items():
            fingerprints = [one.fingerprint for one in runs]
            key = (_name(sources, fingerprints, label), _settings(sources, fingerprints[0]))
            rows.setdefault(key, {}).update(dict.fromkeys(one for one in fingerprints if one not in seen))
            seen |= {one.fingerprint: _united(seen.get(one.fingerprint, one), one) for one in runs}
    return [_averaged(sources, name, [seen[one] for one in own]) for (name, _), own in rows.items() if own]


def _united(one: Scored, again: Scored) -> Scored:
    """``one`` with the metrics that only another scoring of the same responses has."""
    signatures = {**again.signatures, **one.signatures}
    return replace(one, cells={**again.cells, **one.cells}, signatures=signatures)


def _read(sources: Sources, scores: Artifact, human: Mapping[str, Mapping[str, Cell]]) -> dict[str, Scored]:
    """Each system by its name in ``scores``, together with the human scores of its responses."""
    systems: dict[str, list[Mapping[str, Any]]] = {}
    for row in [*scores.table("totals.parquet").to_pylist(), *_others(sources, scores)]:
        systems.setdefault(row["system"], []).append(row)
    made = {}
    for label, rows in systems.items():
        cells = {row["metric"]: Cell(row["value"], half_width(row), digits(row["metric"])) for row in rows}
        one = _of(sources, scores, label, cells, {row["metric"]: row["signature"] for row in rows})
        said = human.get(one.fingerprint, {})
        made[label] = replace(one, cells=cells | {**said}, judged=int(bool(said)))
    return made


def _others(sources: Sources, scores: Artifact) -> list[dict[str, Any]]:
    """Others' scores of the systems in ``scores``, as rows of its totals."""
    if not sources.outside:
        return []
    drawing = scores.config["resamples"], scores.config["seed"]
    return [
        {"system": label, "metric": metric} | asdict(total)
        for label, sessions in sessions_of(scores).items()
        for metric, total in totals(sources.outside, label, sessions, *drawing).items()
    ]


def _judged(sources: Sources, human: Artifact) -> list[Scored]:
    """The systems that people judged, including the real responses: the human columns of Table 2."""
    means: dict[str, dict[str, Cell]] = {}
    for row in human.table("means.parquet").to_pylist():
        if row["mean"] is not None and row["criterion"] in printed.HUMAN:
            means.setdefault(row["system"], {})[row["criterion"]] = Cell(row["mean"], half_width(row), 2)
    return [_of(sources, human, label, cells, {}) for label, cells in means.items()]


def _of(
    sources: Sources, made: Artifact, label: str, cells: Mapping[str, Cell], signatures: Mapping[str, str]
) -> Scored:
    """The system called ``label`` in ``made``, traced to its responses and its run."""
    fingerprint = answered(made).get(label, f"{made.fingerprint}/{label}")
    answers = sources.answers(fingerprint)
    facts = answers.facts if answers and answers.facts else {}
    return Scored(
        answers.system if answers else label,
        facts.get("system", label),
        cells,
        signatures,
        sources.run_of(answers),
        fingerprint,
        answers.source if answers else made.folder,
        fingerprint in sources.given,
    )


def _seeds(scores: Artifact, read: Mapping[str, Scored]) -> dict[str, list[Scored]]:
    """The systems in ``scores``, grouped as ``pwae evaluate`` was told that they are seeds of one system."""
    labels = {run: seeds["system"] for seeds in scores.facts.get("seeds", []) for run in seeds["runs"]}
    groups: dict[str, list[Scored]] = {}
    for label, one in read.items():
        name = labels.get(label, label)
        groups.setdefault(name, []).append(replace(one, own_name=name) if one.own_name == label else one)
    return groups


def _name(sources: Sources, fingerprints: Sequence[str], label: str) -> str:
    return next((sources.given[one] for one in fingerprints if one in sources.given), label)


def _settings(sources: Sources, fingerprint: str) -> str:
    """All settings of run and responses except the seed.

    Responses without their run are never a seed. If the responses were not given either, only the name counts.
    """
    answers = sources.answers(fingerprint)
    run = sources.run_of(answers)
    if answers is None or run is None:
        return fingerprint if answers else ""
    return but_seed([effective(run.config), artifacts.load(answers.source, "responses").config])


def _averaged(sources: Sources, name: str, runs: Sequence[Scored]) -> Scored:
    """The mean over seeds. A single system that is not on the page has the name in its scores."""
    known = len(runs) > 1 or sources.answers(runs[0].fingerprint)
    return mean_of(name, runs) if known else replace(runs[0], system=name)


def mean_of(name: str, runs: Sequence[Scored]) -> Scored:
    """The mean over seeds, called ``name``, with their standard deviation; a single one as it is.

    Human columns use only the seeds that people judged.
    """
    if len(runs) == 1:
        return runs[0]
    found = {metric: [run.cells[metric] for run in runs if metric in run.cells] for run in runs for metric in run.cells}
    cells = {
        metric: cells[0] if len(cells) == 1 else _mean(cells)
        for metric, cells in found.items()
        if metric in printed.HUMAN or len(cells) == len(runs)
    }
    given, judged = any(run.given for run in runs), sum(run.judged for run in runs)
    return replace(runs[0], system=name, cells=cells, given=given, seeds=len(runs), judged=judged)


def _mean(cells: Sequence[Cell]) -> Cell:
    values = [cell.value for cell in cells]
    return replace(cells[0], value=mean(values), half=stdev(values), over_seeds=True)


def _beside(made: Sequence[Scoring], alone: tuple[Scored, ...]) -> list[Scoring]:
    """Adds systems that only people scored to the first table with human columns, else to the first table."""
    if not made:
        return [Scoring((), (), alone)] if alone else []
    place = next((n for n, one in enumerate(made) if any(system.judged for system in one.systems)), 0)
    return [replace(one, alone=alone) if n == place else one for n, one in enumerate(made)]


def _named_apart(scoring: Scoring) -> Scoring:
    rows = [*scoring.systems, *scoring.alone]
    told = distinct([Claim(one.system, one.place, one.given) for one in rows])
    named = [replace(one, system=name) for one, name in zip(rows, told, strict=True)]
    systems = len(scoring.systems)
    return replace(scoring, systems=tuple(named[:systems]), alone=tuple(named[systems:]))
