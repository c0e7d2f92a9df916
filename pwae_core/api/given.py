"""What a script passes to the library: a mistake in it is an InputError in one line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from pwae_core.errors import InputError


def listed(given: Any, what: str, of: str) -> list[Any]:
    """The items of a list, a tuple, an array, a column of a table or a generator. ``of``: what they should be.

    Raises InputError for anything else: a single text, what has no order, a whole table.
    """
    try:
        items = None if isinstance(given, str | bytes | Mapping | Set) or hasattr(given, "columns") else iter(given)
    except TypeError:
        items = None
    if items is None:
        kind = "the string " if isinstance(given, str) else ""
        raise InputError(f"{what}: expected a list of {of}, got {kind}{' '.join(repr(given).split()):.80}.")
    return given.to_pylist() if hasattr(given, "to_pylist") else list(items)


def names(given: Any, what: str) -> list[str]:
    """The names of users, sessions or columns, as plain strings."""
    found = listed(given, what, "names")
    for one in found:
        if not isinstance(one, str):
            raise InputError(f"{what}: expected a name, got {one!r:.80}.")
    return [str(one) for one in found]


def path(given: object, what: str) -> Path:
    if not isinstance(given, str | os.PathLike):
        raise InputError(f"{what}: expected a path, got {given!r:.80}.")
    return Path(given)
