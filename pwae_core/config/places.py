"""Where a setting was written, in words that its author will recognise: a dotted key, or a table of a TOML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Loc = tuple[str | int, ...]
Place = Callable[[Loc], str]


def dotted(loc: Loc) -> str:
    """``("model", "components")`` as ``model.components``."""
    return ".".join(map(str, loc))


def in_toml(loc: Loc) -> str:
    """``("train", "model", "name")`` as ``[train.model] name``. Tables of an array are counted from 1."""
    if len(loc) > 1 and isinstance(loc[1], int) and (len(loc) > 2 or loc[0] == "systems"):
        inner = dotted(loc[2:])
        return f"[[{loc[0]}]] {loc[1] + 1}" + (f": {inner}" if inner else "")
    keys = [part for part in loc if isinstance(part, str)]
    table = f"[{'.'.join(keys[:-1])}] " if len(keys) > 1 else ""
    return table + "".join(keys[-1:]) + "".join(f"[{part}]" for part in loc if isinstance(part, int))


def given_in(layers: Sequence[tuple[Mapping[str, Any], Place]]) -> Place:
    """The place of a setting in the last of the ``layers`` (values, their places) that has it."""

    def place(loc: Loc) -> str:
        return next((where(loc) for values, where in reversed(layers) if _holds(values, loc)), dotted(loc))

    return place


def _holds(values: Any, loc: Loc) -> bool:
    for part in loc:
        if not isinstance(values, Mapping):
            return True  # a wrong value is where a table or list with this key was expected
        if part not in values:
            return False
        values = values[part]
    return True
