"""WhatsApp's exported chats: text, as phones of both kinds write it in any language."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers.base import Batch, NotOursError, Reader, Row, Source, Span, row_batches
from pwae_core.corpus.readers.head import Head
from pwae_core.corpus.readers.hours import as_time
from pwae_core.corpus.readers.whatsapp_dates import DAY_FIRST, MONTH_FIRST, as_date, order_of
from pwae_core.corpus.readers.whatsapp_lines import Beginning, beginnings, begins_like_a_chat, messages
from pwae_core.corpus.readers.whatsapp_notices import spoken
from pwae_core.errors import InputError

NOTICE, PLACEHOLDER = "notice of WhatsApp's", "placeholder of WhatsApp's (media, deleted message)"
STRAY = "line before the first message"


def recognises(head: Head) -> bool:
    return bool(head.lines) and begins_like_a_chat(head.lines[0])


def check(source: Source, config: PreprocessConfig) -> Source:
    """The source with the order of the numbers in its dates (``layout``).

    Raises NotOursError if it has no messages, InputError if no date distinguishes the day from the month.
    """
    found = beginnings(lines(source))
    if not found:
        raise NotOursError(f"{source.name} has none of WhatsApp's messages. Name its format with --format.")
    first = found[0]
    order = order_of([one.date for one in found], first.mark) or _told(config.time_format)
    if order is None:
        raise InputError(
            f"{source.name}: the dates do not show whether the day or the month comes first (line {first.place}: "
            f"{first.mark.join(map(str, first.date))}). Say which: --time-format %d/%m/%Y or --time-format %m/%d/%Y."
        )
    return replace(source, layout=order)


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:  # noqa: ARG001
    source = span.source
    return row_batches(rows(lines(source), source.layout), lambda place: f"{source.name}, line {place}", "times")


def lines(source: Source) -> list[str]:
    """The lines of a chat. Raises InputError for what is not UTF-8."""
    with source.open() as handle:
        content = handle.read()
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = f"line {line} is not UTF-8 (byte 0x{content[error.start]:02x})"
        raise InputError(f"{source.name}, {place}. Convert the file to UTF-8 first.") from error


def rows(said: Sequence[str], order: str) -> Iterator[tuple[int, Row | str]]:
    """The messages of a chat with their first lines, or the reason if it is one of WhatsApp's own.

    A line that seems to begin a message but has an impossible day or time continues the previous message.
    """
    moments = {one: moment for one in beginnings(said) if (moment := _moment(one, order))}
    found = messages(said, list(moments))
    before = said[: found[0].begin.place - 1 if found else None]
    yield from ((place, STRAY) for place, line in enumerate(before, start=1) if line.strip())
    chat = "whatsapp-" + hashlib.blake2b("\n".join(said).encode(), digest_size=6).hexdigest()
    for message in found:
        place, text = message.begin.place, spoken(message.said)
        if message.name is None or not text:
            yield place, NOTICE if message.name is None else PLACEHOLDER
            continue
        row = {"conversation_id": chat, "turn": place, "utterance_id": str(place), "text": text}
        row |= {"user_id": message.name, "user_name": message.name, "timestamp": moments[message.begin]}
        yield place, row


def _moment(begin: Beginning, order: str) -> str | None:
    """When a message was written, by the phone's clock; None if there is no such time."""
    day, clock = as_date(begin.date, order), as_time(begin.clock, begin.marks)
    return datetime.combine(day, clock).isoformat() if day and clock else None


def _told(form: str | None) -> str | None:
    """The order that ``--time-format`` gives."""
    if form is None or not {"%d", "%m"} <= set(re.findall("%[a-z]", form)):
        return None
    return DAY_FIRST if form.index("%d") < form.index("%m") else MONTH_FIRST


READER = Reader(
    name="whatsapp",
    recognises=recognises,
    check=check,
    read=read,
    bytes_a_row=80,
    names_people=True,
    unit="line",
)
