"""What all readers share: spans of files, batches of raw rows, and values checked against the raw schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pwae_core.config.preprocess import FIELDS
from pwae_core.errors import InputError

BATCH_ROWS = 100_000
REQUIRED = ("conversation_id", "turn", "user_id", "text")
RAW = pa.schema([(field, pa.int64() if field == "turn" else pa.string()) for field in FIELDS])


@dataclass(frozen=True)
class Source:
    """A raw file; ``name`` is what messages call it (standard input has a name that is not its path)."""

    path: Path
    name: str
    format: str


@dataclass(frozen=True)
class Span:
    """A piece of a file: bytes ``start`` to ``end`` of a text file, row groups of a Parquet file."""

    source: Source
    start: int
    end: int


@dataclass(frozen=True)
class Batch:
    """Rows of the raw schema; ``places`` are their rows (or lines) in the span, from 1."""

    table: pa.Table
    places: npt.NDArray[np.int64]


def named(columns: Mapping[str, str]) -> dict[str, str]:
    """The file's name of every field."""
    return {field: columns.get(field, field) for field in FIELDS}


def require(source: Source, found: Iterable[str], columns: Mapping[str, str]) -> None:
    """Raises InputError when a required column, or one that was named by hand, is not among ``found``."""
    names = sorted(found)
    for field, column in named(columns).items():
        if column not in names and (field in REQUIRED or field in columns):
            shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
            raise InputError(
                f"{source.name} has no column {column!r}; its columns are: {shown or 'none'}. "
                f"Name the column that holds it with --column {field}=COLUMN."
            )


def raw_batch(values: Mapping[str, Any], places: npt.NDArray[np.int64], where: Callable[[int], str]) -> Batch:
    """Columns of Python values or Arrow arrays as a ``Batch``. ``where(i)`` names row i in a message.

    Raises InputError for a value of a wrong type.
    """
    count = len(places)
    columns = {}
    for field in FIELDS:
        column = values.get(field)
        columns[field] = pa.nulls(count, RAW.field(field).type) if column is None else typed(field, column, where)
    return Batch(pa.table(columns, schema=RAW), places)


def typed(field: str, values: Any, where: Callable[[int], str]) -> pa.Array:
    """One column in its raw type; the quick way for clean columns, value by value for the rest."""
    target = RAW.field(field).type
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        if values.type.equals(target):
            return values
        if pa.types.is_large_string(values.type) or (pa.types.is_integer(values.type) and field != "text"):
            try:
                return values.cast(target)
            except pa.ArrowInvalid:
                pass
        values = values.to_pylist()
    elif field != "turn" or all(type(value) is int for value in values):
        try:
            return pa.array(values, target)
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
            pass
    convert = _CONVERTERS[field]
    converted = []
    for index, value in enumerate(values):
        try:
            converted.append(convert(value))
        except ValueError as error:
            raise InputError(f"{where(index)}: {field} is {shorten(value)}, expected {error}.") from error
    return pa.array(converted, target)


def shorten(value: object) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _identifier(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else well_formed(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError("a string or a whole number")


def _turn(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(value) if isinstance(value, (int, str, float)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or not -(2**63) <= number < 2**63 or (isinstance(value, float) and number != value):
        raise ValueError("a whole number")
    return number


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else well_formed(value)
    raise ValueError("a string")


def _time(value: object) -> str | None:
    return None if value is None else well_formed(str(value))


def well_formed(text: str) -> str:
    """Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_CONVERTERS: dict[str, Callable[[object], object]] = {
    "conversation_id": _identifier,
    "turn": _turn,
    "user_id": _identifier,
    "text": _text,
    "timestamp": _time,
}
