"""The user's own rows as a JSON array, or as objects that span several lines each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import documents, own
from pwae_core.corpus.readers.base import Batch, Reader, Source, Span
from pwae_core.corpus.readers.head import Head
from pwae_core.errors import InputError


def recognises(head: Head) -> bool:
    return head.text.startswith(("[", "{"))


def check(source: Source, config: PreprocessConfig) -> Source:
    return own.check(source, records(source), config)


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:
    return own.batches(records(span.source), partial(where, span.source), span, config)


def records(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of an array, or those that follow each other, numbered from 1."""
    with source.open() as handle:
        for number, (_, record) in enumerate(documents.walk(handle, source.name, documents.rows_of_array), start=1):
            if not isinstance(record, dict):
                raise InputError(f"{where(source, number)} is not a JSON object. Give objects with named fields.")
            yield number, record


def where(source: Source, number: int) -> str:
    return f"{source.name}, row {number}"


READER = Reader(name="json", recognises=recognises, check=check, read=read, bytes_a_row=150)
