"""dataabc/weibo-crawler's SQLite file: the tables ``comments``, ``reposts`` and ``weibo``.

A comment answers the comment that heads its thread (``root_id``), and that one the post; a repost answers its post.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers.base import Batch, NoRowsError, NotOursError, Reader, Row, Source, Span, link, row_batches
from pwae_core.corpus.readers.head import Head
from pwae_core.errors import InputError

MAGIC = b"SQLite format 3\0"
CHINA = "Asia/Shanghai"


@dataclass(frozen=True)
class _Table:
    """A table's columns: those it must have, and the one that holds the user's name."""

    needed: tuple[str, ...]
    name: str
    links: tuple[str, ...]


TABLES = {
    "weibo": _Table(("id", "user_id", "text"), "screen_name", ("retweet_id",)),
    "comments": _Table(("id", "weibo_id", "user_id", "text"), "user_screen_name", ("root_id", "weibo_id")),
    "reposts": _Table(("id", "weibo_id", "user_id", "text"), "user_screen_name", ("weibo_id",)),
}


def recognises(head: Head) -> bool:
    return head.data.startswith(MAGIC)


def check(source: Source, config: PreprocessConfig) -> Source:  # noqa: ARG001
    with _open(source) as database:
        found = _tables(source, database)
        try:
            if any(database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in found):
                return source
        except sqlite3.Error as error:
            raise InputError(_damaged(source, error)) from error
    raise NoRowsError(f"{source.name} holds no row: its tables {', '.join(found)} are empty.")


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:  # noqa: ARG001
    source = span.source
    with _open(source) as database:
        for name, columns_of in _tables(source, database).items():
            rows = enumerate(_rows(source, database, name, columns_of), start=1)
            for batch in row_batches(rows, partial(_where, source, name)):
                yield replace(batch, part=f"table {name}")


def _where(source: Source, table: str, row: int) -> str:
    return f"{source.name}, table {table}, row {row}"


def _rows(source: Source, database: sqlite3.Connection, table: str, known: set[str]) -> Iterator[Row]:
    shape = TABLES[table]
    wanted = ["id", "user_id", "text", "created_at", shape.name, *shape.links]
    chosen = ", ".join(f'"{column}"' if column in known else f'NULL AS "{column}"' for column in wanted)
    try:
        for values in database.execute(f"SELECT {chosen} FROM {table} ORDER BY rowid"):
            record: dict[str, Any] = dict(zip(wanted, values, strict=True))
            answered = [link(record[column], record["id"]) for column in shape.links]
            yield {
                "utterance_id": record["id"],
                "reply_to": next(filter(None, answered), None),
                "user_id": record["user_id"],
                "user_name": record[shape.name],
                "text": record["text"],
                "timestamp": record["created_at"],
            }
    except sqlite3.Error as error:
        raise InputError(f"{source.name}, table {table} cannot be read: {error}. Fetch the file again.") from error


def _damaged(source: Source, error: sqlite3.Error) -> str:
    return f"{source.name} is not a readable SQLite file: {error}. Fetch it again."


@contextmanager
def _open(source: Source) -> Iterator[sqlite3.Connection]:
    """The database. With a journal that no program is using, it is copied: SQLite would leave a file beside it."""
    if source.packed:
        raise InputError(f"{source.name} is a compressed SQLite file. Decompress it first.")
    journal, index = (source.path.with_name(source.path.name + ending) for ending in ("-wal", "-shm"))
    path, still = source.path.absolute(), "" if journal.exists() else "&immutable=1"
    with tempfile.TemporaryDirectory() as folder:
        if journal.exists() and not index.exists():
            try:
                path = Path(shutil.copy(path, folder))
                shutil.copy(journal, folder)
            except OSError as error:
                raise InputError(f"{source.name} cannot be copied to {folder}: {error.strerror or error}.") from error
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=ro{still}", uri=True)) as database:
            yield database


def _tables(source: Source, database: sqlite3.Connection) -> dict[str, set[str]]:
    """The tables that exist, and their columns. Raises InputError if there is none, or one lacks a column."""
    try:
        found = {
            name: {row[1] for row in database.execute(f"PRAGMA table_info({name})")}  # empty for no such table
            for name in TABLES
        }
    except sqlite3.Error as error:
        raise InputError(_damaged(source, error)) from error
    there = {name: columns for name, columns in found.items() if columns}
    if not there:
        raise NotOursError(
            f"{source.name} has none of the tables {', '.join(TABLES)} of weibo-crawler. If it is a database of your "
            "own, export its table as CSV."
        )
    for name, columns in there.items():
        for column in TABLES[name].needed:
            if column not in columns:
                raise NotOursError(f"{source.name}, table {name} has no column {column!r}.")
    return there


READER = Reader(
    name="weibo-crawler-sqlite",
    recognises=recognises,
    check=check,
    read=read,
    bytes_a_row=300,
    time_zone=CHINA,
    clean=("html",),
)
