"""The paper's tables, with the user's own numbers beside the printed ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pwae_core.artifacts import Artifact
from pwae_core.grammar import counted
from pwae_core.metrics.bootstrap import caution
from pwae_core.metrics.table import METRICS
from pwae_core.report.tables import printed
from pwae_core.report.tables.averaged import Scored, Scoring, digits
from pwae_core.report.tables.cell import Cell, half_width
from pwae_core.report.tables.comparable_terms import effective
from pwae_core.report.tables.plain_table import OURS, PRINTED, Row, Table, legend, titled, with_best

LEVEL = 0.05
COEFFICIENTS = {
    "raw_agreement": "Raw agreement",
    "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
    "gwet_ac1": "Gwet's AC1",
    "gwet_ac2": "Gwet's AC2",
}
OTHERS = "Other metrics"
REAL_NOTE = "ground-truth: the real responses."
SHORT_GROUPS = (("BOW", printed.SHORT[:3]), ("BLEU", printed.SHORT[3:]))


def row_of(one: Scored, name: str, columns: Sequence[str], x: int | None = None) -> Row:
    """The row of a system, under ``name``, with what its own name adds and how many seeds it is the mean of."""
    cells = {column: one.cells[column] for column in columns if column in one.cells}
    parts = [_besides(one.system, name), f"mean of {one.seeds} seeds" if one.seeds > 1 else ""]
    if 0 < one.judged < one.seeds and cells.keys() & {*printed.HUMAN}:
        parts.append(f"{one.judged} of them judged by people")
    detail = ", ".join(part for part in parts if part)
    return Row(name, OURS, cells, x, detail)


def _besides(system: str, name: str) -> str:
    """What a ``system``'s name adds to the name of its row: ``table4`` for PersonaWAE (table4)."""
    if system == name:
        return ""
    return system.removeprefix(f"{name} (").removesuffix(")") if system.startswith(f"{name} (") else system


def _printed(name: str, values: printed.Printed, columns: Sequence[str], x: int | None = None) -> Row:
    cells = {column: Cell(values[column], None, digits(column)) for column in columns if column in values}
    return Row(name, PRINTED, cells, x)


def table_2(scoring: Scoring, *, everything: bool = True) -> Table:
    """All columns of Table 2: own systems above the printed rows of the same name, other systems after the paper's.

    ``everything``: also print rows of the paper whose system is not among one's own.
    """
    scored, shown = scoring.systems, (*scoring.systems, *scoring.alone)
    human = any(column in one.cells for one in shown for column in printed.HUMAN)
    groups: list[tuple[str, Sequence[str]]] = [
        group for group in printed.GROUPS if (human if group[1] == printed.HUMAN else scored)
    ]
    own = _own(metric for one in scoring.systems for metric in one.cells)
    groups += [(OTHERS, own)] if own else []
    columns = [column for _, names in groups for column in names]
    places = [
        (printed.printed_name(one.own_name) or printed.printed_name(one.system), row_of(one, one.system, columns))
        for one in shown
    ]
    rows: list[Row] = []
    for name, values in printed.TABLE_2.items():
        if name == printed.GROUND_TRUTH:
            rows += [row for place, row in places if place is None]
        mine = [row for place, row in places if place == name]
        told = _printed(name, values, columns)
        rows += [*mine, told] if told.cells and (mine or everything) else mine
    title = " and ".join(
        name for name, wanted in (("automatic metrics", scored), ("human evaluation", human)) if wanted
    )
    marked = with_best(rows, [column for column in columns if column not in own])  # whose best may be the lowest
    real = [REAL_NOTE] if any(row.name == printed.GROUND_TRUTH for row in rows) else []
    notes = list(dict.fromkeys([*_contexts(scoring, human=human), *legend(marked), *scoring.remarks, *real]))
    heading = titled(f"Table 2. {title.capitalize()}", scoring.label)
    return Table("table-2", heading, "System", groups, marked, notes, signatures(scored, columns))


