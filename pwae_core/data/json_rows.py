"""JSON objects, one per line, as users write them: parsed and checked. Every InputError says where the fault is."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from pwae_core.errors import InputError

LONGEST_LINE = 64 << 20
"""Maximum bytes of a line."""


def parsed(line: bytes, where: str, *, first: bool, longest: int = LONGEST_LINE) -> object:
    """A line's JSON; None for a blank line. ``first``: a byte order mark may come before it.

    Raises InputError for a line of ``longest`` bytes or more, and for one that is not JSON.
    """
    if len(line) >= longest:
        raise InputError(f"{where}: longer than {longest >> 20} MiB. Each line must be one JSON object.")
    try:
        text = line.decode("utf-8-sig" if first else "utf-8")
        return json.loads(text, object_pairs_hook=_once) if text.strip() else None
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8. Convert the file to UTF-8.") from error
    except RecursionError as error:
        raise InputError(f"{where}: not JSON (nested too deep). Each line must be one JSON object.") from error
    except ValueError as error:
        raise InputError(f"{where}: not JSON ({error}). Each line must be one JSON object.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which every key occurs once. Raises ValueError."""
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r:.80} occurs twice")
    return row


def string(value: object, where: str, column: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{where}: {column}: expected a string, got {_kind(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{where}: {column}: half a surrogate pair is not text. Repair its escape.") from error
    return value


def strings(value: object, where: str, column: str) -> list[str]:
    if not isinstance(value, list):
        raise InputError(f"{where}: {column}: expected a list of strings, got {_kind(value)}.")
    return [string(item, where, column) for item in value]


def utterances(value: object, where: str, column: str) -> list[str | list[str]]:
    if not isinstance(value, list):
        raise InputError(f"{where}: {column}: expected a list of strings or of token lists, got {_kind(value)}.")
    return [_tokens(u, where, column) if isinstance(u, list) else string(u, where, column) for u in value]


def _tokens(value: list[object], where: str, column: str) -> list[str]:
    return [unicodedata.normalize("NFC", token) for token in strings(value, where, column)]


def _kind(value: object) -> str:
    return {"str": "a string", "NoneType": "null", "dict": "an object", "list": "a list"}.get(
        type(value).__name__, f"{type(value).__name__} {value!r:.40}"
    )
