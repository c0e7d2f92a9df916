"""Histograms: what stands at the axes, and that nothing is cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from pwae_core.report.figures.histogram import CHARACTER, HEIGHT, WIDTH, histogram

LINEAR = [[number, 5 * number] for number in range(10)]
WIDE = [[1_000 * number, 1_281 * (number % 3)] for number in range(25)]


def labels(drawing: str) -> list[tuple[str, float, float, str]]:
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]*)</text>', drawing)
    return [(text, float(x), float(y), anchor) for x, y, anchor, text in found]


def test_bars_are_as_tall_as_their_counts_and_say_what_they_hold() -> None:
    drawing = histogram([[0, 10], [3, 5], [6, 0]], 3, "label", "tokens").html
    assert re.findall(r'height="([\d.]+)"><title>', drawing) == ["150.0", "75.0", "0.0"]  # 200 - 12 - 38
    assert re.findall("<title>(.*?)</title>", drawing) == ["0 to 2: 10", "3 to 5: 5", "6 to 8: 0"]
    alone = histogram([[0, 1], [1, 2]], 1, "label", "x").html
    assert re.findall("<title>(.*?)</title>", alone) == ["0: 1", "1: 2"]


def test_thousands_are_set_apart_and_there_are_a_few_round_marks() -> None:
    marks = [text for text, _, _, anchor in labels(histogram(WIDE, 1_000, "label", "x").html) if anchor == "end"]
    assert marks == ["0", "1,000", "2,000"]
    few = [text for text, *_, anchor in labels(histogram([[0, 1], [1, 2]], 1, "label", "x").html) if anchor == "end"]
    assert few == ["0", "1", "2"]


def test_what_is_not_drawn_is_said() -> None:
    assert labels(histogram(LINEAR, 1, "label", "tokens").html)[-1][0] == "tokens"
    told = labels(histogram(LINEAR, 1, "label", "tokens", "3 more, up to 7,000").html)[-1][0]
    assert told == "tokens; 3 more, up to 7,000"


@pytest.mark.parametrize("bins", [LINEAR, WIDE, WIDE[5:17], [[0, 3]]])
def test_labels_neither_touch_nor_are_cut(bins: list[list[int]]) -> None:
    drawn = labels(histogram(bins, 1_000, "label", "tokens").html)
    starts = [(x, CHARACTER * len(text) / 2) for text, x, y, _ in drawn if y == HEIGHT - 22]
    assert starts[0][0] > starts[0][1]
    assert all(x + half < other - wide for (x, half), (other, wide) in pairwise(starts))
    assert sum(starts[-1]) <= WIDTH
    assert all(x >= CHARACTER * len(text) for text, x, _, anchor in drawn if anchor == "end")
