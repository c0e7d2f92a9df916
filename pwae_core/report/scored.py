"""The scores that tables are made of: systems out of one or several scorings on the same terms, seeds averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Any

from pwae_core.artifacts import Artifact
from pwae_core.files import to_json
from pwae_core.report import paper
from pwae_core.report.gather import Sources

TWO_DIGITS = frozenset({*paper.HUMAN, "Length"})


@dataclass(frozen=True)
class Cell:
    """A number; ``half`` is half the width of its 95% interval, or a deviation; ``best``: to be marked."""

    value: float
    half: float | None = None
    digits: int = 4
    best: bool = False

    @property
    def text(self) -> str:
        return f"{self.value:.{self.digits}f}"

    @property
    def spread(self) -> str:
        return "" if self.half is None else f"±{self.half:.{self.digits}f}"


@dataclass(frozen=True)
class Scored:
    """One system: its cells by metric, and on which terms they were computed.

    ``own_name`` is what the system calls itself, where it was scored under another name; ``run`` is the run that
    answered, the first of several seeds, None where it was not given.
    """

    system: str
    own_name: str
    cells: Mapping[str, Cell]
    signatures: Mapping[str, str]
    run: Artifact | None
    seeds: int = 1


@dataclass(frozen=True)
class Scoring:
    """Scores artifacts on the same terms (settings, vectors, number of contexts), and the systems in them."""

    artifacts: tuple[Artifact, ...]
    systems: tuple[Scored, ...]


def digits(column: str) -> int:
    return 2 if column in TWO_DIGITS else 4


def half_width(row: Mapping[str, Any]) -> float | None:
    low, high = row["low"], row["high"]
    return None if low is None or high is None else (high - low) / 2


def scorings(sources: Sources) -> list[Scoring]:
    """All scores, those on the same terms together."""
    groups: dict[bytes, list[Artifact]] = {}
    for one in sources.scores:
        groups.setdefault(_terms(one), []).append(one)
    return [Scoring(tuple(group), tuple(_systems(sources, group))) for group in groups.values()]


def _terms(scores: Artifact) -> bytes:
    config = {key: value for key, value in scores.config.items() if key != "tokenizer"}
    return to_json([config, scores.manifest["inputs"].get("embeddings"), scores.facts["contexts"]])


def _systems(sources: Sources, group: Sequence[Artifact]) -> list[Scored]:
    """The systems of some scores: the same responses count once, seeds of one name are averaged."""
    found: dict[str, Scored] = {}
    named: dict[str, list[Scored]] = {}
    for scores in group:
        labels = {run: seeds["system"] for seeds in scores.facts.get("seeds", []) for run in seeds["runs"]}
        for one in _read(sources, scores):
            responses = str(scores.manifest["inputs"].get(f"responses/{one.system}"))
            if responses not in found:
                found[responses] = one
                named.setdefault(labels.get(one.system, one.system), []).append(one)
    return [_averaged(name, runs) for name, runs in named.items()]


def _read(sources: Sources, scores: Artifact) -> list[Scored]:
    systems: dict[str, list[Mapping[str, Any]]] = {}
    for row in scores.table("totals.parquet").to_pylist():
        systems.setdefault(row["system"], []).append(row)
    return [
        Scored(
            name,
            sources.own_name(scores, name),
            {row["metric"]: Cell(row["value"], half_width(row), digits(row["metric"])) for row in rows},
            {row["metric"]: row["signature"] for row in rows},
            sources.run_of(scores, name),
        )
        for name, rows in systems.items()
    ]


def _averaged(name: str, runs: Sequence[Scored]) -> Scored:
    """The mean over seeds, with their standard deviation; one run as it is."""
    first = replace(runs[0], system=name)
    if first.own_name == runs[0].system:
        first = replace(first, own_name=name)
    if len(runs) == 1:
        return first
    common = [metric for metric in first.cells if all(metric in run.cells for run in runs)]
    values = {metric: [run.cells[metric].value for run in runs] for metric in common}
    cells = {metric: Cell(mean(found), stdev(found), digits(metric)) for metric, found in values.items()}
    return replace(first, cells=cells, seeds=len(runs))
