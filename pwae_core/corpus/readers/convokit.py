"""ConvoKit's ``utterances.jsonl``, in both spellings of its columns, and the JSON array of its first versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pwae_core.corpus.readers.base import Row
from pwae_core.corpus.readers.records import Record, record_reader

SPELLINGS = (("speaker", "conversation_id", "reply_to"), ("user", "root", "reply-to"))
NOTHING = {"", "none", "null", "nan"}


def recognises(record: Record) -> bool:
    """Whether an object is an utterance."""
    known = record.keys()
    return "turn" not in known and any({"id", "text", *names} <= known for names in SPELLINGS)


def rows(record: Record) -> Iterable[Row | str]:
    """An utterance; a first one answers nothing, or itself."""
    if not recognises(record):
        return ["not an utterance"]
    speaker, thread, answered = (_either(record, *names) for names in zip(*SPELLINGS, strict=True))
    name = _known(record.get("id"))
    answered = _known(answered)
    row = {
        "conversation_id": _known(thread),
        "utterance_id": name,
        "reply_to": None if answered == name else answered,
        "user_id": speaker.get("id") or speaker.get("name") if isinstance(speaker, dict) else speaker,
        "text": record.get("text"),
        "timestamp": _known(record.get("timestamp")),
    }
    return [row]


def _either(record: Record, new: str, old: str) -> Any:
    return record[new] if new in record else record.get(old)


def _known(value: Any) -> Any:
    """A value; None for what means none. Ids are opaque: ``0`` is one."""
    return None if str(value).strip().lower() in NOTHING else value


READER = record_reader(
    name="convokit",
    recognises=recognises,
    rows=rows,
    holds="ConvoKit's utterances (id, speaker, conversation_id, reply_to, text)",
    bytes_a_row=300,
)
