"""Tables 5 and 6 as chapters to read: plain data in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence

from pwae_core.config.report import ReportConfig
from pwae_core.grammar import counted
from pwae_core.report.page.document import Section, folded, paragraphs
from pwae_core.report.safe_html import Markup, join, said, short, tag
from pwae_core.report.tables.cases import Answers, Case
from pwae_core.report.tables.printed import GROUND_TRUTH

NAME = 60


def table_5(found: Sequence[Case], config: ReportConfig) -> list[Section]:
    """One context with every system's answers, beside the person's own utterances if they are known."""
    shown = [_system_case(number, one, config.characters, config.samples) for number, one in enumerate(found, 1)]
    body = join([paragraphs(_of_table_5(found, config)), *shown])
    return [Section("table-5", "Table 5", "Answers side by side (Table 5)", body)] if found else []


def table_6(name: str, found: Sequence[Case], config: ReportConfig) -> list[Section]:
    """One context answered by the run called ``name`` as several users, above what they really say."""
    shown = [_user_case(number, one, config.characters) for number, one in enumerate(found, 1)]
    body = join([paragraphs(_of_table_6(name, found)), *shown])
    return [Section("table-6", "Table 6", "One context, several people (Table 6)", body)] if found else []


def _of_table_5(found: Sequence[Case], config: ReportConfig) -> str:
    """What a reader needs to know about the parts of the cases that are shown."""
    told = [f"{counted(len(found), 'test context')}, drawn at random (seed {config.seed}) and not chosen."]
    if any(turn.own for one in found for turn in one.context):
        told.append("A filled circle marks the person who responds.")
    if any(one.history is not None for one in found):
        told.append("Beside the answers: what this person says elsewhere, in the training split.")
    if any(one.references for one in found):
        told.append(f"{GROUND_TRUTH}: the real response.")
    return " ".join(told)


def _of_table_6(name: str, found: Sequence[Case]) -> str:
    users = {one.who for case in found for one in case.answers}
    who = f"the {len(users)} users" if len(users) > 1 else "the user"
    told = [f"{name} answers each context as {who} with the most responses in the training split."]
    if len(users) > 1:
        told.append("Only the user changes; the noise is the same.")
    if any(one.history is not None for case in found for one in case.answers):
        told.append("What they really say is shown below, so that you can judge the difference.")
    return " ".join(told)


def _system_case(number: int, one: Case, limit: int, samples: int) -> Markup:
    real = [_answer(GROUND_TRUTH, text, limit, "real") for text in one.references]
    answers = [_answers(answers, limit, samples) for answers in one.answers]
    main = tag("div", _conversation(one, limit), tag("dl", *real, *answers, class_="answers"))
    head = tag("h3", f"Case {number} ", tag("bdi", short(one.session_id, NAME), class_="id"))
    if one.history is None:
        return _foldable(head, main)
    said_else = tag("h4", "What this person really says")
    aside = tag("aside", said_else, _history(one.history, limit), aria_label=f"Case {number}: the person's own words")
    return _foldable(head, tag("div", main, aside, class_="beside"))


def _foldable(head: Markup, *body: Markup | None) -> Markup:
    """A case that opens and closes at its heading; the page's script closes all but the first on a phone."""
    return tag("article", tag("details", tag("summary", head), *body, open=True), class_="case")


def _conversation(one: Case, limit: int) -> Markup:
    turns = [
        tag("li", tag("span", turn.speaker, class_="who"), said(turn.text, limit), class_="own" if turn.own else None)
        for turn in one.context
    ]
    return tag("ol", *turns, class_="turns")


def _answer(who: str, text: str, limit: int, css: str) -> Markup:
    return tag("div", tag("dt", tag("bdi", short(who, NAME))), tag("dd", said(text, limit)), class_=css)


def _answers(one: Answers, limit: int, samples: int) -> Markup:
    """The first answer, any different answers in a folded list, and how many differ."""
    different = list(dict.fromkeys(one.texts))
    first = tag("div", said(different[0], limit)) if different else None
    more = [tag("li", said(text, limit)) for text in different[1:samples]]
    total = len(one.texts)
    count = f"{len(different)} different of {total}" if len(different) > 1 else f"the same in all {total}"
    count += f", {samples} shown" if len(different) > samples else ""
    rest = folded(count, tag("ul", *more)) if more else None
    alone = tag("small", count, class_="muted") if total > 1 and not more else None
    return tag("div", tag("dt", tag("bdi", short(one.who, NAME))), tag("dd", first, rest, alone))


def _history(texts: Sequence[str], limit: int) -> Markup:
    if not texts:
        return paragraphs("Nothing else in the training split.", css="muted")
    return tag("ul", *(tag("li", said(text, limit)) for text in texts), class_="quotes")


def _user_case(number: int, one: Case, limit: int) -> Markup:
    real = [_answer(GROUND_TRUTH, text, limit, "real") for text in one.references]
    cards = [_user(place, answers, limit) for place, answers in enumerate(one.answers, 1)]
    head = tag("h3", f"Context {number} ", tag("bdi", short(one.session_id, NAME), class_="id"))
    told = tag("dl", *real, class_="answers") if real else None
    return _foldable(head, _conversation(one, limit), told, tag("div", *cards, class_="users"))


def _user(place: int, one: Answers, limit: int) -> Markup:
    different = list(dict.fromkeys(one.texts))
    real = [] if one.history is None else [tag("p", "really says", class_="label"), _history(one.history, limit)]
    return tag(
        "div",
        tag("h4", f"User {place} ", tag("bdi", short(one.who, NAME), class_="id")),
        tag("ul", *(tag("li", said(text, limit)) for text in different), class_="said"),
        *real,
        class_="user",
    )
