"""NanmiCoder/MediaCrawler's posts and comments of Weibo, Xiaohongshu and Tieba: a JSON array, JSON lines or CSV."""

from __future__ import annotations

from collections.abc import Iterable

from pwae_core.corpus.readers.base import Row, link
from pwae_core.corpus.readers.records import Record, record_reader

CHINA = "Asia/Shanghai"
USER = ("creator_hash", "user_id")


def recognises(record: Record) -> bool:
    """Whether an object is a comment or a post of MediaCrawler's."""
    known = record.keys()
    return {"note_id", "content"} <= known and "conversation_id" not in known and any(one in known for one in USER)


def rows(record: Record) -> Iterable[Row]:
    """A comment answers the comment or the post it stands under; everything under one post is one thread."""
    note = link(record.get("note_id"))
    comment = link(record.get("comment_id"))
    row = {
        "conversation_id": note,
        "utterance_id": comment or note,
        "reply_to": (link(record.get("parent_comment_id"), comment) or note) if comment else None,
        "user_id": next((record[name] for name in USER if record.get(name)), None),
        "user_name": record.get("nickname"),
        "text": record.get("content"),
        "timestamp": record.get("create_time") or record.get("create_date_time"),
    }
    return [row]


READER = record_reader(
    name="media-crawler",
    recognises=recognises,
    rows=rows,
    holds="MediaCrawler's comments or posts (note_id, content, creator_hash)",
    time_zone=CHINA,
    clean=("html",),
    bytes_a_row=500,
)
