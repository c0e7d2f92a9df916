"""Small files as chat programs, dumps and corpora write them, in their schemas, with made-up people."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawls import write_lines

START = 1_700_000_000  # 2023-11-14 22:13:20 UTC, when every made-up chat begins


def telegram_message(number: int, user: int | None, text: Any, minute: float = 0, **more: Any) -> dict[str, Any]:
    """``minute`` after ``START``; ``more`` are other fields, which replace these."""
    moment = START + int(minute * 60)
    message: dict[str, Any] = {"id": number, "type": "message"}
    message["date"] = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    message["date_unixtime"] = str(moment)
    if user is not None:
        message |= {"from": f"name{user}", "from_id": f"user{user}"}
    return message | {"text": text, "text_entities": []} | more


def telegram_chat(number: int, messages: Sequence[dict[str, Any]], kind: str = "private_group") -> dict[str, Any]:
    return {"name": f"chat{number}", "type": kind, "id": number, "messages": list(messages)}


def telegram_account(chats: Sequence[dict[str, Any]], left: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    account = {"about": "all of it", "personal_information": {"user_id": 1, "first_name": "A"}, "profile_pictures": []}
    account |= {"contacts": {"about": "people", "list": [{"first_name": "B", "date": "2020-01-01T00:00:00"}]}}
    account |= {"chats": {"about": "all chats", "list": list(chats)}}
    return account | ({"left_chats": {"about": "others", "list": list(left)}} if left else {})


def discord_message(
    number: int, user: int, text: str, minute: float = 0, kind: str = "Default", **more: Any
) -> dict[str, Any]:
    moment = datetime.fromtimestamp(START + minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    author = {"id": str(user), "name": f"name{user}", "discriminator": "0000", "nickname": f"N{user}", "isBot": False}
    message = {"id": str(number), "type": kind, "timestamp": f"{moment}.1234567+00:00", "timestampEdited": None}
    message |= {"callEndedTimestamp": None, "isPinned": False, "content": text, "author": author}
    return message | {"attachments": [], "embeds": [], "reactions": [], "mentions": []} | more


def discord_channel(number: int, messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    channel = {"id": str(number), "type": "GuildTextChat", "categoryId": "1", "category": "c", "name": "general"}
    document: dict[str, Any] = {"guild": {"id": "1", "name": "server"}, "channel": channel, "dateRange": {}}
    return document | {"messages": list(messages), "messageCount": len(messages)}


def reddit_comment(name: str, author: str, body: str, parent: str, post: str, **more: Any) -> dict[str, Any]:
    """``parent`` with its prefix, ``post`` without."""
    comment = {"id": name, "author": author, "body": body, "parent_id": parent, "link_id": f"t3_{post}", "score": 1}
    return comment | {"created_utc": START, "subreddit": "tea", "subreddit_id": "t5_1", "retrieved_on": START} | more


def reddit_submission(name: str, author: str, title: str, text: str = "", **more: Any) -> dict[str, Any]:
    post = {"id": name, "author": author, "title": title, "selftext": text, "is_self": True, "num_comments": 2}
    return post | {"created_utc": str(START), "subreddit": "tea", "permalink": "/r/tea", "url": "x"} | more


def convokit_utterance(name: str, speaker: str, text: str, root: str, above: str | None, **more: Any) -> dict[str, Any]:
    row = {"id": name, "conversation_id": root, "text": text, "speaker": speaker, "meta": {"score": 1}}
    return row | {"reply_to": above, "timestamp": None, "vectors": []} | more


def convokit_old(name: str, user: str, text: str, root: str, above: str | None) -> dict[str, Any]:
    return {"id": name, "user": user, "root": root, "reply-to": above, "timestamp": "1700000000.0", "text": text}


def write_document(path: Path, document: Any, indent: int | None = 1) -> Path:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=indent), encoding="utf-8")
    return path


def write_exports(folder: Path, seed: int = 7) -> list[Path]:
    """A Telegram chat, a Discord channel in two parts, and rows of one's own; with people who pause for hours."""
    rng = random.Random(seed)
    minutes = [0.0]
    for _ in range(299):
        minutes.append(minutes[-1] + rng.choice([0, 1, 2, 5, 200]))
    texts = [f"{rng.choice('abcdefgh')} {n}" for n in range(300)]
    users = [rng.randrange(1, 5) for _ in minutes]
    said = list(zip(users, texts, minutes, strict=True))
    telegram = [telegram_message(n, *one) for n, one in enumerate(said, start=1)]
    discord = [discord_message(n, *one) for n, one in enumerate(said, start=1)]
    own = [
        {"conversation_id": f"own{n % 3}", "user_id": f"u{user}", "text": text, "timestamp": START + minute * 60}
        for n, (user, text, minute) in enumerate(said)
    ]
    return [
        write_document(folder / "result.json", telegram_chat(1, telegram)),
        write_document(folder / "part2.json", discord_channel(2, discord[150:])),
        write_document(folder / "part1.json", discord_channel(2, discord[:150])),
        write_lines(folder / "own.jsonl", own),
    ]
