"""CSV and its kin with a header line. Quoted fields may hold line ends, so a file is one span.

What separates fields, and whether a quotation mark quotes or is a character as any other, differs from file to file:
both are told by the whole file, and what was taken is said.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import own
from pwae_core.corpus.readers.base import BATCH_ROWS, Batch, Reader, Source, Span, raw_batch
from pwae_core.corpus.readers.head import DELIMITERS, UTF_16, Head
from pwae_core.errors import InputError

LONGEST_FIELD = 64 << 20
CHUNK = 1 << 20
NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}


@dataclass(frozen=True)
class Dialect:
    """``skip``: lines before the header (``sep=;``)."""

    delimiter: str
    quoted: bool = True
    encoding: str = "utf-8-sig"
    skip: int = 0


def recognises(head: Head) -> bool:
    return bool(head.text)


def check(source: Source, config: PreprocessConfig) -> Source:
    source = dialect_of(source, list(own.named(config.columns).values()))
    with rows(source) as found:
        header = next(found, [])
        if not header:
            raise InputError(f"{source.name} is empty. Give a file with at least one utterance.")
        own.once(source, header, config)
        source = own.require(source, header, config)
        if next(found, None) is None:
            raise InputError(f"{source.name} has a header and no rows. Give a file with at least one utterance.")
    return source


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:
    source = span.source
    with rows(source) as found:
        header = next(found)
        positions = {field: header.index(name) for field, name in own.named(config.columns).items() if name in header}
        shape, done = own.shape_of(header, config), 0
        while batch := list(islice(found, BATCH_ROWS)):
            for index, row in enumerate(batch):
                if len(row) != len(header):
                    raise InputError(misfit(source, done + index + 1, row, header))
            places = np.arange(done + 1, done + len(batch) + 1)
            values = {field: [row[position] for row in batch] for field, position in positions.items()}
            yield raw_batch(values, places, partial(_where, source, done), shape)
            done += len(batch)


def misfit(source: Source, number: int, row: Sequence[str], header: Sequence[str]) -> str:
    """What a message says of a row that does not fit the header."""
    by = NAMES[source.layout.delimiter]
    return (
        f"{source.name}, row {number} has {len(row)} fields, expected {len(header)} as in the header. "
        f"Quote fields that hold {by}."
    )


@contextmanager
def rows(source: Source) -> Iterator[Iterator[list[str]]]:
    """The rows of the file, header first, empty lines left out. Raises InputError for what is not text or not CSV."""
    dialect: Dialect = source.layout
    with _text(source, dialect.encoding) as handle:
        reader = _reader(handle, dialect)
        try:
            yield (row for row in islice(reader, dialect.skip, None) if row)
        except UnicodeError as error:
            raise InputError(_undecodable(source, dialect.encoding)) from error
        except csv.Error as error:
            raise InputError(f"{source.name}, line {reader.line_num} is not valid CSV: {error}.") from error


def _text(source: Source, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(source.open(), encoding=encoding, newline="")


def _reader(handle: io.TextIOWrapper, dialect: Dialect) -> Any:
    csv.field_size_limit(LONGEST_FIELD)
    if dialect.quoted:
        return csv.reader(handle, delimiter=dialect.delimiter, strict=True)
    return csv.reader(handle, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def dialect_of(source: Source, wanted: Sequence[str] = ()) -> Source:
    """The source with its dialect laid down (``layout``), and a word on it where it is not the usual one.

    The delimiter is the one under which the header shows most of the ``wanted`` names, and then most fields.
    """
    encoding, skip, header = _beginning(source)
    if header.lower().startswith("sep=") and len(header) == 5:
        delimiter, skip = header[4], 1
    else:
        fields = {one: next(csv.reader([header], delimiter=one), []) for one in DELIMITERS}
        delimiter = max(fields, key=lambda one: (len({*fields[one]} & {*wanted}), len(fields[one])))
    dialect = Dialect(delimiter, True, encoding, skip)
    told = _quoting(source, dialect)
    if told:
        dialect, source = replace(dialect, quoted=False), replace(source, told=(*source.told, told))
    return replace(source, layout=dialect)


def _beginning(source: Source) -> tuple[str, int, str]:
    """The encoding, nothing to skip, and the first line that is not blank."""
    with source.open() as handle:
        encoding = "utf-16" if handle.read(2) in UTF_16 else "utf-8-sig"
    try:
        with _text(source, encoding) as text:
            while line := text.readline(LONGEST_FIELD):
                if line.strip():
                    return encoding, 0, line.rstrip("\r\n")
    except UnicodeError as error:
        raise InputError(_undecodable(source, encoding)) from error
    return encoding, 0, ""


def _quoting(source: Source, dialect: Dialect) -> str:
    """Why quotation marks are characters as any other in this file; empty where they quote (or there is none).

    They quote where rows fit the header so. Where every line by itself fits it and quotation marks would tear or join
    lines, they do not.
    """
    if not _holds(source, '"'.encode(dialect.encoding.removesuffix("-sig"))[-2:].lstrip(codecs.BOM_UTF16_LE)):
        return ""
    quoted, plain = (_fit(source, replace(dialect, quoted=one)) for one in (True, False))
    if quoted.misfits < plain.misfits or (quoted.misfits == plain.misfits and quoted.rows == plain.rows):
        return ""
    lost = f"{plain.rows - quoted.rows} of {plain.rows}" if quoted.whole else f"some of {plain.rows}"
    return (
        f'{source.name}: quotation marks are read as characters (") as they quote nothing: otherwise {lost} rows would '
        "be swallowed."
    )


@dataclass(frozen=True)
class _Fit:
    """How the rows of a file fit its header under a dialect; ``whole``: whether it could be read to its end."""

    rows: int
    misfits: int
    whole: bool


def _fit(source: Source, dialect: Dialect) -> _Fit:
    count, misfits = 0, 0
    try:
        with _text(source, dialect.encoding) as handle:
            found = (row for row in islice(_reader(handle, dialect), dialect.skip, None) if row)
            width = len(next(found, []))
            for row in found:
                count += 1
                misfits += len(row) != width
    except csv.Error:
        return _Fit(count, misfits + 1, False)
    except UnicodeError as error:
        raise InputError(_undecodable(source, dialect.encoding)) from error
    return _Fit(count, misfits, True)


def _holds(source: Source, mark: bytes) -> bool:
    with source.open() as handle:
        return any(mark in block for block in iter(partial(handle.read, CHUNK), b""))


def _undecodable(source: Source, encoding: str) -> str:
    if encoding == "utf-16":
        return f"{source.name} is not valid UTF-16. Save it as UTF-8."
    with source.open() as handle:
        for number, line in enumerate(handle, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"byte 0x{line[error.start]:02x}"
                return f"{source.name}, line {number} is not UTF-8 ({byte}). Convert the file to UTF-8 first."
    return f"{source.name} is not UTF-8. Convert the file to UTF-8 first."


def _where(source: Source, before: int, index: int) -> str:
    return f"{source.name}, row {before + index + 1}"


READER = Reader(name="csv", recognises=recognises, check=check, read=read, bytes_a_row=100)
