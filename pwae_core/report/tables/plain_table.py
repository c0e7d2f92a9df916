"""A table as plain data, to be drawn in any format: rows of cells, which are best, and what the marks mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pwae_core.report.tables import printed
from pwae_core.report.tables.cell import Cell

OURS, PRINTED = "ours", "paper"
INTERVAL = "half the width of the 95% bootstrap interval over contexts"
DEVIATION = "standard deviation"


@dataclass(frozen=True)
class Row:
    """``source`` is OURS or PRINTED. A column missing from ``cells`` is empty. ``x`` is K if rows form a series."""

    name: str
    source: str
    cells: Mapping[str, Cell]
    x: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Table:
    """``groups`` are (heading, columns); ``notes`` are sentences; ``signatures`` maps each signature to its systems."""

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

    @property
    def has_printed(self) -> bool:
        """Whether it has rows from the paper."""
        return any(row.source == PRINTED for row in self.rows)

    def heading(self, column: str) -> str:
        """A column's heading: under a group's heading the paper's, which completes it; otherwise the metric's name."""
        grouped = any(name and column in columns for name, columns in self.groups)
        return printed.HEADINGS.get(column, column) if grouped else column


def titled(text: str, where: str) -> str:
    return f"{text} ({where})" if where else text


def with_best(rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    """Marks our best row in each column if it is clearly ahead of all others; real responses do not count."""
    best = [_ahead([row.cells[column] for row in rows if _judged(row, column)]) for column in columns]
    return [
        replace(row, cells={c: replace(cell, best=any(cell is one for one in best)) for c, cell in row.cells.items()})
        for row in rows
    ]


def _judged(row: Row, column: str) -> bool:
    return row.source == OURS and row.name != printed.GROUND_TRUTH and column in row.cells


def _ahead(cells: Sequence[Cell]) -> Cell | None:
    """The best cell if its spread reaches no other's; None if any cell has no spread, or there is only one."""
    if len(cells) < 2:
        return None
    first, *others = sorted(cells, key=lambda cell: -cell.value)
    return first if all(first.low > one.high for one in others) else None


def legend(rows: Sequence[Row]) -> list[str]:
    """What ± and bold mean, if ``rows`` have them."""
    cells = [cell for row in rows if row.source == OURS for cell in row.cells.values()]
    told = [f"± is {meaning}."] if (meaning := spreads(cells)) else []
    bold = ["Bold: the best of our rows, if its ± does not reach another row's."]
    return told + (bold if any(cell.best for cell in cells) else [])


def spreads(cells: Sequence[Cell]) -> str:
    """What the spreads of ``cells`` are: intervals, standard deviations, both, or "" if there are none."""
    kinds = {cell.over_seeds for cell in cells if cell.half is not None}
    if kinds == {False, True}:
        return f"{INTERVAL}; for a mean over seeds, their {DEVIATION}"
    return {False: INTERVAL, True: f"the {DEVIATION} over seeds"}[kinds.pop()] if kinds else ""
