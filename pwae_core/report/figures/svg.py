"""Charts as inline SVG. Colours and dashes are classes (``c0`` to ``c7``, ``d1``, ``d2``) of the page's stylesheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from pwae_core.report.figures.numbers import numbers, thinned
from pwae_core.report.safe_html import Markup, join, tag

COLOURS, DASHES = 8, 3
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 36
LEFT_OF_CLOUD = 66
LARGEST = 1e300
"""The largest value that is drawn: the span of two such values is still finite."""


def hue(number: int) -> str:
    """The CSS classes of line ``number``. 24 lines differ: the first 8 by colour, further ones also by dashes."""
    dash = number // COLOURS % DASHES
    return f"c{number % COLOURS}" + (f" d{dash}" if dash else "")


@dataclass(frozen=True)
class Series:
    """A line or a cloud of points. ``style``: line, faint, dashed, dots or rings; in a cloud, solid or open.

    ``halves``: half-widths of intervals, if there are any.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: int = 0
    style: str = "line"
    halves: Sequence[float] = ()


@dataclass(frozen=True)
class Ellipse:
    """Where a Gaussian lies: centre, half-axes and turn (radians, counter-clockwise), all in data units."""

    x: float
    y: float
    long: float
    short: float
    turn: float
    css: str


@dataclass(frozen=True)
class Frame:
    """Maps data units to pixels, with room for labels to the ``left`` of the plot."""

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    left: int = LEFT

    def px(self, x: float) -> float:
        share = (x - self.x[0]) / (self.x[1] - self.x[0])
        return round(self.left + share * (self.width - self.left - RIGHT), 1)

    def py(self, y: float) -> float:
        share = (y - self.y[0]) / (self.y[1] - self.y[0])
        return round(self.height - BOTTOM - share * (self.height - TOP - BOTTOM), 1)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """About ``wanted`` round numbers within [low, high]."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def chart(
    series: Sequence[Series],
    label: str,
    x_label: str = "",
    *,
    x_ticks: Sequence[float] | None = None,
    size: tuple[int, int] = (360, 220),
) -> Markup:
    """Lines over a shared x, with their numbers in a folded table. ``label`` is read out by screen readers."""
    drawing = lines(series, label, x_label, x_ticks=x_ticks, size=size)
    if drawing is None:
        return tag("p", "Nothing finite was logged.", class_="muted")
    shown = [one for one in series if one.style != "faint"]
    halves = any(half for one in shown for half in one.halves)
    columns = ["line", x_label or "x", "value", *(["±"] if halves else [])]
    return join([drawing, numbers(columns, [row[: len(columns)] for one in shown for row in _rows(one)])])


def lines(
    series: Sequence[Series], label: str, x_label: str, *, x_ticks: Sequence[float] | None, size: tuple[int, int]
) -> Markup | None:
    """The drawing of a :func:`chart` alone; None if no value is finite."""
    finite = [(x, y) for one in series for x, y in zip(one.xs, one.ys, strict=True) if _is_drawn(y)]
    if not finite:
        return None
    reach = [one.ys[i] + sign * half for one in series for i, half in enumerate(one.halves) for sign in (-1, 1)]
    ys = [y for _, y in finite] + [y for y in reach if _is_drawn(y)]
    frame = Frame(*size, _padded([x for x, _ in finite], 0.02), _padded(ys, 0.06))
    drawn = [_axes(frame, x_label, x_ticks), *(_series(one, frame) for one in series)]
    shown = [one for one in series if one.style != "faint"]
    return svg(size, label, drawn, "; ".join(told for one in shown if (told := _said(one, x_label))))


def _said(one: Series, x_label: str) -> str:
    """A line in words: where it begins and ends, its lowest and highest value; "" if no value is finite."""
    points = [(x, y) for x, y in zip(one.xs, one.ys, strict=True) if _is_drawn(y)]
    if not points:
        return ""
    (x, y), (end, last), ys = points[0], points[-1], [y for _, y in points]
    if len(points) == 1:
        return f"{one.name}: {number(y)} at {x_label} {number(x)}"
    between = f"lowest {number(min(ys))}, highest {number(max(ys))}"
    return f"{one.name}: from {number(y)} at {x_label} {number(x)} to {number(last)} at {number(end)}, {between}"


def _rows(one: Series) -> list[list[str]]:
    """Evenly spread points of a line, as rows of a table."""
    halves = [number(half) if half else "" for half in one.halves] or [""] * len(one.xs)
    return [[one.name, number(one.xs[n]), number(one.ys[n]), halves[n]] for n in thinned(len(one.xs))]


def svg(size: tuple[int, int], label: str, children: Iterable[Markup], told: str = "") -> Markup:
    """A drawing called ``label``; ``told`` describes it to people who cannot see it."""
    described = tag("desc", told) if told else None
    return tag(
        "svg", described, *children, viewBox=f"0 0 {size[0]} {size[1]}", role="img", aria_label=label, class_="plot"
    )


def _padded(values: Sequence[float], share: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * share or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _axes(frame: Frame, x_label: str, x_ticks: Sequence[float] | None) -> Markup:
    left, bottom, right = frame.left, frame.height - BOTTOM, frame.width - RIGHT
    parts = []
    for value in ticks(*frame.y):
        y = frame.py(value)
        parts += [
            tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid"),
            _text(left - 6, y + 4, number(value), "end"),
        ]
    for value in x_ticks if x_ticks is not None else ticks(*frame.x):
        parts.append(_text(frame.px(value), bottom + 16, number(value), "middle"))
    parts.append(tag("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    if x_label:
        parts.append(_text((left + right) / 2, frame.height - 4, x_label, "middle"))
    return tag("g", *parts)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return tag("text", text, x=x, y=y, text_anchor=anchor)


def number(value: float) -> str:
    """A tick's label: four significant digits without trailing zeros; from 1,000 on, all digits, in groups of three."""
    if math.isnan(value):
        return "not a number"
    text = "infinite" if math.isinf(value) else f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"
    return text.replace("-", "−")


