"""Telegram Desktop's ``result.json``: one chat, or all chats of an account (``chats`` and ``left_chats``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pwae_core.corpus.readers.base import Row, link
from pwae_core.corpus.readers.chat_documents import NO_MESSAGE, Chat, document_reader
from pwae_core.corpus.readers.head import Head

SERVICE, FORWARDED, BY_BOT = "service message", "forwarded message", "message sent through a bot"
WITH_BOT, UNSUPPORTED = "message of a chat with a bot", "message that Telegram could not export"
LISTS = (("messages", "*"), ("chats", "list", "*", "messages", "*"), ("left_chats", "list", "*", "messages", "*"))
CONTROL = re.compile(rb"(?<!\\)((?:\\\\)*)\\x([0-9A-F]{2})")
ACCOUNT = re.compile(r'"(?:personal_information|chats|left_chats|frequent_contacts)"\s*:\s*\{')


def recognises(head: Head) -> bool:
    known = head.members.keys()
    if {"type", "id", "messages"} <= known:
        return "channel" not in known
    return "about" in known and ACCOUNT.search(head.text) is not None


def row(message: Mapping[str, Any], chat: Chat) -> Row | str:
    """A message as a row, or why it is not somebody's own words."""
    kind = message.get("type")
    if kind != "message":
        return {"service": SERVICE, "unsupported": UNSUPPORTED}.get(str(kind), NO_MESSAGE)
    if chat.get("type") == "bot_chat":
        return WITH_BOT
    if "forwarded_from" in message or "forwarded_from_id" in message:
        return FORWARDED
    if "via_bot" in message:
        return BY_BOT
    return {
        "conversation_id": chat_id(chat),
        "utterance_id": link(message.get("id")),
        "reply_to": None if "reply_to_peer_id" in message else link(message.get("reply_to_message_id")),
        "user_id": message.get("from_id") or None,
        "user_name": message.get("from"),
        "text": text_of(message.get("text")),
        "timestamp": message.get("date_unixtime") or message.get("date"),
    }


def chat_id(chat: Chat) -> str | None:
    name = link(chat.get("id"))
    return None if name is None else f"telegram-{name}"


def text_of(text: object) -> str | None:
    """The words of a message: a string, or a list of strings and of objects with a ``type`` and a ``text``."""
    if isinstance(text, list):
        return "".join(part if isinstance(part, str) else _shown(part) for part in text)
    return text if isinstance(text, str) else None


def _shown(part: object) -> str:
    """The visible text of a part; a quotation, which is somebody else's words, becomes a space."""
    if not isinstance(part, dict) or part.get("type") == "blockquote":
        return " "
    shown = part.get("text")
    return shown if isinstance(shown, str) else ""


def mend(lines: bytes) -> bytes:
    """Telegram Desktop writes control characters as ``\\x1B``, which is no JSON."""
    return CONTROL.sub(rb"\1\\u00\2", lines) if b"\\x" in lines else lines


READER = document_reader(
    name="telegram",
    recognises=recognises,
    lists=LISTS,
    row=row,
    holds="Telegram's messages ('messages', or 'chats')",
    mend=mend,
)
