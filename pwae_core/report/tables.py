"""The paper's tables with one's own numbers beside the printed ones, as plain data: drawn elsewhere, in any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pwae_core.artifacts import Artifact
from pwae_core.report import paper
from pwae_core.report.gather import Sources

OURS, PRINTED = "ours", "paper"
COEFFICIENTS = {
    "raw_agreement": "Raw agreement",
    "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac1": "Gwet's AC1",
    "gwet_ac2": "Gwet's AC2",
}
TWO_DIGITS = frozenset({*paper.HUMAN, "Length"})


@dataclass(frozen=True)
class Cell:
    """A number; ``half`` is half the width of its 95% interval; ``best``: the best of one's own in the column."""

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
class Row:
    """``source`` is OURS or PRINTED; a column not in ``cells`` is empty. ``x`` is K, where rows are a series."""

    name: str
    source: str
    cells: Mapping[str, Cell]
    x: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Table:
    """``groups`` are (heading, columns); ``headings`` names the columns; ``notes`` are sentences below it."""

    key: str
    title: str
    first: str
    groups: Sequence[tuple[str, Sequence[str]]]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    signatures: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        return [column for _, columns in self.groups for column in columns]

    def heading(self, column: str) -> str:
        return paper.HEADINGS.get(column, column)


@dataclass(frozen=True)
class Scored:
    """One system of one scores artifact: its totals by metric, the run that answered where it was given."""

    system: str
    own_name: str
    totals: Mapping[str, Mapping[str, Any]]
    run: Artifact | None


def read_scores(sources: Sources, scores: Artifact) -> list[Scored]:
    """The systems of ``scores`` in their order."""
    systems: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in scores.table("totals.parquet").to_pylist():
        systems.setdefault(row["system"], {})[row["metric"]] = row
    return [
        Scored(name, sources.own_name(scores, name), totals, sources.run_of(scores, name))
        for name, totals in systems.items()
    ]


