"""What all readers share: spans of files, batches of raw rows, and values checked against the raw schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pwae_core.config.preprocess import FIELDS
from pwae_core.errors import InputError

BATCH_ROWS = 100_000
REQUIRED = ("conversation_id", "turn", "user_id", "text")
REQUIRED_OF_TREES = ("utterance_id", "reply_to", "user_id", "text")
RAW = pa.schema(
    [*((field, pa.int64() if field == "turn" else pa.string()) for field in FIELDS), ("quoted", pa.bool_())]
)
Row = dict[str, Any]


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
    """Rows of the raw schema; ``places`` are their rows (or lines) in the span, from 1.

    ``tree`` rows are linked by ``utterance_id`` and ``reply_to``, others ordered by ``conversation_id`` and ``turn``. A
    ``quoted`` row is told of by another one (the comment that is answered): it counts where it has no row of its
    own. ``rejected`` counts lines that are no rows, by reason. ``part`` is the part of the file (a table) whose rows
    ``places`` count, where there are several.
    """

    table: pa.Table
    places: npt.NDArray[np.int64]
    tree: bool = False
    rejected: Mapping[str, int] = field(default_factory=dict)
    part: str = ""


def named(columns: Mapping[str, str]) -> dict[str, str]:
    """The file's name of every field."""
    return {field: columns.get(field, field) for field in FIELDS}


class ColumnError(InputError):
    """A file that lacks a column of ours; in a folder it may be something else."""


def is_tree(found: Iterable[str], columns: Mapping[str, str]) -> bool:
    """Whether a file with the columns ``found`` holds reply trees: utterances with ids, and no turns."""
    names, known = named(columns), set(found)
    return names["utterance_id"] in known and names["turn"] not in known


def require(source: Source, found: Iterable[str], columns: Mapping[str, str]) -> None:
    """Raises ColumnError when a required column, or one that was named by hand, is not among ``found``."""
    names = sorted(found)
    required = REQUIRED_OF_TREES if is_tree(names, columns) else REQUIRED
    for name, column in named(columns).items():
        if column not in names and (name in required or name in columns):
            shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
            raise ColumnError(
                f"{source.name} has no column {column!r}; its columns are: {shown or 'none'}. "
                f"Name the column that holds it with --column {name}=COLUMN."
            )


def raw_batch(
    values: Mapping[str, Any], places: npt.NDArray[np.int64], where: Callable[[int], str], *, tree: bool = False
) -> Batch:
    """Columns of Python values or Arrow arrays as a ``Batch``. ``where(i)`` names row i in a message.

    Raises InputError for a value of a wrong type.
    """
    count = len(places)
    columns = {}
    for name in RAW.names:
        column = values.get(name)
        columns[name] = pa.nulls(count, RAW.field(name).type) if column is None else typed(name, column, where)
    return Batch(pa.table(columns, schema=RAW), places, tree)


def tree_batches(rows: Iterable[tuple[int, Row]], where: Callable[[int], str]) -> Iterator[Batch]:
    """Rows of trees with their places, by the batch. ``where(place)`` names a place in a message."""
    rows = iter(rows)
    while some := list(islice(rows, BATCH_ROWS)):
        places = np.fromiter((place for place, _ in some), np.int64, len(some))
        values = {name: [row.get(name) for _, row in some] for name in RAW.names}
        yield raw_batch(values, places, partial(_at, where, places), tree=True)


def _at(where: Callable[[int], str], places: npt.NDArray[np.int64], index: int) -> str:
    return where(int(places[index]))


def link(value: object, *nothing: object) -> str | None:
    """An id that another row may have; None for what crawlers write where there is none (0, "", ``nothing``)."""
    known = None if value is None or isinstance(value, (dict, list, bool)) else str(value).strip()
    return known if known and known != "0" and known not in {str(one) for one in nothing} else None


def part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; empty where it is none."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}


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
    "utterance_id": _identifier,
    "reply_to": _identifier,
    "user_name": _text,
}
