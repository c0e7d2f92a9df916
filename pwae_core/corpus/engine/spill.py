"""Tables on disk between the steps: Arrow files, whole or divided into shards."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pwae_core.corpus.engine.keys import Keys, shard_of

OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")
Writer = Any  # pyarrow.ipc.RecordBatchFileWriter


@contextmanager
def writer(path: Path, schema: pa.Schema) -> Iterator[Writer]:
    with pa.OSFile(os.fsencode(path), "wb") as sink, pa.ipc.new_file(sink, schema, options=OPTIONS) as out:
        yield out


def write(path: Path, table: pa.Table) -> None:
    with writer(path, table.schema) as out:
        out.write_table(table)


def write_sharded(out: Writer, table: pa.Table, keys: Keys, shards: int) -> None:
    """Appends one batch per shard, even if empty: batch number n of the file belongs to shard n modulo ``shards``."""
    shard = shard_of(keys, shards)
    if shards > 1:
        table = table.take(pa.array(np.argsort(shard, kind="stable")))
    ends = np.cumsum(np.bincount(shard, minlength=shards))
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        batches = table.slice(start, end - start).combine_chunks().to_batches()
        out.write_batch(batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema))


def read(path: Path) -> pa.Table:
    with pa.memory_map(os.fsencode(path)) as source:
        return pa.ipc.open_file(source).read_all()


def read_shard(paths: Iterable[Path], schema: pa.Schema, shard: int, shards: int) -> pa.Table:
    """One shard of all the files that ``write_sharded`` wrote."""
    batches = []
    for path in paths:
        with pa.memory_map(os.fsencode(path)) as source:
            file = pa.ipc.open_file(source)
            batches += [file.get_batch(number) for number in range(shard, file.num_record_batches, shards)]
    return pa.Table.from_batches(batches, schema=schema)