def cells(totals: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> dict[str, Cell]:
    made = {}
    for column in columns:
        total = totals.get(column)
        if total is not None:
            low, high = total["low"], total["high"]
            half = None if low is None or high is None else (high - low) / 2
            made[column] = Cell(total["value"], half, _digits(column))
    return made


def _digits(column: str) -> int:
    return 2 if column in TWO_DIGITS else 4


def printed(values: Mapping[str, float], columns: Sequence[str]) -> dict[str, Cell]:
    return {column: Cell(values[column], None, _digits(column)) for column in columns if column in values}


def with_best(rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    """Marks the best of one's own rows in each column, where there are two that differ; the real responses aside."""
    judged = [row for row in rows if row.source == OURS and row.name != paper.GROUND_TRUTH]
    best: dict[str, str] = {}
    for column in columns:
        values = {row.cells[column].text: row.cells[column].value for row in judged if column in row.cells}
        if len(values) > 1:
            best[column] = max(values, key=lambda text: values[text])
    return [
        Row(row.name, row.source, {c: _marked(cell, best.get(c)) for c, cell in row.cells.items()}, row.x, row.detail)
        if row in judged
        else row
        for row in rows
    ]


def _marked(cell: Cell, best: str | None) -> Cell:
    return Cell(cell.value, cell.half, cell.digits, best=cell.text == best)


def table_2(sources: Sources, scores: Artifact | None, human: Artifact | None) -> Table:
    """All columns of Table 2: each system's own numbers above the printed ones; other systems after the paper's."""
    scored = read_scores(sources, scores) if scores else []
    judged = human_means(human) if human else {}
    groups = [group for group in paper.GROUPS if group[1] != paper.HUMAN or judged]
    columns = [column for _, names in groups for column in names]
    ours = {one.system: cells(one.totals, columns) for one in scored}
    for system, means in judged.items():
        ours[system] = ours.get(system, {}) | means
    own_names = {one.system: one.own_name for one in scored}
    places = {system: paper.printed_name(own_names.get(system, system)) for system in ours}
    rows: list[Row] = []
    for name, values in paper.TABLE_2.items():
        mine = [Row(system, OURS, ours[system]) for system, place in places.items() if place == name]
        shown = printed(values, columns)
        rows += mine if name == paper.GROUND_TRUTH else [*mine, Row(name, PRINTED, shown)]
        if name == paper.GROUND_TRUTH and shown:
            rows.append(Row(name, PRINTED, shown))
    others = [Row(system, OURS, ours[system]) for system, place in places.items() if place is None]
    at = next((n for n, row in enumerate(rows) if row.name == paper.GROUND_TRUTH), len(rows))
    return Table(
        "table-2",
        "Table 2. Automatic metrics" + (" and human evaluation" if judged else ""),
        "System",
        groups,
        with_best([*rows[:at], *others, *rows[at:]], columns),
        _notes(scores),
        _signatures(scored, columns),
    )


def further(sources: Sources, scores: Artifact) -> Table | None:
    """The measures that the paper does not have; None where there are none."""
    scored = read_scores(sources, scores)
    columns = list(dict.fromkeys(metric for one in scored for metric in one.totals if metric not in paper.AUTOMATIC))
    if not columns:
        return None
    rows = [Row(one.system, OURS, cells(one.totals, columns)) for one in scored]
    signatures = _signatures(scored, columns)
    return Table("further", "Further measures, not in the paper", "System", [("", columns)], rows, (), signatures)


def table_3(sources: Sources, scores: Sequence[Artifact]) -> Table | None:
    """K of the personalisation GMD; None where there are not two values of it."""
    found = [(_components(one), one) for one in _personawae(sources, scores) if not _ablation(one)]
    ours = sorted(found, key=lambda pair: pair[0])
    if len({k for k, _ in ours}) < 2:
        return None
    rows = []
    for k, values in paper.TABLE_3.items():
        rows += [Row(f"K = {k}", OURS, cells(one.totals, paper.SHORT), k, one.system) for own, one in ours if own == k]
        rows.append(Row(f"K = {k}", PRINTED, printed(values, paper.SHORT), k))
    rows += [
        Row(f"K = {k}", OURS, cells(one.totals, paper.SHORT), k, one.system)
        for k, one in ours
        if k not in paper.TABLE_3
    ]
    return Table(
        "table-3",
        "Table 3. Number of components in the personalisation GMD",
        "K",
        _short_groups(),
        with_best(rows, paper.SHORT),
        _differing([one for _, one in ours], {"components", "context_components"}),
    )


def table_4(sources: Sources, scores: Sequence[Artifact]) -> Table | None:
    """The ablations beside the whole systems of the same K; None where there is no ablation."""
    everything = _personawae(sources, scores)
    sizes = {_components(one) for one in everything if _ablation(one)}
    if not sizes:
        return None
    found = [one for one in everything if _components(one) in sizes]
    rows = []
    for name, values in paper.TABLE_4.items():
        wanted = "" if name == "PersonaWAE" else name
        rows += [
            Row(name, OURS, cells(one.totals, paper.SHORT), None, one.system)
            for one in found
            if _ablation(one) == wanted
        ]
        rows.append(Row(name, PRINTED, printed(values, paper.SHORT)))
    rest = [one for one in found if _ablation(one) == "w/o prior, w/o fusion"]
    rows += [Row("w/o both", OURS, cells(one.totals, paper.SHORT), None, one.system) for one in rest]
    notes = _differing(found, {"without_prior", "without_fusion"})
    return Table(
        "table-4",
        "Table 4. Ablations of the personalisation",
        "System",
        _short_groups(),
        with_best(rows, paper.SHORT),
        notes,
    )


def _short_groups() -> list[tuple[str, tuple[str, ...]]]:
    return [("Embedding metrics", paper.SHORT[:3]), ("BLEU", paper.SHORT[3:])]


def _personawae(sources: Sources, scores: Sequence[Artifact]) -> list[Scored]:
    """The scored systems that are PersonaWAE runs, each run once."""
    everything = [one for artifact in scores for one in read_scores(sources, artifact)]
    found = {one.run.fingerprint: one for one in everything if one.run and _model(one)["name"] == "personawae"}
    return list(found.values())


def _model(one: Scored) -> Mapping[str, Any]:
    model: Mapping[str, Any] = one.run.config["model"] if one.run else {}
    return model


def _components(one: Scored) -> int:
    return int(_model(one)["components"])


def _ablation(one: Scored) -> str:
    model = _model(one)
    return ", ".join(f"w/o {part}" for part in ("prior", "fusion") if model[f"without_{part}"])


def _differing(found: Sequence[Scored], expected: set[str]) -> list[str]:
    """A warning where the compared runs differ in more than what the table is about."""
    made = [flat(one.run.config) for one in found if one.run]
    names = sorted({name for one in made for name in one if any(other.get(name) != one[name] for other in made)})
    others = [name for name in names if name.rpartition(".")[2] not in expected]
    return [f"These runs also differ in {', '.join(others)}."] if others else []


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in config.items():
        made |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return made


def human_means(human: Artifact) -> dict[str, dict[str, Cell]]:
    """By system: the human columns of Table 2."""
    means: dict[str, dict[str, Cell]] = {}
    for row in human.table("means.parquet").to_pylist():
        if row["mean"] is not None and row["criterion"] in paper.HUMAN:
            low, high = row["low"], row["high"]
            half = None if low is None or high is None else (high - low) / 2
            means.setdefault(row["system"], {})[row["criterion"]] = Cell(row["mean"], half, 2)
    return means


def agreement(human: Artifact) -> Table | None:
    """The coefficients of all annotators together; None where there was one annotator."""
    rows: dict[str, dict[str, Cell]] = {}
    for row in human.table("agreement.parquet").to_pylist():
        if row["between"] == "all" and row["value"] is not None:
            low, high = row["low"], row["high"]
            half = None if low is None or high is None else (high - low) / 2
            rows.setdefault(row["statistic"], {})[row["criterion"]] = Cell(row["value"], half, 2)
    if not rows:
        return None
    made = [Row(COEFFICIENTS.get(name, name), OURS, found) for name, found in rows.items()]
    note = f"The paper reports one kappa, {paper.KAPPA}, without its kind."
    return Table("agreement", "Agreement between the annotators", "Coefficient", [("", paper.HUMAN)], made, [note])


def _notes(scores: Artifact | None) -> list[str]:
    if scores is None:
        return []
    told = f"Our rows: {scores.facts['contexts']:,} contexts; ± is half the width of the 95% bootstrap interval."
    return [told, *scores.facts.get("notes", [])]


def _signatures(scored: Sequence[Scored], columns: Sequence[str]) -> dict[str, str]:
    """Each signature with the systems it is true of ("" where of all)."""
    found: dict[str, list[str]] = {}
    for column in columns:
        for one in scored:
            if column in one.totals:
                found.setdefault(one.totals[column]["signature"], []).append(one.system)
    return {text: "" if len(systems) == len(scored) else ", ".join(systems) for text, systems in found.items()}
