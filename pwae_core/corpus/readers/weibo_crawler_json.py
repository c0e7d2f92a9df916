"""dataabc/weibo-crawler's JSON: one document ``{"user": {...}, "weibo": [...]}``, reposts with the post they repost.

The crawler writes one document per crawled user, which is read whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from pwae_core.corpus.readers.base import Batch, Row, Source, Span, link, part, tree_batches
from pwae_core.errors import InputError


def spans(source: Source) -> list[Span]:
    return [Span(source, 0, source.path.stat().st_size)]


def estimate_rows(source: Source) -> int:
    return source.path.stat().st_size // 1_000


def check(source: Source, columns: Mapping[str, str]) -> None:  # noqa: ARG001
    if not _posts(source):
        raise InputError(f"{source.name} holds no post: its list 'weibo' is empty.")


def read(span: Span, columns: Mapping[str, str]) -> Iterator[Batch]:  # noqa: ARG001
    source = span.source
    rows = ((place, row) for place, post in enumerate(_posts(source), start=1) for row in rows_of(post))
    return tree_batches(rows, lambda place: f"{source.name}, post {place}")


def rows_of(post: Mapping[str, Any]) -> list[Row]:
    """A post, and the post that it reposts."""
    original = part(post, "retweet")
    reply_to = link(original.get("id"))
    rows = [_row(post, reply_to)]
    return [*rows, _row(original, None) | {"quoted": True}] if reply_to else rows


def _row(post: Mapping[str, Any], reply_to: str | None) -> Row:
    return {
        "utterance_id": post.get("id"),
        "reply_to": reply_to,
        "user_id": post.get("user_id"),
        "user_name": post.get("screen_name"),
        "text": post.get("text"),
        "timestamp": post.get("full_created_at") or post.get("created_at"),
    }


def _posts(source: Source) -> list[Mapping[str, Any]]:
    try:
        document = orjson.loads(source.path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InputError(f"{source.name} is not a valid JSON document: {error}. Was the crawl cut short?") from error
    posts = document.get("weibo") if isinstance(document, dict) else None
    if not isinstance(posts, list) or not all(isinstance(post, dict) for post in posts):
        raise InputError(f"{source.name} has no list 'weibo' of posts, as weibo-crawler writes it.")
    return posts
