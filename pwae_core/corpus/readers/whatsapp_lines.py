"""The lines of a WhatsApp chat as messages: where one begins, who says it, and when, as the phone wrote it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pwae_core.corpus.readers.whatsapp_dates import Numbers

SPACES = dict.fromkeys((160, 8201, 8239), " ")
UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
WHEN = (
    r"^[\u200e\u200f\u202a-\u202e\ufeff]*{opens}(?P<date>\d{{1,4}}(?P<mark>[-/.])\ ?\d{{1,2}}(?P=mark)\ ?\d{{1,4}})\.?"
    r"[,،]?\ *(?P<before>[^\d\s\[\]:,-][^\d\[\]:,]{{0,11}}?)?\ ?(?P<clock>\d{{1,2}}[:.]\d{{2}}(?:[:.]\d{{2}})?)"
    r"(?P<after>\ ?[^\W\d][^\d\[\]:–-]{{0,8}}?)?{closes}"
)
BRACKETED = re.compile(WHEN.format(opens=r"\[", closes=r"\]\ "))
DASHED = re.compile(WHEN.format(opens="", closes=r"\ [-–]\ "))
KOREAN = re.compile(
    r"^(?P<date>\d{4}년 ?\d{1,2}월 ?\d{1,2}일)(?P<mark>) ?(?P<before>오전|오후) ?(?P<clock>\d{1,2}:\d{2})(?P<after>), "
)
FORMS = (BRACKETED, DASHED, KOREAN)
NUMBER = re.compile(r"\d+")
LONGEST_NAME = 80
OFTEN = 3
QUOTES = (("“", "”"), ("„", "“"), ("«", "»"), ("「", "」"), ("‘", "’"))
QUOTED = re.compile('["“„«「‘]')


@dataclass(frozen=True)
class Beginning:
    """The start of a message at the line ``place``, from 1. ``date`` are the numbers of its date as written,
    ``marks`` the words around the ``clock``; ``end`` is where the line goes on.
    """

    place: int
    date: Numbers
    mark: str
    clock: str
    marks: tuple[str, ...]
    end: int


@dataclass(frozen=True)
class Message:
    """A message: all lines that ``name`` says (None: WhatsApp itself)."""

    begin: Beginning
    name: str | None
    said: str


def begins_like_a_chat(line: str) -> bool:
    """Whether a file with this first line may be a chat."""
    return any(form.match(line.translate(SPACES)) for form in FORMS)


def beginnings(lines: Sequence[str]) -> list[Beginning]:
    """The lines at which messages seem to begin: those in the form of the first one."""
    found: list[Beginning] = []
    forms: tuple[re.Pattern[str], ...] = FORMS
    for place, line in enumerate(lines, start=1):
        head = next((head for form in forms if (head := form.match(line.translate(SPACES)))), None)
        if head is None or (found and head["mark"] != found[0].mark):
            continue
        forms = (head.re,)
        first, second, third = (int(number) for number in NUMBER.findall(head["date"]))
        marks = tuple(head[name] for name in ("before", "after") if head[name])
        found.append(Beginning(place, (first, second, third), head["mark"], head["clock"], marks, head.end()))
    return found


def messages(lines: Sequence[str], begin: Sequence[Beginning]) -> list[Message]:
    """The messages that begin at those heads, each with the lines up to the next."""
    ends = [*(head.place - 1 for head in begin), len(lines)]
    said = []
    for head, end in zip(begin, ends[1:], strict=True):
        first, *more = lines[head.place - 1 : end]
        said.append("\n".join([first[head.end :], *more]))
    longer = _names_with_colon(said)
    return [Message(head, *_named(text, longer)) for head, text in zip(begin, said, strict=True)]


def _named(said: str, longer: Collection[str]) -> tuple[str | None, str]:
    """Who speaks, and what: the name precedes the first colon; ``longer`` names contain a colon themselves."""
    name, text = _parted(said)
    if name not in longer:
        return name, text
    more, text = _parted(text)
    return f"{name}: {more}", text


def _names_with_colon(said: Iterable[str]) -> set[str]:
    """First parts of names that contain a colon: messages that begin so continue with one of few second parts."""
    seconds: dict[str, Counter[str | None]] = {}
    for one in said:
        name, text = _parted(one)
        if name:
            seconds.setdefault(name, Counter())[_parted(text)[0]] += 1
    return {name for name, counts in seconds.items() if None not in counts and min(counts.values()) >= OFTEN}


def _parted(said: str) -> tuple[str | None, str]:
    """The name before a colon, and what follows it; None if there is none, or only one within quotation marks."""
    line, newline, rest = said.partition("\n")
    name, colon, text = line.partition(": ")
    if not colon and line.endswith(":"):
        name, colon, text = line[:-1], ":", ""
    bare = name if name.isascii() else UNSEEN.sub("", name).translate(SPACES)
    bare = " ".join(bare.split())
    if not colon or not bare or len(bare) > LONGEST_NAME or _in_quotes(bare):
        return None, said
    return bare, text + newline + rest


def _in_quotes(text: str) -> bool:
    """Whether a quotation begins in a text and does not end."""
    if not QUOTED.search(text):
        return False
    return text.count('"') % 2 == 1 or any(text.rfind(opens) > text.rfind(closes) for opens, closes in QUOTES)