def _contexts(scoring: Scoring, *, human: bool) -> list[str]:
    """How many contexts and annotators our rows are based on."""
    told = []
    if scoring.artifacts:
        told.append(f"Automatic metrics: {counted(scoring.artifacts[0].facts['contexts'], 'context')}.")
    if human and scoring.human:
        means = scoring.human.table("means.parquet", ["criterion", "contexts"]).to_pylist()
        most = max(row["contexts"] for row in means if row["criterion"] in printed.HUMAN)
        annotators = counted(len(scoring.human.facts["annotators"]), "annotator")
        told += [f"Human evaluation: {counted(most, 'context')}, {annotators}.", *caution(most)]
        told += scoring.human.facts.get("notes", [])
    return told


def _own(metrics: Iterable[str]) -> list[str]:
    """Metrics that are neither pwae's nor people's: those of plugins and of other programs' tables."""
    return list(dict.fromkeys(metric for metric in metrics if metric not in {*METRICS, *printed.HUMAN}))


def further(scoring: Scoring) -> Table | None:
    """The measures that the paper does not have; None if there are none."""
    known = {*METRICS} - {*printed.AUTOMATIC}
    columns = list(dict.fromkeys(m for one in scoring.systems for m in one.cells if m in known))
    rows = [row_of(one, one.system, columns) for one in scoring.systems]
    title = titled("Further measures, not in the paper", scoring.label)
    made = Table("further", title, "System", [("", columns)], rows, legend(rows), signatures(scoring.systems, columns))
    return made if columns else None


def differences(scores: Artifact, names: Mapping[str, str], where: str = "") -> list[Table]:
    """What ``pwae evaluate --compare`` found: each system minus the base, in bold if it is more than chance.

    Table 2's columns are in one table, further ones in another. ``names`` maps names in ``scores`` to the page's;
    ``where`` tells these differences from others.
    """
    if not scores.facts.get("comparisons"):
        return []
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for row in scores.table("differences.parquet").to_pylist():
        sure = row["randomisation_holm"] < LEVEL
        cell = Cell(row["difference"], half_width(row), digits(row["metric"]), best=sure)
        rows.setdefault((row["system"], row["base"]), {})[row["metric"]] = cell
    there = list(dict.fromkeys(metric for cells in rows.values() for metric in cells))
    known = [(name, [one for one in columns if one in there]) for name, columns in printed.GROUPS]
    known += [(OTHERS, _own(there))]
    others = [metric for metric in there if metric not in {column for _, columns in known for column in columns}]
    made = [
        Row(names.get(system, system), OURS, cells, None, f"minus {names.get(base, base)}")
        for (system, base), cells in rows.items()
    ]
    bounded = any(cell.half is not None for row in made for cell in row.cells.values())
    runs = {one["system"]: len(one["runs"]) for one in scores.facts.get("seeds", ())}
    seeds = [f"{count} of {names.get(system, system)}" for system, count in runs.items()]
    notes = [
        "The difference of the two systems' scores on the same contexts.",
        *([f"Means over seeds: {', '.join(seeds)}."] if seeds else []),
        *(["± is half the width of the 95% interval, of the paired bootstrap."] if bounded else []),
        f"Bold: p < {LEVEL} by randomisation of the contexts, after Holm's correction.",
    ]
    parts: list[tuple[str, list[tuple[str, list[str]]]]] = [
        ("Differences between systems", [group for group in known if group[1]]),
        ("Differences in further measures", [("", others)] if others else []),
    ]
    return [
        Table("differences", titled(title, where), "System", groups, made, notes) for title, groups in parts if groups
    ]


