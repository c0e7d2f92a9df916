"""nghuyong/WeiboSpider's JSON lines: comments with the comment they answer, posts, and reposts with their chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from pwae_core.corpus.readers import jsonl
from pwae_core.corpus.readers.base import Batch, Row, Source, Span, link, part, tree_batches
from pwae_core.errors import InputError

spans = jsonl.spans


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object is a comment or a post of WeiboSpider's."""
    known = record.keys()
    return {"_id", "content"} <= known and ("comment_user" in known or {"user", "mblogid"} <= known)


def estimate_rows(source: Source) -> int:
    return source.path.stat().st_size // 600


def check(source: Source, columns: Mapping[str, str]) -> None:  # noqa: ARG001
    whole = Span(source, 0, source.path.stat().st_size)
    if not any(recognises(record) for _, record in islice(jsonl.records(whole), 100)):
        raise InputError(
            f"{source.name} has neither comments (_id, content, comment_user) nor posts (_id, mblogid, content, user) "
            "of WeiboSpider. Name its format with --format."
        )


def read(span: Span, columns: Mapping[str, str]) -> Iterator[Batch]:  # noqa: ARG001
    rows = ((line, row) for line, record in jsonl.records(span) for row in rows_of(record))
    return tree_batches(rows, partial(jsonl.where, span))


def rows_of(record: Mapping[str, Any]) -> list[Row]:
    """A comment, and the comment it answers; or a post, linked to the post that it reposts."""
    if "comment_user" in record:
        answered = part(record, "reply_comment")
        reply_to = link(answered.get("_id"))
        rows = [_row(record, "comment_user", "content", reply_to)]
        return [*rows, _row(answered, "user", "text", None) | {"quoted": True}] if reply_to else rows
    return [_row(record, "user", "content", link(record.get("retweet_id")))]


def _row(record: Mapping[str, Any], user: str, text: str, reply_to: str | None) -> Row:
    author = part(record, user)
    return {
        "utterance_id": record.get("_id"),
        "reply_to": reply_to,
        "user_id": author.get("_id"),
        "user_name": author.get("nick_name"),
        "text": record.get(text),
        "timestamp": record.get("created_at"),
    }
