"""The curves of training as drawings: SVG that is complete by itself, for the page beside this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

from results import Results
from tables import Row, grouped

from pwae_core.report.figures.svg import Series, hue, lines
from pwae_core.report.safe_html import Markup, join, tag

PANELS = {
    "bleu_f1": "BLEU-F1",
    "speaker": "Share of speakers identified",
    "distinct": "Distinct-1 within ten answers",
}
SIZE, HEAD, KEY, KEYS_PER_ROW = (360, 220), 26, 22, 4
WIDTH = len(PANELS) * SIZE[0]
STYLE = """
text { font: 11.5px system-ui, sans-serif; fill: #5d6670; } text.name { font-size: 13px; fill: #1d2125; }
.paper { fill: #fff; } .grid { stroke: #d8dbd6; stroke-width: .7; } .axis { stroke: #5d6670; }
path { fill: none; stroke-width: 1.7; stroke-linejoin: round; } .c4, .c5, .c6, .c7 { stroke-dasharray: 5 2.5; }
.c0 { stroke: #1f6fa8; } .c1 { stroke: #c4512a; } .c2 { stroke: #24794f; } .c3 { stroke: #7f55a3; }
.c4 { stroke: #a87a0a; } .c5 { stroke: #22878c; } .c6 { stroke: #b6427c; } .c7 { stroke: #66707a; }
"""


def drawings(found: Results) -> dict[str, str]:
    """Table 2's curves: an SVG for each corpus and split, by name."""
    labels = sorted({row["label"] for row in found.results if row["table"] == "table2"}, key=_first)
    made = {}
    for corpus, split in found.places:
        here = [row for row in found.curves if (row["corpus"], row["split"]) == (corpus, split)]
        made[f"{corpus}-{split}.svg"] = curves(here, labels)
    return {name: drawn for name, drawn in made.items() if drawn}


def _first(label: str) -> tuple[bool, str]:
    return label != "PersonaWAE", label


def curves(rows: Sequence[Row], labels: Sequence[str]) -> str:
    """A panel for each measure, with a line for each of ``labels``; "" if nothing was measured.

    A line is the mean over seeds. It ends where the first of them ends: further on, the mean would be of others.
    """
    panels = [
        tag("g", _text(10, 16, title), _at(drawing, 0, HEAD), transform=f"translate({place * SIZE[0]} 0)")
        for place, (measure, title) in enumerate(PANELS.items())
        if (drawing := lines(_series(rows, labels, measure), title, "iteration", x_ticks=None, size=SIZE))
    ]
    if not panels:
        return ""
    height = HEAD + SIZE[1] + KEY * -(-len(labels) // KEYS_PER_ROW) + 8
    attributes = {"xmlns": "http://www.w3.org/2000/svg", "width": WIDTH, "height": height}
    back = tag("rect", width=WIDTH, height=height, class_="paper")
    shown = [tag("style", Markup(STYLE)), back, *panels, _legend(labels)]
    drawn = tag("svg", *shown, **attributes, viewBox=f"0 0 {WIDTH} {height}")
    return f"{drawn.html}\n"


def _series(rows: Sequence[Row], labels: Sequence[str], measure: str) -> list[Series]:
    of_label = grouped((row for row in rows if row["measure"] == measure), ["label"])
    found = []
    for number, label in enumerate(labels):
        points = _until_the_first_ends(of_label.get((label,), []))
        if points:
            found.append(Series(label, list(points), list(points.values()), number))
    return found


def _until_the_first_ends(rows: Sequence[Row]) -> Mapping[int, float]:
    """The mean over seeds by iteration, for as long as there are all of them."""
    seeds = {row["seed"] for row in rows}
    steps = sorted(grouped(rows, ["step"]).items())
    return {step: mean(row["value"] for row in own) for (step,), own in steps if len(own) == len(seeds)}


def _at(drawing: Markup, x: int, y: int) -> Markup:
    return tag("svg", drawing, x=x, y=y, width=SIZE[0], height=SIZE[1])


def _text(x: float, y: float, text: str) -> Markup:
    return tag("text", text, x=x, y=y, class_="name")


def _legend(labels: Sequence[str]) -> Markup:
    keys = []
    for number, label in enumerate(labels):
        row, column = divmod(number, KEYS_PER_ROW)
        x, y = 46 + column * (WIDTH - 46) / KEYS_PER_ROW, HEAD + SIZE[1] + KEY * row + 16
        keys += [tag("path", d=f"M{x} {y - 4}h26", class_=hue(number)), _text(x + 34, y, label)]
    return join(keys)
