"""Ids are opaque: what is certain is repaired (white space, ``301.0`` for 301), and damaged ids are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.errors import InputError

Damage = dict[str, dict[str, Any]]
FIELDS = ("user_id", "conversation_id", "utterance_id", "reply_to")
LONG = 16
"""The number of digits from which on a spreadsheet keeps only the first 15, and floats skip whole numbers."""

ROUNDED = r"^-?\d(?:[.,]\d+)?[eE]\+\d{2,3}$|^-?\d{16,}\.0*$"
"""8.12346E+17, 812345678901234560.0: ids as a spreadsheet or a float has left them."""

WHOLE = r"^(-?\d{1,15})\.0$"
CUT = r"^\d{15}0+$"
REFUSED_SHARE = 0.01
SUSPECT_SHARE, SUSPECT_LEAST = 0.5, 10
REMEDY = (
    "This can merge different ids: export the file again with its ids as text, not through a spreadsheet or as floats."
)


@dataclass(frozen=True)
class Repaired:
    """Rows with repaired ids, and how many were repaired: white space removed, whole numbers that were floats."""

    rows: pa.Table
    trimmed: int
    floats: int


def put_right(rows: pa.Table) -> Repaired:
    """Removes white space around ids, and the ``.0`` of whole numbers; each id alone, whatever other rows hold."""
    trimmed, floats = _Marks(rows.num_rows), _Marks(rows.num_rows)
    for name in FIELDS:
        if name not in rows.column_names or rows[name].null_count == rows.num_rows:
            continue
        before = rows[name]
        values = pc.utf8_trim_whitespace(before)
        trimmed.add(pc.not_equal(pc.binary_length(values), pc.binary_length(before)))
        if pc.any(pc.ends_with(values, ".0")).as_py():
            floats.add(pc.match_substring_regex(values, WHOLE))
            values = pc.replace_substring_regex(values, WHOLE, r"\1")
        if trimmed.last or floats.last:
            rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return Repaired(rows, trimmed.count(), floats.count())


class _Marks:
    """Which rows were touched in any column; ``last``: whether the last ``add`` marked one."""

    def __init__(self, rows: int) -> None:
        self.rows, self.marked, self.last = rows, None, False

    def add(self, touched: pa.ChunkedArray) -> None:
        touched = pc.fill_null(touched, False)
        self.last = bool(pc.any(touched).as_py())
        if self.last:
            self.marked = touched if self.marked is None else pc.or_(self.marked, touched)

    def count(self) -> int:
        return 0 if self.marked is None else int(pc.sum(self.marked).as_py())


def damage(rows: pa.Table) -> Damage:
    """For every column of ids: the number of ``ids``, of ``rounded`` and of ``long`` ones, of long ones ``cut`` after
    15 digits, and an ``example``.
    """
    found = {}
    for name in FIELDS:
        if name in rows.column_names:
            column = rows[name]
            long = pc.greater_equal(pc.binary_length(column), LONG)
            suspect = column.filter(pc.or_(long, pc.match_substring(column, "+")))
            found[name] = {"ids": len(column) - column.null_count, "rounded": 0, "long": 0, "cut": 0, "example": ""}
            if len(suspect):
                found[name] |= _looked_at(suspect)
    return found


def _looked_at(suspect: pa.ChunkedArray) -> dict[str, Any]:
    rounded = suspect.filter(pc.match_substring_regex(suspect, ROUNDED))
    long = suspect.filter(pc.match_substring_regex(suspect, r"^\d{16,}$"))
    cut = long.filter(pc.match_substring_regex(long, CUT))
    example = pc.min(rounded).as_py() or pc.min(cut).as_py() or ""
    return {"rounded": len(rounded), "long": len(long), "cut": len(cut), "example": example}


def together(one: Damage, other: Damage) -> Damage:
    """The findings of two pieces of a file together. The example is a rounded id if there is one."""
    found = {}
    for name in one.keys() | other.keys():
        sides = [side[name] for side in (one, other) if name in side]
        found[name] = {key: sum(side[key] for side in sides) for key in ("ids", "rounded", "long", "cut")}
        worst = [
            side["example"]
            for side in sides
            if side["example"] and bool(side["rounded"]) == bool(found[name]["rounded"])
        ]
        found[name]["example"] = min(worst, default="")
    return found


def judged(source: str, found: Damage) -> list[str]:
    """A warning for every column of a file whose ids look damaged.

    Raises InputError if a hundredth of the ids or more are rounded.
    """
    warnings = []
    for name, one in sorted(found.items()):
        if one["rounded"]:
            told = (
                f"{source}: {one['rounded']:,} of {one['ids']:,} {name}s have been rounded, such as {one['example']}."
            )
            if one["rounded"] >= REFUSED_SHARE * one["ids"]:
                raise InputError(f"{told} {REMEDY}")
            warnings.append(f"{told} {REMEDY}")
        elif one["cut"] >= SUSPECT_LEAST and one["cut"] >= SUSPECT_SHARE * one["long"]:
            warnings.append(
                f"{source}: {one['cut']:,} of {one['long']:,} {name}s of 16 digits or more end in zeros from the 16th "
                f"on, such as {one['example']}. Has a spreadsheet rounded them? {REMEDY}"
            )
    return warnings
