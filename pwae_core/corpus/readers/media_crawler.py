"""NanmiCoder/MediaCrawler's posts and comments, as a JSON array, JSON lines or CSV."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import orjson

from pwae_core.corpus.readers import delimited, jsonl
from pwae_core.corpus.readers.base import Batch, Row, Source, Span, link, tree_batches
from pwae_core.errors import InputError

USER = ("creator_hash", "user_id")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object is a comment or a post of MediaCrawler's."""
    known = record.keys()
    return {"note_id", "content"} <= known and any(name in known for name in USER)


def spans(source: Source) -> list[Span]:
    return jsonl.spans(source) if _first(source) == b"{" else [Span(source, 0, source.path.stat().st_size)]


def estimate_rows(source: Source) -> int:
    return source.path.stat().st_size // 500


def check(source: Source, columns: Mapping[str, str]) -> None:  # noqa: ARG001
    found = [record for _, record in islice(_records(Span(source, 0, source.path.stat().st_size)), 100)]
    if not any(map(recognises, found)):
        raise InputError(
            f"{source.name} has neither comments nor posts of MediaCrawler (note_id, content, creator_hash). "
            "Name its format with --format."
        )


def read(span: Span, columns: Mapping[str, str]) -> Iterator[Batch]:  # noqa: ARG001
    where = partial(jsonl.where, span) if _first(span.source) == b"{" else partial(_item, span.source)
    return tree_batches(((place, row_of(record)) for place, record in _records(span)), where)


def row_of(record: Mapping[str, Any]) -> Row:
    """A comment answers the comment or the post it stands under; everything under one post is one thread."""
    note = link(record.get("note_id"))
    comment = link(record.get("comment_id"))
    return {
        "conversation_id": note,
        "utterance_id": comment or note,
        "reply_to": (link(record.get("parent_comment_id"), comment) or note) if comment else None,
        "user_id": next((record[name] for name in USER if record.get(name)), None),
        "user_name": record.get("nickname"),
        "text": record.get("content"),
        "timestamp": record.get("create_time") or record.get("create_date_time"),
    }


def _records(span: Span) -> Iterator[tuple[int, dict[str, Any]]]:
    first = _first(span.source)
    if first == b"{":
        return jsonl.records(span)
    return _array(span.source) if first == b"[" else _table(span.source)


def _array(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        items = orjson.loads(source.path.read_bytes().removeprefix(jsonl.BOM))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{source.name} is not a valid JSON document: {error}. Was the crawl cut short?") from error
    for place, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise InputError(f"{_item(source, place)} is not a JSON object.")
        yield place, item


def _table(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    with delimited.lines(source) as rows:
        header = next(rows, [])
        for place, row in enumerate(rows, start=1):
            if len(row) != len(header):
                raise InputError(f"{_item(source, place)} has {len(row)} fields, expected {len(header)}.")
            yield place, dict(zip(header, row, strict=True))


def _first(source: Source) -> bytes:
    with source.path.open("rb") as handle:
        return handle.read(io.DEFAULT_BUFFER_SIZE).removeprefix(jsonl.BOM).lstrip()[:1]


def _item(source: Source, place: int) -> str:
    return f"{source.name}, row {place}"
