"""What raw data has in place of a missing user or text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.readers.base import Reader

NOBODY = "<unk>"
"""pwae's own name for nobody in particular: row 0 of the users."""
EMPTY_HASHES = [hashlib.new(name, b"").hexdigest() for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")]
USERS = (
    "null",
    "none",
    "nan",
    "undefined",
    "n/a",
    "<na>",
    "(null)",
    "<null>",
    "\\n",  # \N of MySQL and Hive, in lower case
    "[deleted]",
    "[removed]",
    "deleted user",
    "deleted account",
    "匿名用户",
    "已注销",
    "用户已注销",
    "账号已注销",
    "00000000-0000-0000-0000-000000000000",
)
"""In lower case. A platform's reader declares further ones, or that these are people there."""

TEXTS = ("\\N", "NULL", "NaN", "<NA>")
"""Exactly as written, because a person may well say "null"."""

REMOVED = (
    "[deleted]",
    "[removed]",
    "[deleted by user]",
    "[removed by reddit]",
    "[ removed by reddit ]",
    "[removed by moderator]",
)
"""In lower case."""

NO_PARENT = ("0", "-1", "root", "null", "none", "nan", "undefined", "n/a", "<na>", "\\n")
"""What is written, in lower case, if an utterance answers nothing; it is an id if an utterance has that id."""


def words_for(reader: Reader) -> tuple[str, ...]:
    """The user ids, in lower case, that mean nobody in a format."""
    return (NOBODY, *(() if reader.names_people else USERS), *sorted(reader.nobody))


def is_placeholder(users: pa.Array, words: Sequence[str]) -> pa.Array:
    """True where a user id (trimmed, no nulls) is one of the ``words`` for nobody."""
    return pc.is_in(pc.utf8_lower(users), value_set=pa.array(words, pa.string()))


def is_empty_hash(users: pa.Array) -> pa.Array:
    return pc.is_in(pc.utf8_lower(users), value_set=pa.array(EMPTY_HASHES))


def is_no_text(texts: pa.Array) -> pa.Array:
    """True where a text (trimmed, no nulls) means none."""
    return pc.or_(
        pc.is_in(texts, value_set=pa.array(TEXTS)), pc.is_in(pc.utf8_lower(texts), value_set=pa.array(REMOVED))
    )


def is_no_parent(links: pa.Array) -> pa.Array:
    """True where a reply link (trimmed, no nulls) may mean none."""
    return pc.is_in(pc.utf8_lower(links), value_set=pa.array(NO_PARENT))
