"""Raw files as batches of rows: which format a file has, how it is divided into spans, and how a span is read.

``base`` says what a reader is; ``registry`` has them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from pwae_core import plugins
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers.base import Batch, Reader, Source, Span
from pwae_core.corpus.readers.recognise import recognise
from pwae_core.corpus.readers.registry import READERS, inputs_of, reader_of

__all__ = ["READERS", "Batch", "Source", "Span", "check", "inputs_of", "read", "reader", "recognise", "spans"]


def reader(source: Source) -> Reader:
    return reader_of(source.format)


def check(source: Source, config: PreprocessConfig) -> Source:
    """The source, checked. Raises InputError if it is empty, unreadable, or lacks a required column."""
    with _guarded(source):
        return reader(source).check(source, config)


def spans(source: Source) -> list[Span]:
    """A file in pieces that can be read separately; together they are the file."""
    with _guarded(source):
        return reader(source).spans(source)


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:
    """The rows of a span.

    Raises InputError, which names file, row and column, for what cannot be read.
    """
    with _guarded(span.source):
        yield from reader(span.source).read(span, config)


def _guarded(source: Source) -> AbstractContextManager[None]:
    """If a plugin's reader fails, the error names it and its distribution."""
    return plugins.guarded("reader", source.format, READERS)
