"""DiscordChatExporter's JSON: the messages of one channel, or of a part of one; the parts make one chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pwae_core.corpus.readers.base import Row, link, part
from pwae_core.corpus.readers.chat_documents import NO_MESSAGE, Chat, document_reader
from pwae_core.corpus.readers.markdown import own_words

SERVICE, FORWARDED, BOT = "service message", "forwarded message", "message of a bot"
SPOKEN = {"Default", "Reply"}
MENTIONS = re.compile(r"<(?:@[!&]?|#|a?:\w{1,64}:)\d{1,20}>|<t:-?\d{1,20}(?::\w)?>|</[^<>\n]{1,100}:\d{1,20}>")


def row(message: Mapping[str, Any], chat: Chat) -> Row | str:
    """A message as a row, or why it is not somebody's own words."""
    if "content" not in message:
        return NO_MESSAGE
    if str(message.get("type", "Default")) not in SPOKEN:
        return SERVICE
    author, reference, content = part(message, "author"), part(message, "reference"), message["content"]
    if author.get("isBot") is True:
        return BOT
    if reference.get("type") == "Forward" or part(message, "forwardedMessage"):
        return FORWARDED
    return {
        "conversation_id": chat_id(chat),
        "utterance_id": link(message.get("id")),
        "reply_to": link(reference.get("messageId")),
        "user_id": link(author.get("id")),
        "user_name": author.get("name"),
        "text": own_words(MENTIONS.sub(" ", content)) if isinstance(content, str) else None,
        "timestamp": message.get("timestamp"),
    }


def chat_id(chat: Chat) -> str | None:
    name = link(part(chat, "channel").get("id"))
    return None if name is None else f"discord-{name}"


READER = document_reader(
    name="discord",
    recognises=lambda head: {"guild", "channel"} <= head.members.keys(),
    lists=(("messages", "*"),),
    row=row,
    holds="DiscordChatExporter's messages ('messages')",
)
