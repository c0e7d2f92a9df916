"""A figure as text: a description of it, and its numbers as a folded table."""

from __future__ import annotations

from collections.abc import Sequence

from pwae_core.report.safe_html import Markup, tag

MOST = 12
"""How many points of a curve the table shows."""


def numbers(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """The folded table. The first cell of a row is the row's heading."""
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    body = [
        tag("tr", tag("th", tag("bdi", row[0]), scope="row"), *(tag("td", cell, class_="number") for cell in row[1:]))
        for row in rows
    ]
    table = tag("table", tag("thead", head), tag("tbody", *body))
    return tag("details", tag("summary", "Numbers"), tag("div", table, class_="scroll", tabindex=0), class_="numbers")


def thinned(count: int) -> list[int]:
    """At most MOST of ``count`` indices, evenly spread, including the first and the last."""
    if count <= MOST:
        return list(range(count))
    return [round(place * (count - 1) / (MOST - 1)) for place in range(MOST)]
