"""Telegram's and Discord's exports: whose words a message is, and what is counted instead."""

import json

import pytest
from chats import (
    discord_channel,
    discord_message,
    telegram_account,
    telegram_chat,
    telegram_message,
    write_document,
)
from dialogues import conversations
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import discord, telegram
from pwae_core.corpus.readers.base import Source
from pwae_core.errors import InputError

CONFIG = PreprocessConfig()


def read(path, format="auto"):
    """The format, the rows as (chat, number, id, user, text), and the reasons with how often they hold."""
    source = readers.check(readers.recognise(path, path.name, format), CONFIG)
    batches = [batch for span in readers.spans(source) for batch in readers.read(span, CONFIG)]
    assert {batch.shape for batch in batches} == {"times"}
    rows = [row for batch in batches for row in batch.table.to_pylist()]
    shown = [(row["conversation_id"], row["turn"], row["utterance_id"], row["user_id"], row["text"]) for row in rows]
    passed = {reason: count for batch in batches for reason, count in batch.passed.items()}
    return source.format, shown, passed


@pytest.mark.parametrize("indent", [None, 1])
def test_one_telegram_chat(tmp_path, indent):
    entities = ["see ", {"type": "link", "text": "x.org"}, {"type": "blockquote", "text": "hers"}, {"type": "new"}, 7]
    said = [
        telegram_message(1, 1, "", type="service", action="create_group"),
        telegram_message(2, 1, "hi"),
        telegram_message(3, 2, entities, reply_to_message_id=2),
        telegram_message(4, 2, "news", forwarded_from="somebody"),
        telegram_message(5, 2, "news", forwarded_from=None, forwarded_from_id="user9"),
        telegram_message(6, 2, "cat.gif", via_bot="@gif"),
        {"id": 7, "type": "unsupported"},
        telegram_message(8, None, "nobody's"),
        telegram_message(9, 3, "edited", edited="2023-11-15T00:00:00", **{"from": None}),
        "no object",
    ]
    path = write_document(tmp_path / "result.json", telegram_chat(42, said), indent)
    found, rows, passed = read(path)
    assert found == "telegram"
    assert rows == [
        ("telegram-42", 2, "2", "user1", "hi"),
        ("telegram-42", 3, "3", "user2", "see x.org  "),
        ("telegram-42", 8, "8", None, "nobody's"),
        ("telegram-42", 9, "9", "user3", "edited"),
    ]
    assert passed == {
        telegram.SERVICE: 1,
        telegram.FORWARDED: 2,
        telegram.BY_BOT: 1,
        telegram.UNSUPPORTED: 1,
        telegram.NO_MESSAGE: 1,
    }
    assert len(rows) + sum(passed.values()) == len(said)


def test_a_telegram_account(tmp_path):
    chats = [
        telegram_chat(1, [telegram_message(1, 1, "a")], "personal_chat"),
        telegram_chat(2, [telegram_message(1, 1, "b"), telegram_message(2, 2, "c")], "bot_chat"),
        {"type": "saved_messages", "id": 3, "messages": [telegram_message(1, 1, "d")]},
        telegram_chat(4, []),
    ]
    left = [telegram_chat(5, [telegram_message(1, 1, "e")])]
    found, rows, passed = read(write_document(tmp_path / "result.json", telegram_account(chats, left)))
    assert found == "telegram"
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("telegram-1", 1, "a"), ("telegram-3", 4, "d"), ("telegram-5", 5, "e")
    ]  # fmt: skip
    assert passed == {telegram.WITH_BOT: 2}


def test_a_telegram_account_of_many_contacts_is_recognised(tmp_path):
    account = telegram_account([telegram_chat(1, [telegram_message(1, 1, "a")])])
    account["contacts"]["list"] *= 5_000
    assert read(write_document(tmp_path / "a", account))[0] == "telegram"