def table_3(scored: Sequence[Scored], where: str = "") -> Table | None:
    """K of the personalisation GMD; None unless the runs have at least two values of it."""
    ours = sorted(
        [(_components(one), one) for one in personawae(scored) if not _ablation(one)], key=lambda pair: pair[0]
    )
    if len({k for k, _ in ours}) < 2:
        return None
    rows = []
    for k in sorted({*printed.TABLE_3, *(k for k, _ in ours)}):
        rows += [row_of(one, f"K = {k}", printed.SHORT, k) for own, one in ours if own == k]
        rows += [_printed(f"K = {k}", printed.TABLE_3[k], printed.SHORT, k)] if k in printed.TABLE_3 else []
    marked = with_best(rows, printed.SHORT)
    notes = [*legend(marked), *_differing([one for _, one in ours], {"components", "context_components"})]
    title = titled("Table 3. Number of components in the personalisation GMD", where)
    return Table("table-3", title, "K", SHORT_GROUPS, marked, notes)


def table_4(scored: Sequence[Scored], where: str = "") -> Table | None:
    """The ablations beside the full systems with the same K; None if there is no ablation."""
    everything = personawae(scored)
    sizes = {_components(one) for one in everything if _ablation(one)}
    if not sizes:
        return None
    found = [one for one in everything if _components(one) in sizes]
    rows = []
    for name, values in printed.TABLE_4.items():
        wanted = "" if name == "PersonaWAE" else name
        rows += [row_of(one, name, printed.SHORT) for one in found if _ablation(one) == wanted]
        rows.append(_printed(name, values, printed.SHORT))
    rows += [row_of(one, "w/o both", printed.SHORT) for one in found if _ablation(one) == "w/o prior, w/o fusion"]
    marked = with_best(rows, printed.SHORT)
    notes = [*legend(marked), *_differing(found, {"without_prior", "without_fusion"})]
    title = titled("Table 4. Ablations of the personalisation", where)
    return Table("table-4", title, "System", SHORT_GROUPS, marked, notes)


def personawae(scored: Sequence[Scored]) -> list[Scored]:
    """The systems that are PersonaWAE runs, each run once."""
    found = {one.run.fingerprint: one for one in scored if one.run and _model(one)["name"] == "personawae"}
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
    """A warning if the compared runs differ in more than the table's subject."""
    made = [flat(effective(one.run.config)) for one in found if one.run]
    names = sorted({name for one in made for name in one if any(other.get(name) != one[name] for other in made)})
    others = [name for name in names if name.rpartition(".")[2] not in expected]
    return [f"These runs also differ in {', '.join(others)}."] if others else []


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level: ``model.components``."""
    made: dict[str, Any] = {}
    for key, value in config.items():
        made |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return made


def agreement(human: Artifact, where: str = "", columns: Sequence[str] = printed.HUMAN) -> Table | None:
    """The coefficients for all annotators together, by criterion; None if there is only one annotator."""
    rows: dict[str, dict[str, Cell]] = {}
    for row in human.table("agreement.parquet").to_pylist():
        if row["between"] == "all" and row["value"] is not None:
            rows.setdefault(row["statistic"], {})[row["criterion"]] = Cell(row["value"], half_width(row), 2)
    made = [Row(COEFFICIENTS.get(name, name), OURS, found) for name, found in rows.items()]
    told = [f"The paper reports one kappa, {printed.KAPPA}, without saying which."] if columns == printed.HUMAN else []
    title = titled("Agreement between the annotators", where)
    table = Table("agreement", title, "Coefficient", [("", columns)], made, [*told, *legend(made)])
    return table if made else None


def signatures(scored: Sequence[Scored], columns: Sequence[str]) -> dict[str, str]:
    """Each signature with the systems it applies to ("" if it applies to all)."""
    found: dict[str, list[str]] = {}
    for column in columns:
        for one in scored:
            if column in one.signatures:
                found.setdefault(one.signatures[column], []).append(one.system)
    return {text: "" if len(systems) == len(scored) else ", ".join(systems) for text, systems in found.items()}
