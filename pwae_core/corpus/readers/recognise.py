"""What format a file has, told by its first bytes."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pwae_core.corpus.readers import media_crawler, pchatbot, weibo_crawler_sqlite, weibo_spider
from pwae_core.errors import InputError

HEAD = 64 << 10
LONGEST_LINE = 1 << 20
COMMENT_TABLE = "weibo-crawler-comments-csv"  # recognised, and refused: it has no user ids
BOM = b"\xef\xbb\xbf"
CRAWLER_DOCUMENT = re.compile(r'\{\s*"(?:user"\s*:\s*\{|weibo"\s*:\s*\[)')


class UnknownFormatError(InputError):
    """A file that is none of ours; in a folder it is passed over."""


def recognise(path: Path, name: str) -> str:
    """The format of a file.

    Raises InputError for one that cannot be read, UnknownFormatError for one that is empty or of no known format.
    """
    head = _head(path, name)
    if not head.strip():
        raise UnknownFormatError(f"{name} is empty. Give a file with at least one utterance.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(weibo_crawler_sqlite.MAGIC):
        return "weibo-crawler-sqlite"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnknownFormatError(f"{name} is UTF-16, not UTF-8. Convert it to UTF-8 first.")
    if b"\0" in head:
        raise UnknownFormatError(
            f"{name} is neither JSONL, CSV nor Parquet. Convert it, or name its format with --format."
        )
    text = head.removeprefix(BOM).decode("utf-8", "replace").lstrip()
    if text.startswith("["):
        return "media-crawler"
    return _of_object(path, text) if text.startswith("{") else _of_lines(name, text)


def _head(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(HEAD)
    except OSError as error:
        raise InputError(f"Cannot read {name}: {error.strerror}.") from error


def _of_object(path: Path, text: str) -> str:
    if CRAWLER_DOCUMENT.match(text):
        return "weibo-crawler-json"
    with path.open("rb") as handle:
        line = handle.readline(LONGEST_LINE)
    record = _parsed(line)
    if weibo_spider.recognises(record):
        return "weibo-spider"
    return "media-crawler" if media_crawler.recognises(record) and "conversation_id" not in record else "jsonl"


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        record = json.loads(line.removeprefix(BOM))
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _of_lines(name: str, text: str) -> str:
    lines = text.splitlines()[: pchatbot.LINES_TOLD_BY]
    if pchatbot.recognises(lines):
        return "pchatbot"
    header = next(csv.reader(lines[:1]), [])
    if media_crawler.recognises(dict.fromkeys(header)):
        return "media-crawler"
    if Path(name).name.endswith("_comments.csv") and not {"user_id", "author"} & set(header):
        return COMMENT_TABLE
    return "csv"