def test_control_characters_as_telegram_writes_them(tmp_path):
    path = write_document(tmp_path / "a", telegram_chat(1, [telegram_message(1, 1, "a#b \\x41")]))
    path.write_text(path.read_text().replace("#", "\\x1B"))
    assert read(path)[1][0][4] == "a\x1bb \\x41"


def test_a_discord_channel(tmp_path):
    bot = {"id": "9", "name": "helper", "isBot": True}
    said = [
        discord_message(1, 1, "hi <@2> <:wave:123> <t:1700000000:R>!"),
        discord_message(2, 2, "> hi\n**yes** ||so||", kind="Reply", reference={"messageId": "1", "channelId": "42"}),
        discord_message(3, 3, "Joined the server.", kind="GuildMemberJoin"),
        discord_message(4, 9, "beep", author=bot),
        discord_message(5, 9, "beep", kind="20"),
        discord_message(6, 2, "", forwardedMessage={"content": "others'"}, reference={"type": "Forward"}),
        {"id": "7"},
        discord_message(8, 2, ""),
    ]
    found, rows, passed = read(write_document(tmp_path / "tea.json", discord_channel(42, said)))
    assert found == "discord"
    assert rows == [
        ("discord-42", 1, "1", "1", "hi      !"),
        ("discord-42", 2, "2", "2", "yes so"),
        ("discord-42", 8, "8", "2", ""),
    ]
    assert passed == {discord.SERVICE: 2, discord.BOT: 1, discord.FORWARDED: 1, discord.NO_MESSAGE: 1}
    assert len(rows) + sum(passed.values()) == len(said)


def test_references_can_be_followed_instead_of_the_time(tmp_path):
    references = {3: "1", 4: "3"}
    said = [discord_message(n, n, f"{n}", n, reference={"messageId": references.get(n)}) for n in (1, 2, 3, 4)]
    path = write_document(tmp_path / "tea.json", discord_channel(42, said))
    assert conversations(path) == {"discord-42/1": [(str(n), str(n)) for n in (1, 2, 3, 4)]}
    assert conversations(path, shape="replies") == {"2": [("2", "2")], "4": [("1", "1"), ("3", "3"), ("4", "4")]}


@pytest.mark.parametrize(
    ("document", "format", "line"),
    [
        (telegram_chat(1, []), "telegram", "a has none of Telegram's messages ('messages', or 'chats')."),
        (discord_channel(1, []), "discord", "a has none of DiscordChatExporter's messages ('messages')."),
    ],
)
def test_what_holds_no_message_or_is_cut_short_is_refused(tmp_path, document, format, line):
    path = write_document(tmp_path / "a", document)
    with pytest.raises(InputError) as caught:
        readers.check(Source(path, "a", format), CONFIG)
    assert str(caught.value).startswith(line)
    path.write_text(path.read_text().partition("[]\n")[0] + '[{"id": 1}, {"id"', encoding="utf-8")
    with pytest.raises(InputError, match="it ends in the middle"):
        read(path, format)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["type", "text", "from_id", "date_unixtime", "content", "author", "reference", "isBot", "via_bot"]
)
KINDS = st.just("message") | st.just("Default")
MESSAGES = st.lists(JSON | st.dictionaries(NAMES, JSON | KINDS, max_size=8), max_size=5)


@given(MESSAGES, JSON, st.integers(0, 400))
def test_any_messages_end_with_the_account_or_one_line(tmp_path_factory, messages, chat, cut):
    path = tmp_path_factory.mktemp("chat") / "a"
    for format, document in (
        ("telegram", {"type": "personal_chat", "id": chat, "messages": messages}),
        ("discord", {"guild": {}, "channel": chat, "messages": messages}),
    ):
        path.write_bytes(json.dumps(document).encode()[: cut or None])
        line = ""
        try:
            _, rows, passed = read(path, format)
            assert len(rows) + sum(passed.values()) == len(messages)
        except InputError as error:
            line = str(error)
        assert "\n" not in line