def _is_drawn(value: float) -> bool:
    return abs(value) < LARGEST  # False for NaN


def _series(one: Series, frame: Frame) -> Markup:
    points = [(frame.px(x), frame.py(y)) for x, y in zip(one.xs, one.ys, strict=True) if _is_drawn(y)]
    css = hue(one.colour)
    title = tag("title", one.name)
    bars = [
        tag("line", x1=frame.px(x), x2=frame.px(x), y1=frame.py(y - half), y2=frame.py(y + half), class_=f"bar {css}")
        for x, y, half in zip(one.xs, one.ys, one.halves, strict=False)
        if _is_drawn(y) and _is_drawn(half)
    ]
    if one.style in ("dots", "rings"):
        return tag(
            "g", title, *bars, *(tag("circle", cx=x, cy=y, r=3.2, class_=f"{one.style} {css}") for x, y in points)
        )
    path = "M" + "L".join(f"{x} {y}" for x, y in points)
    marks = [tag("circle", cx=x, cy=y, r=2.6, class_=f"dots {css}") for x, y in points] if one.halves else []
    return tag("g", title, tag("path", d=path, class_=f"{one.style} {css}"), *bars, *marks)


def cloud(
    series: Sequence[Series],
    ellipses: Sequence[Ellipse],
    label: str,
    axes: tuple[str, str],
    size: tuple[int, int] = (400, 340),
) -> Markup:
    """Points in a plane with the same scale on both ``axes``, and ellipses around them."""
    xs = [x for one in series for x in one.xs] + [e.x + s * e.long for e in ellipses for s in (-1, 1)]
    ys = [y for one in series for y in one.ys] + [e.y + s * e.long for e in ellipses for s in (-1, 1)]
    if not xs:
        return tag("p", "There are no codes.", class_="muted")
    frame = _square(size, _padded(xs, 0.04), _padded(ys, 0.04))
    middle = (TOP + frame.height - BOTTOM) / 2
    turn = f"rotate(-90 12 {middle})"
    up = tag("text", axes[1], x=12, y=middle, text_anchor="middle", transform=turn)
    drawn = [_axes(frame, axes[0], None), up]
    drawn += [_points(one, frame) for one in series]
    told = "; ".join(f"{one.name}: {len(one.xs)} points" for one in series)
    drawing = svg(size, label, [*drawn, *(_ellipse(e, frame) for e in ellipses)], told)
    columns = ("points of", "count", "mean across", "mean up", "deviation across", "deviation up")
    return join([drawing, numbers(columns, [_spread(one) for one in series if one.xs])])


def _spread(one: Series) -> list[str]:
    """The number of points in a cloud, with their means and standard deviations along both axes."""
    told = [number(of(values)) for of in (fmean, pstdev) for values in (one.xs, one.ys)]
    return [one.name, f"{len(one.xs):,}", *told]


def _square(size: tuple[int, int], x: tuple[float, float], y: tuple[float, float]) -> Frame:
    """A frame that holds both ranges at the same scale."""
    across, up = size[0] - LEFT_OF_CLOUD - RIGHT, size[1] - TOP - BOTTOM
    scale = max((x[1] - x[0]) / across, (y[1] - y[0]) / up)
    middle = (x[0] + x[1]) / 2, (y[0] + y[1]) / 2
    half = scale * across / 2, scale * up / 2
    x, y = (middle[0] - half[0], middle[0] + half[0]), (middle[1] - half[1], middle[1] + half[1])
    return Frame(*size, x, y, LEFT_OF_CLOUD)


def _points(one: Series, frame: Frame) -> Markup:
    css = f"point {one.style} c{one.colour % COLOURS}"
    drawn = [tag("circle", cx=frame.px(x), cy=frame.py(y), r=2.2) for x, y in zip(one.xs, one.ys, strict=True)]
    return tag("g", tag("title", one.name), *drawn, class_=css)


def _ellipse(one: Ellipse, frame: Frame) -> Markup:
    scale = (frame.width - frame.left - RIGHT) / (frame.x[1] - frame.x[0])
    x, y = frame.px(one.x), frame.py(one.y)
    turn = f"rotate({-math.degrees(one.turn):.2f} {x} {y})"
    size = {"rx": round(one.long * scale, 1), "ry": round(one.short * scale, 1)}
    return tag("ellipse", cx=x, cy=y, transform=turn, class_=one.css, **size)


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """The legend of a chart. Each entry is (name, CSS classes of its swatch)."""
    items = [tag("span", tag("i", class_=f"swatch {css}"), tag("bdi", name), class_="key") for name, css in entries]
    return tag("p", *items, class_="legend") if items else join([])
