"""The chapters that hold tables and cases: plain data in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence

from pwae_core.report.figures.svg import Series, chart, legend
from pwae_core.report.page.document import figure, folded, paragraphs
from pwae_core.report.safe_html import Markup, join, said, short, tag
from pwae_core.report.tables.averaged import Cell
from pwae_core.report.tables.cases import Answers, Case
from pwae_core.report.tables.paper_tables import OURS, Row, Table
from pwae_core.report.tables.printed import GROUND_TRUTH

NAME = 60
LONG_HEAD = 12
SMALL = (270, 190)


def table(one: Table) -> Markup:
    """A table with its notes, and its signatures folded away."""
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
    """A long one may be broken at its hyphens."""
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
    """Table 3 as curves over K: one panel a metric, ours with intervals, the paper's dashed."""
    panels = []
    for column in one.columns:
        series = []
        for place, (source, style) in enumerate(((OURS, "line"), ("paper", "dashed"))):
            points = sorted((row.x or 0, row.cells[column]) for row in one.rows if _has(row, source, column))
            if points:
                halves = [cell.half or 0.0 for _, cell in points]
                xs, ys = [float(x) for x, _ in points], [cell.value for _, cell in points]
                series.append(Series(source, xs, ys, place, style, halves))
        marks = sorted({x for drawn in series for x in drawn.xs})
        panels.append(
            figure(
                chart(series, f"{one.heading(column)} over K", "K", x_ticks=marks, size=SMALL),
                tag("b", one.heading(column)),
            )
        )
    key = legend([("ours, with its 95% interval", "line c0"), ("printed in the paper", "dashed c1")])
    return join([key, tag("div", *panels, class_="panels four")])


def _has(row: Row, source: str, column: str) -> bool:
    return row.source == source and column in row.cells and row.x is not None


def cases_of_systems(cases: Sequence[Case], limit: int, samples: int) -> Markup:
    """Table 5: one context, every system's answers, the person's own utterances beside."""
    return join([_system_case(number, one, limit, samples) for number, one in enumerate(cases, 1)])


def _system_case(number: int, one: Case, limit: int, samples: int) -> Markup:
    real = [_answer(GROUND_TRUTH, text, limit, "real") for text in one.references]
    answers = [_answers(answers, limit, samples) for answers in one.answers]
    main = tag("div", _conversation(one, limit), tag("dl", *real, *answers, class_="answers"))
    aside = tag("aside", tag("h4", "What this person really says"), _history(one.history, limit))
    head = tag("h3", f"Case {number} ", tag("bdi", short(one.session_id, NAME), class_="id"))
    return tag("article", head, tag("div", main, aside, class_="beside"), class_="case")


def _conversation(one: Case, limit: int) -> Markup:
    turns = [
        tag("li", tag("span", turn.speaker, class_="who"), said(turn.text, limit), class_="own" if turn.own else None)
        for turn in one.context
    ]
    return tag("ol", *turns, class_="turns")


def _answer(who: str, text: str, limit: int, css: str) -> Markup:
    return tag("div", tag("dt", tag("bdi", short(who, NAME))), tag("dd", said(text, limit)), class_=css)


def _answers(one: Answers, limit: int, samples: int) -> Markup:
    """The first answer, further different ones folded away, and how many differ."""
    different = list(dict.fromkeys(one.texts))
    first = tag("div", said(different[0], limit)) if different else None
    more = [tag("li", said(text, limit)) for text in different[1:samples]]
    total = len(one.texts)
    count = f"{len(different)} different of {total}" if len(different) > 1 else f"the same in all {total}"
    rest = folded(count, tag("ul", *more)) if more else None
    alone = tag("small", count, class_="muted") if total > 1 and not more else None
    return tag("div", tag("dt", tag("bdi", short(one.who, NAME))), tag("dd", first, rest, alone))


def _history(texts: Sequence[str], limit: int) -> Markup:
    if not texts:
        return paragraphs("Nothing in the training split.", css="muted")
    return tag("ul", *(tag("li", said(text, limit)) for text in texts), class_="quotes")


def cases_of_users(cases: Sequence[Case], limit: int) -> Markup:
    """Table 6: one context answered as several users, what they really say below."""
    return join([_user_case(number, one, limit) for number, one in enumerate(cases, 1)])


def _user_case(number: int, one: Case, limit: int) -> Markup:
    real = [_answer(GROUND_TRUTH, text, limit, "real") for text in one.references]
    cards = [_user(place, answers, limit) for place, answers in enumerate(one.answers, 1)]
    head = tag("h3", f"Context {number} ", tag("bdi", short(one.session_id, NAME), class_="id"))
    told = tag("dl", *real, class_="answers") if real else None
    return tag("article", head, _conversation(one, limit), told, tag("div", *cards, class_="users"), class_="case")


def _user(place: int, one: Answers, limit: int) -> Markup:
    different = list(dict.fromkeys(one.texts))
    return tag(
        "div",
        tag("h4", f"User {place} ", tag("bdi", short(one.who, NAME), class_="id")),
        tag("ul", *(tag("li", said(text, limit)) for text in different), class_="said"),
        tag("p", "really says", class_="label"),
        _history(one.history, limit),
        class_="user",
    )
