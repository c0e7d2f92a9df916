"""Raw files as batches of rows: what format a file has, how it is cut into spans, and how a span is read.

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
    """The source, looked over. Raises InputError when it is empty, unreadable, or lacks a column that is needed."""
    with _guarded(source):
        return reader(source).check(source, config)


def spans(source: Source) -> list[Span]:
    """A file in pieces that can be read apart; together they are the file."""
    with _guarded(source):
        return reader(source).spans(source)


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:
    """The rows of a span.

    Raises InputError, naming file, row and column, for what cannot be read.
    """
    with _guarded(span.source):
        yield from reader(span.source).read(span, config)


def _guarded(source: Source) -> AbstractContextManager[None]:
    """A reader of a plugin that fails is named, with its distribution."""
    return plugins.guarded("reader", source.format, READERS)
