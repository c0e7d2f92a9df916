"""nghuyong/WeiboSpider's objects: comments with the comment they answer, posts, and reposts with their chain."""

from __future__ import annotations

from collections.abc import Iterable

from pwae_core.corpus.readers.base import Row, link, part
from pwae_core.corpus.readers.records import Record, record_reader

CHINA = "Asia/Shanghai"


def recognises(record: Record) -> bool:
    """Whether an object is a comment or a post of WeiboSpider's."""
    known = record.keys()
    return {"_id", "content"} <= known and ("comment_user" in known or {"user", "mblogid"} <= known)


def rows(record: Record) -> Iterable[Row]:
    """A comment, and the comment it answers; or a post, linked to the post that it reposts."""
    if "comment_user" not in record:
        return [_row(record, "user", "content", link(record.get("retweet_id")))]
    answered = part(record, "reply_comment")
    reply_to = link(answered.get("_id"))
    own = _row(record, "comment_user", "content", reply_to)
    return [own, _row(answered, "user", "text", None) | {"quoted": True}] if reply_to else [own]


def _row(record: Record, user: str, text: str, reply_to: str | None) -> Row:
    author = part(record, user)
    return {
        "utterance_id": record.get("_id"),
        "reply_to": reply_to,
        "user_id": author.get("_id"),
        "user_name": author.get("nick_name"),
        "text": record.get(text),
        "timestamp": record.get("created_at"),
    }


READER = record_reader(
    name="weibo-spider",
    recognises=recognises,
    rows=rows,
    holds="WeiboSpider's comments (_id, content, comment_user) or posts (_id, mblogid, content, user)",
    time_zone=CHINA,
    clean=("html",),
    bytes_a_row=600,
    unit="line",
)
