"""Tables as Markdown and as LaTeX (booktabs). Names from data are text in both, never a command or a link."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pwae_core.human_eval.ratings.latex import escaped as latex_escaped
from pwae_core.report.safe_html import short
from pwae_core.report.tables.cell import Cell
from pwae_core.report.tables.plain_table import OURS, Row, Table
from pwae_core.text.inert import inert
from pwae_core.text.markdown import as_code, as_markdown

NAME = 80
PLUS_MINUS = r"$\pm$ "


def to_markdown(tables: Sequence[Table], heading: str) -> str:
    """Every table under its own heading, with notes and signatures below it."""
    parts = [f"# {as_markdown(heading)}"]
    for table in tables:
        heads = [table.first, "from", *table.columns]
        lines = [_markdown_row(heads), _markdown_row([":--", ":--", *["--:"] * len(table.columns)], plain=False)]
        lines += [
            _markdown_row(
                [as_markdown(_name(row)), row.source, *(_markdown_cell(row.cells.get(c)) for c in table.columns)],
                plain=False,
            )
            for row in table.rows
        ]
        parts += [f"## {as_markdown(table.title)}", "\n".join(lines)]
        parts += [as_markdown(note) for note in table.notes]
        parts += ["\n".join(f"- {as_code(text)} {as_markdown(who)}".rstrip() for text, who in table.signatures.items())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_row(values: Sequence[str], *, plain: bool = True) -> str:
    return "| " + " | ".join(as_markdown(value) if plain else value for value in values) + " |"


def _markdown_cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    text = f"**{cell.text}**" if cell.best else cell.text
    return f"{text} {cell.spread}".rstrip()


def to_latex(tables: Sequence[Table]) -> str:
    """One ``table`` environment per table, with its signatures as comments above it. Needs the package booktabs."""
    return "\n\n".join(_latex_table(table) for table in tables) + "\n"


def _latex_table(table: Table) -> str:
    columns = table.columns
    comments = [
        inert(f"% {' '.join(text.split())} {' '.join(who.split())}").rstrip() for text, who in table.signatures.items()
    ]
    heads = [latex_escaped(table.first), *(latex_escaped(table.heading(column)) for column in columns)]
    italics = ["Rows in italics are the numbers printed by Chan et al. (2019)."] if table.has_printed else []
    title = re.sub(r"^Table \d+\. ", "", table.title)
    caption = " ".join(latex_escaped(text) for text in (f"{title}.", *table.notes, *italics))
    lines = [
        *comments,
        r"\begin{table*}\centering\small",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        *_latex_groups(table),
        " & ".join(heads) + r" \\",
        r"\midrule",
        *(
            " & ".join([_latex_name(row), *(_latex_cell(row.cells.get(c)) for c in columns)]) + r" \\"
            for row in table.rows
        ),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{caption}}}",
        r"\end{table*}",
    ]
    return "\n".join(lines)


def _latex_groups(table: Table) -> list[str]:
    if not any(heading for heading, _ in table.groups):
        return []
    spans = [rf"\multicolumn{{{len(columns)}}}{{c}}{{{latex_escaped(name)}}}" for name, columns in table.groups]
    return [" & ".join(["", *spans]) + r" \\"]


def _latex_name(row: Row) -> str:
    name = latex_escaped(_name(row))
    return name if row.source == OURS else rf"\textit{{{name}}}"


def _latex_cell(cell: Cell | None) -> str:
    if cell is None:
        return "--"
    text = rf"\textbf{{{cell.text}}}" if cell.best else cell.text
    return f"{text} {cell.spread.replace('±', PLUS_MINUS)}".rstrip()


def _name(row: Row) -> str:
    name = short(row.name, NAME)
    return f"{name} ({short(row.detail, NAME)})" if row.detail and row.detail != row.name else name
