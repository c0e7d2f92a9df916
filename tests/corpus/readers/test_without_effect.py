"""Options that say how the user's own rows are read are refused where no file follows them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chats import discord_channel, discord_message, write_document
from crawls import spider_post, write_lines
from planted import write_jsonl

OWN = {"conversation_id": "c", "turn": 1, "user_id": "u", "text": "hello"}
SETTINGS = ("--min-utterances", 1, "--valid", 0, "--test", 0, "--tokenizer", "whitespace")


@pytest.fixture
def raw(tmp_path: Path) -> dict[str, Path]:
    said = [discord_message(number, number, f"hello {number}", number) for number in range(1, 6)]
    own = [OWN | {"turn": turn, "timestamp": "01/02/2024 10:00"} for turn in range(5)]
    posts = [spider_post(1, 1, "post"), spider_post(2, 2, "hers", reposted=1), spider_post(3, 1, "so", reposted=2)]
    return {
        "chat": write_document(tmp_path / "chat.json", discord_channel(42, said)),
        "crawl": write_lines(tmp_path / "crawl.jsonl", posts),
        "own": write_jsonl(own, tmp_path / "own.jsonl"),
    }


@pytest.mark.parametrize(
    ("files", "option", "told"),
    [
        ("crawl", ("--column", "user_id=author"), "--column is for your own rows; {crawl} is read as weibo-spider."),
        ("chat crawl", ("--column", "user_id=author"), "--column is for your own rows; {chat} is read as discord."),
        ("crawl", ("--shape", "turns"), "--shape turns is for your own rows; {crawl} is read as weibo-spider."),
        ("crawl", ("--shape", "replies"), "--shape replies is for your own rows; {crawl} is read as weibo-spider."),
        ("chat", ("--shape", "turns"), "--shape turns is for your own rows; {chat} is read as discord."),
        (
            "crawl",
            ("--time-zone", "Europe/Berlin"),
            "{crawl} is read as weibo-spider, whose times are always in Asia/Shanghai.",
        ),
        (
            "crawl",
            ("--time-format", "%d/%m/%Y"),
            "{crawl} is read as weibo-spider, whose times are always in Asia/Shanghai.",
        ),
    ],
)
def test_they_are_refused(
    pwae: Callable[..., Any], raw: dict[str, Path], tmp_path: Path, files: str, option: tuple[str, str], told: str
) -> None:
    given = [raw[name] for name in files.split()]
    pwae("preprocess", *given, "--out", tmp_path / "out", *SETTINGS, *option).fails(3, told.format(**raw))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("files", "option"),
    [
        ("own crawl", ("--shape", "turns")),
        ("chat crawl", ("--shape", "replies")),
        ("chat", ("--shape", "times")),
        ("own crawl", ("--time-zone", "Europe/Berlin")),
        ("own crawl", ("--time-format", "%d/%m/%Y %H:%M")),
        ("chat", ("--time-zone", "Europe/Berlin")),
    ],
)
def test_one_file_that_follows_them_is_enough(
    pwae: Callable[..., Any], raw: dict[str, Path], tmp_path: Path, files: str, option: tuple[str, str]
) -> None:
    given = [raw[name] for name in files.split()]
    pwae("preprocess", *given, "--out", tmp_path / "out", "--window", 2, *SETTINGS, *option).succeeds()
