"""CSV (or tab-separated) files with a header line. Quoted fields may hold line ends, so a file is one span."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice

import numpy as np

from pwae_core.corpus.readers.base import BATCH_ROWS, Batch, Source, Span, is_tree, named, raw_batch, require
from pwae_core.errors import InputError

BYTES_PER_ROW = 100
LONGEST_FIELD = 1 << 30


def spans(source: Source) -> list[Span]:
    return [Span(source, 0, source.path.stat().st_size)]


def estimate_rows(source: Source) -> int:
    return source.path.stat().st_size // BYTES_PER_ROW


def check(source: Source, columns: Mapping[str, str]) -> None:
    with lines(source) as rows:
        header = next(rows, [])
        if not header:
            raise InputError(f"{source.name} is empty. Give a file with at least one utterance.")
        require(source, header, columns)
        if next(rows, None) is None:
            raise InputError(f"{source.name} has a header and no rows. Give a file with at least one utterance.")


def read(span: Span, columns: Mapping[str, str]) -> Iterator[Batch]:
    source = span.source
    with lines(source) as rows:
        header = next(rows)
        positions = {field: header.index(name) for field, name in named(columns).items() if name in header}
        done = 0
        while batch := list(islice(rows, BATCH_ROWS)):
            for index, row in enumerate(batch):
                if len(row) != len(header):
                    raise InputError(
                        f"{_where(source, done, index)} has {len(row)} fields, expected {len(header)} as in the "
                        "header. Quote fields that hold commas."
                    )
            places = np.arange(done + 1, done + len(batch) + 1)
            values = {field: [row[position] for row in batch] for field, position in positions.items()}
            yield raw_batch(values, places, partial(_where, source, done), tree=is_tree(header, columns))
            done += len(batch)


@contextmanager
def lines(source: Source) -> Iterator[Iterator[list[str]]]:
    """The rows of the file, header first, empty lines left out. Raises InputError for what is not UTF-8 or not CSV."""
    csv.field_size_limit(LONGEST_FIELD)
    with source.path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as handle:
        reader = csv.reader(handle, delimiter=_delimiter(source), strict=True)
        try:
            yield (row for row in reader if row)
        except UnicodeDecodeError as error:
            raise InputError(_not_utf8(source)) from error
        except csv.Error as error:
            raise InputError(f"{source.name}, line {reader.line_num} is not valid CSV: {error}.") from error


def _delimiter(source: Source) -> str:
    with source.path.open("rb") as handle:
        header = handle.readline()
    return "\t" if b"\t" in header and b"," not in header else ","


def _not_utf8(source: Source) -> str:
    with source.path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"byte 0x{line[error.start]:02x}"
                return f"{source.name}, line {number} is not UTF-8 ({byte}). Convert the file to UTF-8 first."
    return f"{source.name} is not UTF-8. Convert the file to UTF-8 first."


def _where(source: Source, before: int, index: int) -> str:
    return f"{source.name}, row {before + index + 1}"
