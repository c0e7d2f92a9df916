"""Raw files as batches of rows: what format a file has, how it is cut into spans, and how a span is read.

A reader yields ``Batch``es of the raw schema (``RAW``): whatever the file calls its columns, whatever their types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from pwae_core.corpus.readers import (
    delimited,
    jsonl,
    media_crawler,
    parquet,
    pchatbot,
    weibo_crawler_json,
    weibo_crawler_sqlite,
    weibo_spider,
)
from pwae_core.corpus.readers.base import Batch, Source, Span
from pwae_core.corpus.readers.recognise import UnknownFormatError, recognise


class Reader(Protocol):
    """What a module that reads a format offers."""

    def check(self, source: Source, columns: Mapping[str, str]) -> None: ...
    def spans(self, source: Source) -> list[Span]: ...
    def read(self, span: Span, columns: Mapping[str, str]) -> Iterator[Batch]: ...
    def estimate_rows(self, source: Source) -> int: ...


READERS: dict[str, Reader] = {
    "jsonl": jsonl,
    "csv": delimited,
    "parquet": parquet,
    "weibo-spider": weibo_spider,
    "weibo-crawler-json": weibo_crawler_json,
    "weibo-crawler-sqlite": weibo_crawler_sqlite,
    "media-crawler": media_crawler,
    "pchatbot": pchatbot,
}
IN_LINES = frozenset({"jsonl", "weibo-spider", "pchatbot"})

__all__ = [
    "READERS",
    "Batch",
    "Source",
    "Span",
    "UnknownFormatError",
    "check",
    "estimate_rows",
    "read",
    "recognise",
    "spans",
    "unit",
]


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
    return "line" if source.format in IN_LINES else "row"
