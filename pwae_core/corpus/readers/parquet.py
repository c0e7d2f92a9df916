"""Parquet files; a span is a run of row groups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import own
from pwae_core.corpus.readers.base import BATCH_ROWS, Batch, NoRowsError, NotOursError, Reader, Source, Span
from pwae_core.corpus.readers.head import Head
from pwae_core.errors import InputError

MAGIC = b"PAR1"
SPAN_ROWS = 500_000


def recognises(head: Head) -> bool:
    return head.data.startswith(MAGIC)


def spans(source: Source) -> list[Span]:
    metadata = _open(source).metadata
    found, start, rows = [], 0, 0
    for group in range(metadata.num_row_groups):
        rows += metadata.row_group(group).num_rows
        if rows >= SPAN_ROWS or group == metadata.num_row_groups - 1:
            found.append(Span(source, start, group + 1))
            start, rows = group + 1, 0
    return found


def check(source: Source, config: PreprocessConfig) -> Source:
    file = _open(source)
    there = file.metadata.num_row_groups and file.metadata.num_columns
    if there and file.metadata.row_group(0).column(0).file_path:
        raise NotOursError(f"{source.name} only describes the rows of other files. Give those, or their folder.")
    own.once(source, file.schema_arrow.names, config)
    source = own.require(source, file.schema_arrow.names, config)
    if not file.metadata.num_rows:
        raise NoRowsError(f"{source.name} has no rows. Give a file with at least one utterance.")
    return source


def read(span: Span, config: PreprocessConfig) -> Iterator[Batch]:
    file = _open(span.source)
    found = file.schema_arrow.names
    there = {field: name for field, name in own.named(config.columns).items() if name in found}
    before = sum(file.metadata.row_group(group).num_rows for group in range(span.start))
    done = 0
    groups = range(span.start, span.end)
    try:
        for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=sorted(set(there.values()))):
            places = np.arange(done + 1, done + batch.num_rows + 1)
            values = {field: batch.column(name) for field, name in there.items()}
            for field, name in there.items():
                _check_text(span.source, before + done, name, values[field])
            where, shape = partial(_where, span.source, before + done), own.shape_of(found, config)
            yield own.own_batch(values, places, where, shape, before)
            done += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InputError(_damaged(span.source)) from error


def _check_text(source: Source, before: int, name: str, column: pa.Array) -> None:
    """Raises InputError if a column of strings holds bytes that are not UTF-8: Parquet writers need not check that."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        rows = f"rows {before + 1:,} to {before + len(column):,}"
        raise InputError(f"{source.name}, {rows}: the column {name} is not UTF-8. Convert it first.") from error


def _where(source: Source, before: int, index: int) -> str:
    return f"{source.name}, row {before + index + 1}"


def _open(source: Source) -> pq.ParquetFile:
    if source.packed:
        raise InputError(f"{source.name} is a compressed Parquet file. Decompress it first.")
    try:
        return pq.ParquetFile(pa.OSFile(os.fsencode(source.path)))
    except (pa.ArrowException, OSError) as error:
        raise InputError(_damaged(source)) from error


def _damaged(source: Source) -> str:
    return f"{source.name} is not a readable Parquet file. Make it again, or name its format with --format."


def _rows(source: Source) -> int:
    return int(_open(source).metadata.num_rows)


READER = Reader(name="parquet", recognises=recognises, check=check, spans=spans, read=read, estimate=_rows)
