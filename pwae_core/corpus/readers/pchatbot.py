"""Pchatbot's pairs: six tab-separated fields a line, of a post and of its response, segmented already.

A post stands on the line of each of its responses: it is one utterance all the same, known by its user, time and text.
Lines without six fields are counted and left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from pwae_core.corpus.readers import jsonl
from pwae_core.corpus.readers.base import BATCH_ROWS, Batch, Row, Source, Span, raw_batch
from pwae_core.errors import InputError

HEADER = ("Post", "Post_user_id", "Post_timestamp", "Response", "Response_user_id", "Response_timestamp")
SHORT = "not six fields"
LINES_TOLD_BY = 20

spans = jsonl.spans


def recognises(lines: Sequence[str]) -> bool:
    """Whether half of some lines hold six fields, of which the third and the last are times, or are the header."""
    rows = [line.split("\t") for line in lines if line.strip()]
    return 2 * sum(map(_is_pair, rows)) >= len(rows) > 0


def _is_pair(row: Sequence[str]) -> bool:
    return _is_header(row) or (len(row) == 6 and all(field[:1].isdigit() for field in (row[2], row[5])))


def _is_header(row: Sequence[str]) -> bool:
    return tuple(field.strip().lower() for field in row) == tuple(field.lower() for field in HEADER)


def estimate_rows(source: Source) -> int:
    return source.path.stat().st_size // 100


def check(source: Source, columns: Mapping[str, str]) -> None:  # noqa: ARG001
    found = islice(_lines(Span(source, 0, source.path.stat().st_size)), LINES_TOLD_BY)
    if not recognises([line for _, line in found]):
        raise InputError(f"{source.name} does not hold lines of six tab-separated fields: {', '.join(HEADER)}.")


def read(span: Span, columns: Mapping[str, str]) -> Iterator[Batch]:  # noqa: ARG001
    found = _lines(span)
    while some := list(islice(found, BATCH_ROWS)):
        pairs = [(number, row) for number, line in some if len(row := line.split("\t")) == 6 and not _is_header(row)]
        short = sum(line.count("\t") != 5 for _, line in some)
        places = np.repeat(np.fromiter((number for number, _ in pairs), np.int64, len(pairs)), 2)
        rows = [row for _, pair in pairs for row in rows_of(pair)]
        values: dict[str, Any] = {name: [row.get(name) for row in rows] for name in rows[0]} if rows else {}
        batch = raw_batch(values, places, partial(_where, span, places), tree=True)
        yield Batch(batch.table, places, tree=True, rejected={SHORT: short} if short else {})


def rows_of(pair: Sequence[str]) -> tuple[Row, Row]:
    """The response, and the post it answers."""
    post, post_user, post_time, response, user, time = (field.strip() for field in pair)
    thread = _digest(post_user, post_time, post)
    answer = _digest(thread, user, time, response)
    return (
        _row(thread, answer, thread, user, response, time),
        _row(thread, thread, None, post_user, post, post_time) | {"quoted": True},
    )


def _row(thread: str, utterance: str, reply_to: str | None, user: str, text: str, time: str) -> Row:
    return {
        "conversation_id": thread,
        "utterance_id": utterance,
        "reply_to": reply_to,
        "user_id": user,
        "text": text,
        "timestamp": time,
        "quoted": False,
    }


def _digest(*fields: str) -> str:
    return hashlib.blake2b("\t".join(fields).encode(), digest_size=12).hexdigest()


def _lines(span: Span) -> Iterator[tuple[int, str]]:
    for number, line in jsonl.lines(span):
        try:
            yield number, line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{jsonl.where(span, number)} is not UTF-8 (byte 0x{line[error.start]:02x}). Convert the file first."
            ) from error


def _where(span: Span, places: Any, index: int) -> str:
    return jsonl.where(span, int(places[index]))
