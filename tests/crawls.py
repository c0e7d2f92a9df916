"""Small files as the crawlers write them, in their documented schemas, with made-up people."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

TIME = "Sat Jun 29 12:40:09 +0800 2013"


def spider_user(number: int) -> dict[str, Any]:
    return {"_id": number, "nick_name": f"name{number}", "verified": False, "followers_count": 3}


def spider_comment(number: int, user: int, text: str, answered: tuple[int, int, str] | None = None) -> dict[str, Any]:
    """A WeiboSpider comment; ``answered`` is the id, the user and the text of the comment it answers."""
    row = {"created_at": "2013-06-29 12:40:09", "_id": number, "like_counts": 0, "ip_location": "", "content": text}
    row["comment_user"] = spider_user(user)
    if answered:
        row["reply_comment"] = {"_id": str(answered[0]), "text": answered[2], "user": spider_user(answered[1])}
    return row | {"crawl_time": 1372480809}


def spider_post(number: int, user: int, text: str, reposted: int | None = None) -> dict[str, Any]:
    """A WeiboSpider post; ``reposted`` is the id of the post that it reposts."""
    row = {"_id": str(number), "mblogid": f"M{number}", "created_at": "2013-06-29 12:40:09", "content": text}
    row |= {"pic_urls": [], "is_retweet": reposted is not None, "user": spider_user(user), "crawl_time": 1372480809}
    return row | ({"retweet_id": str(reposted)} if reposted is not None else {})


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def crawler_post(number: int, user: int, text: str, reposted: dict[str, Any] | None = None) -> dict[str, Any]:
    """An item of weibo-crawler's JSON."""
    item = {"user_id": user, "screen_name": f"name{user}", "id": number, "bid": f"B{number}", "text": text}
    item |= {"created_at": "2013-06-29", "topics": "", "at_users": "", "full_created_at": "2013-06-29 12:40:09"}
    return item | ({"retweet": reposted} if reposted else {})


def write_crawler_json(path: Path, posts: Sequence[dict[str, Any]], indent: int | None = None) -> Path:
    document = {"user": {"id": "1", "screen_name": "name1"}, "weibo": list(posts)}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=indent), encoding="utf-8")
    return path


COMMENTS = (
    "id, bid, weibo_id, root_id, user_id, created_at, user_screen_name, user_avatar_url, text, pic_url, like_count"
)
REPOSTS = "id, bid, weibo_id, user_id, created_at, user_screen_name, user_avatar_url, text, like_count"
WEIBO = "id, bid, user_id, screen_name, text, topics, at_users, created_at, retweet_id"


def write_crawler_sqlite(
    path: Path,
    weibo: Sequence[tuple[str, str, str]] = (),
    comments: Sequence[tuple[str, str, str, str, str]] = (),
    reposts: Sequence[tuple[str, str, str, str]] = (),
) -> Path:
    """``weibo``: (id, user, text); ``comments``: (id, post, root, user, text); ``reposts``: (id, post, user, text)."""
    with closing(sqlite3.connect(path)) as database:
        for table, columns in (("weibo", WEIBO), ("comments", COMMENTS), ("reposts", REPOSTS)):
            database.execute(f"CREATE TABLE {table} ({columns.replace(', ', ' TEXT, ')} TEXT)")
        for name, user, text in weibo:
            row = (name, "", user, f"name{user}", text, "", "", TIME, None)
            database.execute(f"INSERT INTO weibo VALUES ({', '.join('?' * 9)})", row)
        for name, post, root, user, text in comments:
            row = (name, "", post, root, user, TIME, f"name{user}", "", text, "", "0")
            database.execute(f"INSERT INTO comments VALUES ({', '.join('?' * 11)})", row)
        for name, post, user, text in reposts:
            row = (name, "", post, user, TIME, f"name{user}", "", text, "0")
            database.execute(f"INSERT INTO reposts VALUES ({', '.join('?' * 9)})", row)
        database.commit()
    return path


def media_comment(number: str, note: str, parent: str, user: str, text: str) -> dict[str, Any]:
    row = {"comment_id": number, "create_time": 1372480809, "create_date_time": "2013-06-29 12:40:09", "note_id": note}
    row |= {"content": text, "sub_comment_count": "0", "comment_like_count": "0", "last_modify_ts": 1372480809000}
    return row | {"parent_comment_id": parent, "creator_hash": user, "nickname": f"n{user}"}


def media_post(note: str, user: str, text: str) -> dict[str, Any]:
    row = {"note_id": note, "content": text, "create_time": 1372480809, "creator_hash": user}
    return row | {"nickname": f"n{user}", "source_keyword": "tea"}


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_pairs(path: Path, pairs: Sequence[Sequence[str]], header: bool = False) -> Path:
    lines = ["Post\tPost_user_id\tPost_timestamp\tResponse\tResponse_user_id\tResponse_timestamp"] if header else []
    path.write_text("".join("\t".join(pair) + "\n" for pair in [*([lines] if lines else []), *pairs]), encoding="utf-8")
    return path
