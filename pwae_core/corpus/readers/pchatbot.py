"""Pchatbot's pairs: six tab-separated fields per line, of a post and its response, already segmented.

A post is repeated on the line of each of its responses, but it is one utterance, known by its user, time and text.
Lines without six fields are counted and left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import jsonl
from pwae_core.corpus.readers.base import Batch, NotOursError, Reader, Row, Source, Span, row_batches
from pwae_core.corpus.readers.head import Head
from pwae_core.errors import InputError

HEADER = ("Post", "Post_user_id", "Post_timestamp", "Response", "Response_user_id", "Response_timestamp")
SHORT = "not six fields"
LINES_TOLD_BY = 20


def recognises(head: Head) -> bool:
    return _are_pairs(head.lines)


def _are_pairs(lines: Sequence[str]) -> bool:
    """Whether half of the first lines have six fields, of which the third and the last are times, or are the header.

    The first such line tells: tables of six columns begin with a header of their own.
    """
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    first = next((row for row in rows if len(row) == 6), [])
    return _is_pair(first) and 2 * sum(map(_is_pair, rows)) >= len(rows)


def _is_pair(row: Sequence[str]) -> bool:
    return _is_header(row) or (len(row) == 6 and all(field[:1].isdigit() for field in (row[2], row[5])))


def _is_header(row: Sequence[str]) -> bool:
    return tuple(field.strip().lower() for field in row) == tuple(field.lower() for field in HEADER)


def check(source: Source, config: PreprocessConfig) -> Source:  # noqa: ARG001
    if not _are_pairs([line for _, line in islice(_lines(jsonl.whole(source)), LINES_TOLD_BY)]):
        raise NotOursError(f"{source.name} does not hold lines of six tab-separated fields: {', '.join(HEADER)}.")
    return source


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:  # noqa: ARG001
    found = ((number, row) for number, line in _lines(span) for row in rows(line.split("\t")))
    return row_batches(found, partial(jsonl.where, span))


def rows(fields: Sequence[str]) -> tuple[Row | str, ...]:
    """The response and the post that it answers, or why a line is not a pair. Nothing for a header."""
    if fields[0].strip().lower() == "post" and _is_header(fields):
        return ()
    return rows_of(fields) if len(fields) == 6 else (SHORT,)


def rows_of(pair: Sequence[str]) -> tuple[Row, Row]:
    """The response and the post that it answers."""
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


READER = Reader(
    name="pchatbot",
    recognises=recognises,
    check=check,
    spans=jsonl.spans,
    read=read,
    bytes_a_row=100,
    time_zone="Asia/Shanghai",
    unit="line",
)
