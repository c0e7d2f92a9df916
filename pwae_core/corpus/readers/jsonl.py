"""JSON lines: one object a line. A big file is cut at line ends and read in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from pwae_core.corpus.readers.base import (
    BATCH_ROWS,
    Batch,
    Source,
    Span,
    is_tree,
    named,
    raw_batch,
    require,
    shorten,
)
from pwae_core.errors import InputError

SPAN_BYTES = 64 << 20
BYTES_PER_ROW = 120
BOM = b"\xef\xbb\xbf"


def spans(source: Source) -> list[Span]:
    size = source.path.stat().st_size
    return [Span(source, start, min(start + SPAN_BYTES, size)) for start in range(0, size, SPAN_BYTES)]


def estimate_rows(source: Source) -> int:
    return source.path.stat().st_size // BYTES_PER_ROW


def check(source: Source, columns: Mapping[str, str]) -> None:
    """The first hundred objects must show every needed column at least once."""
    size = source.path.stat().st_size
    found = [record for _, record in islice(records(Span(source, 0, size)), 100)]
    if not found:
        raise InputError(f"{source.name} is empty. Give a file with at least one utterance.")
    require(source, {key for record in found for key in record}, columns)


def read(span: Span, columns: Mapping[str, str]) -> Iterator[Batch]:
    names = named(columns)
    start = Span(span.source, 0, span.source.path.stat().st_size)
    tree = is_tree({key for _, record in islice(records(start), 100) for key in record}, columns)
    found = records(span)
    while rows := list(islice(found, BATCH_ROWS)):
        places = np.fromiter((line for line, _ in rows), np.int64, len(rows))
        values: dict[str, Any] = {f: [record.get(name) for _, record in rows] for f, name in names.items()}
        yield raw_batch(values, places, partial(_where_is, span, places), tree=tree)


def records(span: Span) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every object with its line in the span, from 1."""
    return ((number, _parse(line, span, number)) for number, line in lines(span))


def lines(span: Span) -> Iterator[tuple[int, bytes]]:
    """Every line that is not blank, with its number in the span. A line belongs to the span in which it begins."""
    with span.source.path.open("rb") as handle:
        position = span.start
        if span.start:
            handle.seek(span.start - 1)
            position += len(handle.readline()) - 1
        number = 0
        while position < span.end:
            line = handle.readline()
            position += len(line)
            number += 1
            if number == 1 and not span.start:
                line = line.removeprefix(BOM)
            if line.strip():
                yield number, line


def _parse(line: bytes, span: Span, number: int) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        record = _parse_slowly(line, span, number)
    if not isinstance(record, dict):
        raise InputError(f"{where(span, number)} is not a JSON object. Give one object with named fields a line.")
    return record


def _parse_slowly(line: bytes, span: Span, number: int) -> Any:
    """Accepts what the quick parser does not (half surrogate pairs, NaN), or says what is wrong."""
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where(span, number)} is not UTF-8 (byte 0x{line[error.start]:02x}). Convert the file to UTF-8 first."
        ) from error
    except ValueError as error:
        text = shorten(line.decode("utf-8").strip())
        raise InputError(f"{where(span, number)} is not valid JSON: {text}. Correct or remove the line.") from error


def _where_is(span: Span, lines: npt.NDArray[np.int64], index: int) -> str:
    return where(span, int(lines[index]))


def where(span: Span, line: int) -> str:
    """What a message calls a line of the span."""
    return f"{span.source.name}, line {_lines_before(span) + line}"


def _lines_before(span: Span) -> int:
    """Lines of the file that begin before the span, counted only when a message needs it."""
    if not span.start:
        return 0
    with span.source.path.open("rb") as handle:
        seen = 0
        while handle.tell() < span.start:
            handle.readline()
            seen += 1
    return seen
