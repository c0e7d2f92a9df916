"""Raw files as batches of rows: what format a file has, how it is cut into spans, and how a span is read.

A reader yields ``Batch``es of the raw schema (``RAW``): whatever the file calls its columns, whatever their types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from pwae_core.corpus.readers import delimited, jsonl, parquet
from pwae_core.corpus.readers.base import Batch, Source, Span
from pwae_core.errors import InputError


class Reader(Protocol):
    """What a module that reads a format offers."""

    def check(self, source: Source, columns: Mapping[str, str]) -> None: ...
    def spans(self, source: Source) -> list[Span]: ...
    def read(self, span: Span, columns: Mapping[str, str]) -> Iterator[Batch]: ...
    def estimate_rows(self, source: Source) -> int: ...


READERS: dict[str, Reader] = {"jsonl": jsonl, "csv": delimited, "parquet": parquet}

__all__ = ["READERS", "Batch", "Source", "Span", "check", "estimate_rows", "read", "recognise", "spans", "unit"]


def recognise(path: Path, name: str) -> str:
    """The format of a file by its first bytes. Raises InputError for an empty file or one of no known format."""
    try:
        with path.open("rb") as handle:
            head = handle.read(4096)
    except OSError as error:
        raise InputError(f"Cannot read {name}: {error.strerror}.") from error
    if not head.strip():
        raise InputError(f"{name} is empty. Give a file with at least one utterance.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "jsonl"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name} is UTF-16, not UTF-8. Convert it to UTF-8 first.")
    if b"\0" in head:
        raise InputError(f"{name} is neither JSONL, CSV nor Parquet. Convert it, or name its format with --format.")
    return "csv"


def check(source: Source, columns: Mapping[str, str]) -> None:
    """Raises InputError when a file is empty, unreadable, or lacks a column that is needed."""
    READERS[source.format].check(source, columns)


def spans(source: Source) -> list[Span]:
    """A file in pieces that can be read apart; together they are the file."""
    return READERS[source.format].spans(source)


def read(span: Span, columns: Mapping[str, str]) -> Iterator[Batch]:
    """The rows of a span. ``columns`` maps fields to the file's names where they differ.

    Raises InputError, naming file, row and column, for what cannot be read.
    """
    return READERS[span.source.format].read(span, columns)


def estimate_rows(source: Source) -> int:
    """About how many rows a file has: decides into how many pieces the work is cut, never what comes out."""
    return READERS[source.format].estimate_rows(source)


def unit(source: Source) -> str:
    """What a place in the file is called: a line or a row."""
    return "line" if source.format == "jsonl" else "row"
