"""dataabc/weibo-crawler's JSON: one document ``{"user": {...}, "weibo": [...]}``, reposts with the post they repost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import documents
from pwae_core.corpus.readers.base import Batch, NoRowsError, Reader, Row, Source, Span, link, part, row_batches
from pwae_core.corpus.readers.head import Head
from pwae_core.errors import InputError

CHINA = "Asia/Shanghai"
POSTS = ("weibo", documents.ITEM)


def recognises(head: Head) -> bool:
    return next(iter(head.members), "") in ("user", "weibo") and "weibo" in head.members


def check(source: Source, config: PreprocessConfig) -> Source:  # noqa: ARG001
    if next(_posts(source), None) is None:
        raise NoRowsError(f"{source.name} holds no post: its list 'weibo' is missing or empty.")
    return source


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:  # noqa: ARG001
    found = ((place, row) for place, post in enumerate(_posts(span.source), start=1) for row in rows(post))
    return row_batches(found, lambda place: f"{span.source.name}, post {place}")


def rows(post: Mapping[str, Any]) -> Iterable[Row]:
    """A post, and the post that it reposts."""
    original = part(post, "retweet")
    reply_to = link(original.get("id"))
    own = _row(post, reply_to)
    return [own, _row(original, None) | {"quoted": True}] if reply_to else [own]


def _row(post: Mapping[str, Any], reply_to: str | None) -> Row:
    return {
        "utterance_id": post.get("id"),
        "reply_to": reply_to,
        "user_id": post.get("user_id"),
        "user_name": post.get("screen_name"),
        "text": post.get("text"),
        "timestamp": post.get("full_created_at") or post.get("created_at"),
    }


def _posts(source: Source) -> Iterator[Mapping[str, Any]]:
    with source.open() as handle:
        for path, value in documents.walk(handle, source.name, lambda path, _: path in ((), POSTS[:1])):
            if path == POSTS:
                if not isinstance(value, dict):
                    raise InputError(f"{source.name} has no list 'weibo' of posts, as weibo-crawler writes it.")
                yield value


READER = Reader(
    name="weibo-crawler-json",
    recognises=recognises,
    check=check,
    read=read,
    bytes_a_row=1_000,
    time_zone=CHINA,
    clean=("html",),
    unit="post",
)
