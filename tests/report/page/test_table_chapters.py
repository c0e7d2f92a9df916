"""Table 3 as curves: what the bars are, and runs of one K."""

from __future__ import annotations

import re

import pytest

from pwae_core.report.page.table_chapters import plotted
from pwae_core.report.tables.cell import Cell
from pwae_core.report.tables.plain_table import OURS, PRINTED, Row, Table

F1 = "BLEU-F1"
ONE, SEVERAL, NONE = Cell(0.2, 0.02), Cell(0.3, 0.01, over_seeds=True), Cell(0.4)


def drawn(*cells: tuple[int, Cell]) -> str:
    rows = [Row(f"K = {k}", OURS, {F1: cell}, k) for k, cell in cells]
    rows += [Row(f"K = {k}", PRINTED, {F1: Cell(0.2)}, k) for k in (1, 2)]
    return plotted(Table("table-3", "Table 3", "K", [("", [F1])], rows)).html


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([(1, ONE), (2, ONE)], "ours; bars: ± half the width of the 95% bootstrap interval over contexts"),
        ([(1, SEVERAL), (2, SEVERAL)], "ours; bars: ± the standard deviation over seeds"),
        (
            [(1, SEVERAL), (2, ONE)],
            "ours; bars: ± half the width of the 95% bootstrap interval over contexts; for a mean over seeds, their "
            "standard deviation",
        ),
        ([(1, NONE), (2, NONE)], "ours"),
    ],
)
def test_the_legend_says_what_the_bars_are(cells: list[tuple[int, Cell]], told: str) -> None:
    assert re.findall(r"<bdi>(ours.*?)</bdi>", drawn(*cells).partition("</p>")[0]) == [told]


def test_several_runs_of_one_k_are_points_and_no_line() -> None:
    """Three points are drawn where two of one K are equal in the eyes of a sort."""
    assert '<path d="' in drawn((1, ONE), (2, ONE)).partition("<title>ours</title>")[2].partition("</g>")[0]
    page = drawn((1, ONE), (2, ONE), (2, SEVERAL))
    ours = page.partition("<title>ours</title>")[2].partition("</g>")[0]
    assert "<path" not in ours
    assert ours.count("<circle") == 3
