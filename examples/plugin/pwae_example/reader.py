"""A reader: JSON objects, one a line, such as {"thread": "t1", "number": 0, "by": "ann", "says": "good morning"}."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pwae_core import record_reader


def is_ours(record: Mapping[str, Any]) -> bool:
    return {"thread", "number", "by", "says"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any] | str]:
    """The row of a record, or the reason for which it is none."""
    if not is_ours(record):
        yield "no post"
        return
    yield {
        "conversation_id": record["thread"],
        "turn": record["number"],
        "user_id": record["by"],
        "text": record["says"],
    }


READER = record_reader(
    name="forum", recognises=is_ours, rows=rows, holds="the fields thread, number, by and says", shape="turns"
)
