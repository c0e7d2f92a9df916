"""Histograms: what stands at the axes, and that nothing is cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from pwae_core.report.figures.histogram import CHARACTER, HEIGHT, WIDTH, histogram

LINEAR = [[number, 5 * number] for number in range(10)]
WIDENING = [*([number, 1_281] for number in range(11)), [28, 800], [1_555, 2_294], [123_456, 0]]

LATER = [*WIDENING[:11], [11, 2], [13, 1]]


def labels(drawing: str) -> list[tuple[str, float, float, str]]:
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]*)</text>', drawing)
    return [(text, float(x), float(y), anchor) for x, y, anchor, text in found]


def test_bars_are_as_tall_as_their_counts_and_say_what_they_hold() -> None:
    drawing = histogram([[0, 10], [1, 5], [2, 0]], 4, "label", "tokens").html
    assert re.findall(r'height="([\d.]+)"><title>', drawing) == ["150.0", "75.0", "0.0"]  # 200 - 12 - 38
    assert re.findall("<title>(.*?)</title>", drawing) == ["0: 10", "1: 5", "2 to 4: 0"]


def test_thousands_are_set_apart_and_there_are_a_few_round_marks() -> None:
    marks = [text for text, _, _, anchor in labels(histogram(WIDENING, 150_000, "label", "x").html) if anchor == "end"]
    assert marks == ["0", "1,000", "2,000"]
    few = [text for text, *_, anchor in labels(histogram([[0, 1], [1, 2]], 1, "label", "x").html) if anchor == "end"]
    assert few == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("bins", "told"),
    [(LINEAR, "tokens"), (WIDENING, "tokens; bins widen from 10 on"), (LATER, "tokens; bins widen from 11 on")],
)
def test_where_bins_widen_it_is_said(bins: list[list[int]], told: str) -> None:
    assert labels(histogram(bins, 200_000, "label", "tokens").html)[-1][0] == told


@pytest.mark.parametrize("bins", [LINEAR, WIDENING, WIDENING[:-1], [[0, 3]]])
def test_labels_neither_touch_nor_are_cut(bins: list[list[int]]) -> None:
    drawn = labels(histogram(bins, 200_000, "label", "tokens").html)
    starts = [(x, CHARACTER * len(text) / 2) for text, x, y, _ in drawn if y == HEIGHT - 22]
    assert starts[0][0] > starts[0][1]
    assert all(x + half < other - wide for (x, half), (other, wide) in pairwise(starts))
    assert sum(starts[-1]) <= WIDTH
    assert all(x >= CHARACTER * len(text) for text, x, _, anchor in drawn if anchor == "end")
