"""The chapters with tables: plain data in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence

from pwae_core.report.figures.svg import Series, chart, legend
from pwae_core.report.page.document import figure, folded
from pwae_core.report.safe_html import Markup, join, short, tag
from pwae_core.report.tables.cell import Cell
from pwae_core.report.tables.plain_table import OURS, PRINTED, Row, Table, spreads

NAME = 60
LONG_HEAD = 12
SMALL = (270, 190)


def table(one: Table) -> Markup:
    """A table with its notes, and its signatures folded."""
    notes = join([tag("p", note, class_="note") for note in one.notes])
    told = [tag("li", tag("code", text), f" {who}" if who else None) for text, who in one.signatures.items()]
    signatures = folded("How our numbers were computed: signatures", tag("ul", *told)) if told else None
    caption = tag("h3", one.title)
    return tag("div", caption, tag("div", _grid(one), class_="scroll", tabindex=0), notes, signatures, class_="table")


def _grid(one: Table) -> Markup:
    named = any(row.source != OURS for row in one.rows)
    groups = None
    if any(name for name, _ in one.groups):
        spans = [
            tag("th", name, colspan=len(columns), scope="colgroup", class_="group") for name, columns in one.groups
        ]
        groups = tag("tr", tag("td", colspan=2 if named else 1), *spans)
    heads = [_head(one.heading(column)) for column in one.columns]
    source = tag("th", "from", scope="col") if named else None
    head = tag("thead", groups, tag("tr", tag("th", one.first, scope="col"), source, *heads))
    rows, before = [], None
    for row in one.rows:
        rows.append(_row(row, one.columns, named, first=row.name != before))
        before = row.name
    return tag("table", head, tag("tbody", *rows))


def _head(heading: str) -> Markup:
    """A heading that may break at its hyphens."""
    return tag("th", heading, scope="col", class_="number long" if len(heading) > LONG_HEAD else "number")


def _row(row: Row, columns: Sequence[str], named: bool, first: bool) -> Markup:
    detail = row.detail if row.detail != row.name else ""
    name = tag("bdi", short(row.name, NAME))
    under = tag("span", tag("bdi", short(detail, NAME)), class_="half") if detail else None
    css = ("" if row.source == OURS else "printed") + (" first" if first else "")
    source = tag("td", "ours" if row.source == OURS else "paper") if named else None
    cells = [_cell(row.cells.get(column)) for column in columns]
    return tag("tr", tag("th", name, under, scope="row"), source, *cells, class_=css.strip() or None)


def _cell(cell: Cell | None) -> Markup:
    if cell is None:
        return tag("td", "–", class_="number none")
    text = cell.text.replace("-", "−")
    value = tag("b", text) if cell.best else text
    return tag("td", value, tag("span", cell.spread, class_="half") if cell.spread else None, class_="number")


def plotted(one: Table) -> Markup:
    """Table 3 as curves over K, one panel per metric: ours with their spreads, the paper's dashed."""
    panels = []
    for column in one.columns:
        series = [_over_k(one, column, OURS, 0, "line"), _over_k(one, column, PRINTED, 1, "dashed")]
        drawn = [own for own in series if own.xs]
        marks = sorted({x for own in drawn for x in own.xs})
        plot = chart(drawn, f"{column} over K", "K", x_ticks=marks, size=SMALL)
        panels.append(figure(plot, tag("b", column)))
    meaning = spreads([cell for row in one.rows if row.source == OURS for cell in row.cells.values()])
    ours = f"ours; bars: ± {meaning}" if meaning else "ours"
    key = legend([(ours, "line c0"), ("printed in the paper", "dashed c1")])
    return join([key, tag("div", *panels, class_="panels four")])


def _over_k(one: Table, column: str, source: str, colour: int, style: str) -> Series:
    """A line through one row for each K; only points if a K has several rows."""
    rows = sorted((row for row in one.rows if row.source == source and column in row.cells), key=lambda row: row.x or 0)
    xs, cells = [float(row.x or 0) for row in rows], [row.cells[column] for row in rows]
    shown = style if len(set(xs)) == len(xs) else "dots"
    return Series(source, xs, [cell.value for cell in cells], colour, shown, [cell.half or 0.0 for cell in cells])
