"""What a reader of raw files is, and what it passes on: the protocol of every format.

A format is a module of this folder with one constant, ``READER``. It declares what is known about the format and has
functions that recognise a file from its beginning (``recognises``), check it before anything is made from it
(``check``), divide it into pieces (``spans``) and read one piece as batches of rows (``read``). Every record of a file
becomes exactly one row of its own (not ``quoted``), or is counted in ``Batch.passed`` by the reason why it does not:
the tests check that the account of a corpus adds up. For JSON objects and tables, ``records.record_reader`` does most
of this: such a reader says what its objects look like and which row each of them is.

Adding a reader: see "Adding" in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers.head import Head
from pwae_core.corpus.readers.values import RAW, typed
from pwae_core.errors import InputError
from pwae_core.inputs import opened, unpacked

BATCH_ROWS = 100_000
PACKED_TIMES = 10
"""The assumed ratio of compression: it decides into how many pieces the work is divided."""

Row = dict[str, Any]
Shape = Literal["turns", "replies", "times"]


class NotOursError(InputError):
    """A file without anything that is looked for; in a folder it is skipped and counted under ``reason``."""

    reason = "file of no known format"


class LacksColumnsError(NotOursError):
    """Texts with some of the columns that are needed, but not all: in a folder such a file is named."""

    reason = "file with texts that lacks a column"


class EmptyFileError(NotOursError):
    reason = "empty file"


class NoRowsError(NotOursError):
    reason = "file without rows"


@dataclass(frozen=True)
class Source:
    """A raw file; ``name`` is what messages call it (the name of standard input is not its path).

    ``packed``: gzip, bzip2, xz or zstd, which ``open`` decompresses. ``layout`` is what the reader's ``check`` found
    out about the file and its ``read`` needs (hashable, or None); ``told`` are sentences about it for the user.
    """

    path: Path
    name: str
    format: str
    packed: bool = False
    layout: Any = None
    told: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of the file's content; an estimate if it is compressed."""
        return self.path.stat().st_size * (PACKED_TIMES if self.packed else 1)

    def open(self) -> BinaryIO:
        """The file's content, decompressed, from its beginning. Raises InputError if it cannot be read."""
        return unpacked(self.path, self.name) if self.packed else opened(self.path, self.name)


@dataclass(frozen=True)
class Span:
    """A piece of a file, as its reader divides it: bytes ``start`` to ``end`` of a text file, row groups of Parquet."""

    source: Source
    start: int
    end: int


@dataclass(frozen=True)
class Batch:
    """Rows of the schema ``RAW``; ``places`` are their rows (or lines) in the span, from 1.

    ``shape`` says what makes conversations of the rows, and which columns it takes:

    ``turns``    ``conversation_id`` and ``turn``
    ``replies``  ``utterance_id`` and ``reply_to`` (null for a root). Where there is a ``conversation_id``, ids are
                 looked up within it; a link to that id itself answers the thread's start, which may be missing.
    ``times``    ``timestamp`` orders the rows of one ``conversation_id``, ties by ``turn``, the row's number

    ``user_id`` and ``text`` are null if there is none; ``timestamp`` is text in any form that ``times`` knows. A
    ``quoted`` row is known from another one (the comment being answered): it counts if it has no row of its own.
    ``passed`` counts records that are not rows, by reason. ``part`` is the part of the file (a table) whose rows
    ``places`` count, where there are several.
    """

    table: pa.Table
    places: npt.NDArray[np.int64]
    shape: Shape = "turns"
    passed: Mapping[str, int] = field(default_factory=dict)
    part: str = ""


def whole(source: Source) -> list[Span]:
    """A file that is read in one piece."""
    return [Span(source, 0, source.path.stat().st_size)]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A format: its properties, and the functions that read it.

    Attributes:
        name: What ``--format`` calls it.
        recognises: From a file's beginning alone, whether it has this format. The readers are asked in the order of
            ``readers.READERS``, those of own data last.
        check: From a source, the same with ``layout`` and ``told`` if something was found out. Raises NotOursError for
            a file that is empty or holds nothing of the format, InputError for one that does and is damaged.
        read: The rows of a piece. Raises InputError that names file, row and column for what cannot be read.
        spans: Pieces that can be read separately; together they are the file.
        estimate: About how many rows a source has; None: its size over ``bytes_a_row``.
        bytes_a_row: An estimate; decides into how many pieces the work is cut, never the result.
        time_zone: What a time without a zone means (an IANA name); None: what ``--time-zone`` says (UTC by default).
        clean: Cleaning steps that this format needs besides the default ones (``html`` if texts are markup).
        nobody: User ids, in lower case, that mean nobody here, besides those that do everywhere (``steps.scan``).
        names_people: Every other user id is a person, even ``Nan`` or ``null``: such words are names here.
        unit: What a place in the file is called.
    """

    name: str
    recognises: Callable[[Head], bool]
    check: Callable[[Source, PreprocessConfig], Source]
    read: Callable[[Span, PreprocessConfig], Iterator[Batch]]
    spans: Callable[[Source], list[Span]] = whole
    estimate: Callable[[Source], int] | None = None
    bytes_a_row: int = 200
    time_zone: str | None = None
    clean: tuple[str, ...] = ()
    nobody: frozenset[str] = frozenset()
    names_people: bool = False
    unit: str = "row"

    def estimate_rows(self, source: Source) -> int:
        return self.estimate(source) if self.estimate else source.size // self.bytes_a_row


def raw_batch(
    values: Mapping[str, Any], places: npt.NDArray[np.int64], where: Callable[[int], str], shape: Shape = "turns"
) -> Batch:
    """Columns of Python values or Arrow arrays as a ``Batch``. ``where(i)`` names row i in a message.

    Raises InputError for a value of a wrong type.
    """
    count = len(places)
    columns = {}
    for name in RAW.names:
        column = values.get(name)
        columns[name] = pa.nulls(count, RAW.field(name).type) if column is None else typed(name, column, where)
    return Batch(pa.table(columns, schema=RAW), places, shape)


def row_batches(
    rows: Iterable[tuple[int, Row | str]], where: Callable[[int], str], shape: Shape = "replies"
) -> Iterator[Batch]:
    """Batches of rows with their places; a string instead of a row is the reason why a record has none.

    ``where(place)`` names a place in a message.
    """
    rows = iter(rows)
    while some := list(islice(rows, BATCH_ROWS)):
        passed: dict[str, int] = {}
        kept = []
        for place, row in some:
            if isinstance(row, str):
                passed[row] = passed.get(row, 0) + 1
            else:
                kept.append((place, row))
        places = np.fromiter((place for place, _ in kept), np.int64, len(kept))
        values = {name: [row.get(name) for _, row in kept] for name in RAW.names}
        batch = raw_batch(values, places, partial(at, where, places), shape)
        yield Batch(batch.table, places, shape, passed)


def at(where: Callable[[int], str], places: npt.NDArray[np.int64], index: int) -> str:
    """What messages call row ``index`` of those from ``places``."""
    return where(int(places[index]))


def link(value: object, *nothing: object) -> str | None:
    """An id that another row may have; None for what crawlers write if there is none (0, "", ``nothing``)."""
    known = None if value is None or isinstance(value, (dict, list, bool)) else str(value).strip()
    return known if known and known != "0" and known not in {str(one) for one in nothing} else None


def part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; empty if it is not one."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}
