"""NanmiCoder/MediaCrawler's posts and comments, of all its platforms: a JSON array, JSON lines or CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pwae_core.corpus.readers.base import Row, link
from pwae_core.corpus.readers.records import Record, record_reader

CHINA = "Asia/Shanghai"
POST = ("note_id", "video_id", "aweme_id", "content_id")
PARENT = ("parent_comment_id", "parment_comment_id")  # the latter in Tieba's first files
USER = ("creator_hash", "user_id", "user_link")
NAME = ("nickname", "user_nickname")
TIME = ("create_time", "create_date_time", "publish_time", "created_time", "time")
TITLED = ("content_text", "desc")
ANSWERING = re.compile(r"^\s*回[复覆]\s*[@＠]\s*(.{1,40}?)\s*[:：]")


def recognises(record: Record) -> bool:
    """Whether an object is a comment or a post of MediaCrawler's."""
    known = record.keys()
    comment = {"comment_id", "content"} <= known or {"note_id", "content"} <= known
    post = "title" in known and any(name in known for name in TITLED)
    stands_somewhere = any(name in known for name in POST) and any(name in known for name in USER)
    return stands_somewhere and (comment or post) and "conversation_id" not in known


def rows(record: Record) -> Iterable[Row | str]:
    """A comment answers the comment or the post that it is under; everything under one post is one thread."""
    if not recognises(record):
        return ["neither a comment nor a post"]
    post = link(_first(record, POST))
    comment = link(record.get("comment_id"))
    row = {
        "conversation_id": post,
        "utterance_id": comment or post,
        "reply_to": (link(_first(record, PARENT), comment) or post) if comment else None,
        "user_id": _first(record, USER),
        "user_name": _first(record, NAME),
        "text": _answer(record.get("content")) if "content" in record else _of_post(record),
        "timestamp": _first(record, TIME),
    }
    return [row]


def _first(record: Record, names: Iterable[str]) -> Any:
    """The first of these members that is not empty."""
    return next((record[name] for name in names if record.get(name)), None)


def _answer(content: Any) -> Any:
    """A comment, its ``回复 @name :`` (Bilibili's spaces) as the cleaning step ``replies`` knows it."""
    return ANSWERING.sub(r"回复@\1:", content) if isinstance(content, str) else content


def _of_post(record: Record) -> str | None:
    """Title and text of a post, once if one begins with the other; an answer has somebody else's title."""
    title, text = record.get("title") or "", _first(record, TITLED) or ""
    if not isinstance(title, str) or not isinstance(text, str):
        return None
    if record.get("content_type") == "answer" or text.startswith(title):
        return text
    return title if title.startswith(text) else f"{title}\n{text}"


READER = record_reader(
    name="media-crawler",
    recognises=recognises,
    rows=rows,
    holds="MediaCrawler's comments or posts (content or title, an id of the post, creator_hash)",
    time_zone=CHINA,
    clean=("html",),
    bytes_a_row=500,
)
