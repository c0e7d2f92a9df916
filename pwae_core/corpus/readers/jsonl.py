"""JSON lines: one object per line. Large files are divided at line ends and read in pieces, compressed ones whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import own
from pwae_core.corpus.readers.base import Batch, Reader, Source, Span
from pwae_core.corpus.readers.head import Head
from pwae_core.corpus.readers.values import shorten
from pwae_core.errors import InputError

SPAN_BYTES = 64 << 20
LONGEST_LINE = 64 << 20
BOM = b"\xef\xbb\xbf"
ENDLESS = 1 << 62


def recognises(head: Head) -> bool:
    return head.in_lines


def spans(source: Source) -> list[Span]:
    if source.packed:
        return [whole(source)]
    size = source.path.stat().st_size
    return [Span(source, start, min(start + SPAN_BYTES, size)) for start in range(0, size, SPAN_BYTES)]


def whole(source: Source) -> Span:
    """All lines of the file."""
    return Span(source, 0, ENDLESS)


def check(source: Source, config: PreprocessConfig) -> Source:
    """The first hundred objects must show every needed column at least once."""
    return own.check(source, records(whole(source)), config)


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:
    return own.batches(records(span), partial(where, span), span, config)


def records(span: Span) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every object with its line in the span, from 1."""
    return ((number, _parse(line, span, number)) for number, line in lines(span))


def lines(span: Span) -> Iterator[tuple[int, bytes]]:
    """Every line that is not blank, with its number in the span. A line belongs to the span in which it begins."""
    with span.source.open() as handle:
        position = span.start
        if span.start:
            handle.seek(span.start - 1)
            position += len(handle.readline()) - 1
        number = 0
        while position < span.end:
            line = handle.readline(LONGEST_LINE)
            if not line:
                return
            position += len(line)
            number += 1
            if len(line) == LONGEST_LINE:
                raise InputError(
                    f"{where(span, number)} is longer than {LONGEST_LINE >> 20} MiB. Is it the right file?"
                )
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
        raise InputError(f"{where(span, number)} is not a JSON object. Give one object with named fields per line.")
    return record


def _parse_slowly(line: bytes, span: Span, number: int) -> Any:
    """Accepts what the fast parser does not (half surrogate pairs, NaN), or says what is wrong."""
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where(span, number)} is not UTF-8 (byte 0x{line[error.start]:02x}). Convert the file to UTF-8 first."
        ) from error
    except (ValueError, RecursionError) as error:
        text = shorten(line.decode("utf-8").strip())
        raise InputError(f"{where(span, number)} is not valid JSON: {text}. Correct or remove the line.") from error


def where(span: Span, line: int) -> str:
    """What messages call a line of the span."""
    return f"{span.source.name}, line {_lines_before(span) + line}"


def _lines_before(span: Span) -> int:
    """Lines of the file that begin before the span, counted only when a message needs it."""
    if not span.start:
        return 0
    with span.source.open() as handle:
        seen, position = 0, 0
        while position < span.start:
            position += len(handle.readline())
            seen += 1
    return seen


READER = Reader(name="jsonl", recognises=recognises, check=check, spans=spans, read=read, bytes_a_row=120, unit="line")
