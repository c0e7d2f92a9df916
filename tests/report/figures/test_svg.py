"""Charts: ticks, pixels and shapes worked out by hand."""

from __future__ import annotations

import math
import re

import pytest

from pwae_core.report.figures.svg import Ellipse, Frame, Series, chart, cloud, hue, number, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.13, 0.27, [0.15, 0.2, 0.25]),
        (-3, 7, [-2, 0, 2, 4, 6]),
        (0, 500, [0, 100, 200, 300, 400, 500]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_a_frame_puts_the_corners_where_the_axes_are() -> None:
    frame = Frame(360, 220, (0, 10), (0, 1))  # 46 left, 10 right, 10 above, 36 below
    assert [frame.px(0), frame.px(5), frame.px(10)] == [46, 198, 350]
    assert [frame.py(0), frame.py(0.5), frame.py(1)] == [184, 97, 10]


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "0.25"), (-5, "−5"), (20_000, "20,000"), (-1500, "−1,500"), (999.5, "999.5")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_a_line_has_a_point_for_each_finite_value_and_a_bar_for_each_interval() -> None:
    series = [Series("a", [1, 2, 3], [0.1, math.nan, 0.3], 2), Series("b", [1, 2], [0.2, 0.3], 9, "dashed", [0.1, 0.1])]
    made = chart(series, "label <x>").html
    lines = re.findall(r'<path d="M([^"]*)" class="(\w+) (c\d(?: d\d)?)">', made)
    assert [(points.count("L") + 1, style, css) for points, style, css in lines] == [
        (2, "line", "c2"),
        (2, "dashed", "c1 d1"),
    ]
    assert made.count('class="bar c1 d1"') == 2
    assert "label &lt;x&gt;" in made


def test_a_line_says_what_it_shows_and_its_table_has_both_ends() -> None:
    made = chart([Series("a", list(range(100)), [n / 10 for n in range(100)])], "label", "iteration").html
    assert "<desc>a: from 0 at iteration 0 to 9.9 at 99, lowest 0, highest 9.9</desc>" in made
    rows = re.findall(r'<th scope="row"><bdi>a</bdi></th><td class="number">(\d+)</td>', made)
    assert len(rows) == 12
    assert (rows[0], rows[-1]) == ("0", "99")


def test_twenty_four_lines_differ_and_the_first_eight_in_colour() -> None:
    assert len({hue(number) for number in range(24)}) == 24
    assert [hue(number) for number in (0, 7, 8, 23)] == ["c0", "c7", "c0 d1", "c7 d2"]


def test_a_value_that_is_none_moves_no_bar_and_is_said() -> None:
    made = chart([Series("a", [1, 2, 3], [math.nan, 2, 4], 0, "line", [0.5, 0.5, 1.0])], "x").html
    assert made.count('class="bar c0"') == 2
    (low, high), (lower, higher) = re.findall(r'y1="([\d.]+)" y2="([\d.]+)" class="bar', made)
    assert float(lower) - float(higher) == pytest.approx(2 * (float(low) - float(high)), abs=0.2)
    assert '<td class="number">not a number</td>' in made
    assert "nan" not in made


def test_values_beyond_all_reason_are_not_drawn() -> None:
    assert "Nothing finite" in chart([Series("a", [1, 2], [1e308, -1e308])], "x").html
    assert "infinite" in chart([Series("a", [1, 2], [math.inf, 1])], "x").html


def test_nothing_finite_is_said() -> None:
    assert "Nothing finite" in chart([Series("a", [1], [math.inf])], "x").html


def test_a_cloud_has_one_scale_so_a_circle_stays_one() -> None:
    made = cloud(
        [Series("a", [-1, 1], [-1, 1], 0, "solid")],
        [Ellipse(0, 0, 2, 1, math.pi / 2, "gaussian")],
        "x",
        ("across", "up"),
    ).html
    (radii,) = re.findall(r'rx="([\d.]+)" ry="([\d.]+)"', made)
    assert float(radii[0]) == pytest.approx(2 * float(radii[1]), abs=0.2)
    assert "rotate(-90.00" in made
    assert re.findall(r">(across|up)</text>", made) == ["across", "up"]
    points = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', made)
    (x1, y1), (x2, y2) = [(float(x), float(y)) for x, y in points]
    assert x2 - x1 == pytest.approx(y1 - y2, abs=0.2)
