"""Histograms as bars, small enough for several side by side."""

from __future__ import annotations

from collections.abc import Sequence

from pwae_core.report.figures.numbers import numbers
from pwae_core.report.figures.svg import svg, ticks
from pwae_core.report.safe_html import Markup, join, tag

WIDTH, HEIGHT = 320, 200
RIGHT, TOP, BOTTOM = 8, 12, 38
CHARACTER = 6.6
"""The approximate width of a digit in pixels, at the size of labels."""
UP = 3


def histogram(bins: Sequence[Sequence[int]], width: int, label: str, what: str, more: str = "") -> Markup:
    """One bar for each of ``bins`` [from, count], all ``width`` wide. The label under a bar is where its bin begins.

    ``label`` is read out by screen readers, ``what`` names what the axis counts, ``more`` says what is not drawn.
    """
    highest = max(count for _, count in bins)
    marks = [mark for mark in ticks(0, max(highest, 1), UP) if mark == round(mark)]
    left = round(10 + CHARACTER * max(len(f"{mark:,.0f}") for mark in marks))
    parts = [part for mark in marks for part in _mark(mark, highest, left)]
    step = (WIDTH - left - RIGHT) / len(bins)
    for place, (start, count) in enumerate(bins):
        told = _told(start, start + width - 1, count)
        parts.append(_bar(left + place * step, step, count / max(highest, 1), told))
    parts += _starts([start for start, _ in bins], left, step)
    bottom = HEIGHT - BOTTOM
    parts.append(tag("line", x1=left, x2=WIDTH - RIGHT, y1=bottom, y2=bottom, class_="axis"))
    middle = round((left + WIDTH - RIGHT) / 2, 1)
    parts.append(tag("text", f"{what}; {more}" if more else what, x=middle, y=HEIGHT - 5, text_anchor="middle"))
    most = max(bins, key=lambda bin: bin[1])
    told = f"Most: {_told(most[0], most[0] + width - 1, most[1])}"
    drawing = svg((WIDTH, HEIGHT), label, parts, f"{told}; {more}" if more else told)
    return join([drawing, numbers((what, "count"), [[_range(one, one + width - 1), f"{n:,}"] for one, n in bins])])


def _told(start: int, end: int, count: int) -> str:
    return f"{_range(start, end)}: {count:,}"


def _range(start: int, end: int) -> str:
    return f"{start:,} to {end:,}" if end > start else f"{start:,}"


def _mark(mark: float, highest: int, left: int) -> list[Markup]:
    y = round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * mark / max(highest, 1), 1)
    return [
        tag("line", x1=left, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"),
        tag("text", f"{mark:,.0f}", x=left - 6, y=y + 4, text_anchor="end"),
    ]


def _bar(x: float, step: float, share: float, told: str) -> Markup:
    tall = (HEIGHT - TOP - BOTTOM) * share
    size = {"x": round(x + 0.075 * step, 1), "y": round(HEIGHT - BOTTOM - tall, 1)}
    size |= {"width": round(0.85 * step, 1), "height": round(tall, 1)}
    return tag("rect", tag("title", told), class_="column", **size)


def _starts(starts: Sequence[int], left: int, step: float) -> list[Markup]:
    """Labels of bins: as many as fit, including the first, and none that would be cut off."""
    made, free = [], 0.0
    for place, start in enumerate(starts):
        text, x = f"{start:,}", left + (place + 0.5) * step
        half = CHARACTER * len(text) / 2
        if x - half >= free and x + half <= WIDTH:
            made.append(tag("text", text, x=round(x, 1), y=HEIGHT - BOTTOM + 16, text_anchor="middle"))
            free = x + half + 2 * CHARACTER
    return made
