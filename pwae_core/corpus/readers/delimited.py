"""CSV and similar formats with a header line. Quoted fields may contain line ends, so a file is one span.

What separates fields, and whether quotation marks quote or are ordinary characters, differs from file to file. Both are
recognised from the whole file, and the choice is reported.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress, islice
from typing import Any

import numpy as np

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import own
from pwae_core.corpus.readers.base import BATCH_ROWS, Batch, NoRowsError, Reader, Source, Span, at
from pwae_core.corpus.readers.head import DELIMITERS, UTF_16, Head, fields
from pwae_core.errors import InputError

LONGEST_FIELD = 64 << 20
CHUNK = 1 << 20
TWICE = "Within quoted fields, write quotation marks twice."
BACKSLASH = re.compile(r'(?<!\\)\\"')
BOM = "\ufeff"
HEADER_AGAIN = "header line, repeated"
NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}


@dataclass(frozen=True)
class Dialect:
    """``backslash``: in a quoted field, ``\\"`` is a quotation mark. ``skip``: lines before the header (``sep=;``)."""

    delimiter: str
    quoted: bool = True
    backslash: bool = False
    encoding: str = "utf-8-sig"
    skip: int = 0


def recognises(head: Head) -> bool:
    return bool(head.text)


def check(source: Source, config: PreprocessConfig) -> Source:
    try:
        source = laid_out(source, list(own.named(config.columns).values()))
        with rows(source) as found:
            header = next(found, [])
    except InputError as error:
        raise own.unreadable(source, error, config) from error
    own.once(source, header, config)
    source = quoting_told(own.require(source, header, config))
    with rows(source) as found:
        if next(islice(found, 1, None), None) is None:
            raise NoRowsError(f"{source.name} has a header but no rows. Give a file with at least one utterance.")
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
            own_rows = np.array([not _repeats(row, header) for row in batch])
            places = np.arange(done + 1, done + len(batch) + 1)[own_rows]
            kept = list(compress(batch, own_rows))
            values = {field: [row[position] for row in kept] for field, position in positions.items()}
            made = own.own_batch(values, places, partial(at, partial(_where, source), places), shape, 0)
            yield replace(made, passed={HEADER_AGAIN: len(batch) - len(kept)} if len(kept) < len(batch) else {})
            done += len(batch)


def _repeats(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row is the header again, as where several files were joined to one."""
    return row[-1] == header[-1] and [row[0].removeprefix(BOM), *row[1:]] == header


def misfit(source: Source, number: int, row: Sequence[str], header: Sequence[str]) -> str:
    """The message about a row that does not fit the header."""
    by = NAMES[source.layout.delimiter]
    return (
        f"{source.name}, row {number} has {len(row)} fields, expected {len(header)} as in the header. "
        f"Quote fields that hold {by}."
    )


@contextmanager
def rows(source: Source) -> Iterator[Iterator[list[str]]]:
    """The rows of the file, header first, without empty lines. Raises InputError if it is not text or not CSV."""
    dialect: Dialect = source.layout
    with _text(source, dialect.encoding) as handle:
        reader = _reader(handle, dialect)
        try:
            yield (row for row in islice(reader, dialect.skip, None) if row)
        except UnicodeError as error:
            raise InputError(_undecodable(source, dialect.encoding)) from error
        except csv.Error as error:
            raise InputError(f"{source.name}, line {reader.line_num} is not valid CSV: {error}. {TWICE}") from error


def _text(source: Source, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(source.open(), encoding=encoding, newline="")


def _reader(handle: io.TextIOWrapper, dialect: Dialect) -> Any:
    csv.field_size_limit(LONGEST_FIELD)
    if dialect.quoted:
        lines = (BACKSLASH.sub('""', line) for line in handle) if dialect.backslash else handle
        return csv.reader(lines, delimiter=dialect.delimiter, strict=True)
    return csv.reader(handle, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def laid_out(source: Source, wanted: Sequence[str] = ()) -> Source:
    """The source with its dialect (``layout``), inferred from its first line.

    The delimiter is the one that gives the header most of the ``wanted`` names, and then most fields.
    """
    encoding, skip, header = _beginning(source)
    if header.lower().startswith("sep=") and len(header) == 5:
        delimiter, skip = header[4], 1
    else:
        found = {one: fields(header, one) for one in DELIMITERS}
        delimiter = max(found, key=lambda one: (len({*found[one]} & {*wanted}), len(found[one])))
    return replace(source, layout=Dialect(delimiter, encoding=encoding, skip=skip))


def quoting_told(source: Source) -> Source:
    """The source with the role of quotation marks, inferred from the whole file; and a note if they do not quote.

    They quote if rows then fit the header, or would if a backslash were an escape (which is an error later), or if a
    whole column or the header is in quotation marks. If every line by itself fits the header and quoting would split or
    join lines, they are ordinary characters.
    """
    dialect: Dialect = source.layout
    if not _holds(source, '"'.encode("utf-16-le" if dialect.encoding == "utf-16" else "utf-8")):
        return source
    plain = replace(dialect, quoted=False)
    quoting, by_line = _fit(source, dialect), _fit(source, plain)
    if quoting.suits(by_line) or by_line.enclosed or _fit(source, replace(dialect, backslash=True)).suits(by_line):
        return source
    lost = f"{by_line.rows - quoting.rows:,} of {by_line.rows:,} rows" if quoting.whole else "rows"
    told = f"{source.name}: quotation marks are read as ordinary characters; as quotes they would swallow {lost}."
    return replace(source, layout=plain, told=(*source.told, told))


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


@dataclass(frozen=True)
class _Fit:
    """How the rows of a file fit its header in a dialect; ``whole``: whether it could be read to its end.

    ``enclosed``: whether every field of a column, or one of the header, is in quotation marks.
    """

    rows: int
    misfits: int
    whole: bool
    enclosed: bool = False

    def suits(self, by_line: _Fit) -> bool:
        """Whether rows fit better than lines by themselves, or as well without joining any."""
        return self.misfits < by_line.misfits or (self.misfits, self.rows) == (by_line.misfits, by_line.rows)


def _fit(source: Source, dialect: Dialect) -> _Fit:
    count, misfits = 0, 0
    try:
        with _text(source, dialect.encoding) as handle:
            found = (row for row in islice(_reader(handle, dialect), dialect.skip, None) if row)
            header: list[str] = next(found, [])
            columns = {*range(len(header))}
            for row in found:
                count += 1
                misfits += len(row) != len(header)
                if columns:
                    columns &= _enclosed(row)
    except csv.Error:
        return _Fit(count, misfits + 1, False)
    except UnicodeError as error:
        raise InputError(_undecodable(source, dialect.encoding)) from error
    return _Fit(count, misfits, True, bool(columns or _enclosed(header)))


def _enclosed(row: Sequence[str]) -> set[int]:
    """The columns whose fields begin and end with a quotation mark."""
    return {place for place, field in enumerate(row) if len(field) > 1 and field[0] == field[-1] == '"'}


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


def _where(source: Source, place: int) -> str:
    return f"{source.name}, row {place}"


READER = Reader(name="csv", recognises=recognises, check=check, read=read, bytes_a_row=100)
