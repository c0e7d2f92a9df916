"""Tables as Parquet files whose bytes do not depend on the pieces in which they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core.schemas import conform

ROW_GROUP = 65_536


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yields ``write(table)``, whose tables must have exactly the schema's columns. An error leaves no file.

    An existing file is removed first, so other hard links to it, such as those of a backup, keep their content.
    """
    path.unlink(missing_ok=True)
    try:
        with pq.ParquetWriter(path, schema, compression="zstd") as parquet:
            pieces = _Pieces(parquet, schema, path.name)
            yield pieces.write
            pieces.flush(1)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class _Pieces:
    """Collects tables until there are enough rows for a row group."""

    def __init__(self, parquet: pq.ParquetWriter, schema: pa.Schema, name: str) -> None:
        self.parquet, self.schema, self.name = parquet, schema, name
        self.pending: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        self.pending.append(conform(table, self.schema, self.name))
        if sum(one.num_rows for one in self.pending) >= ROW_GROUP:
            self.flush(ROW_GROUP)

    def flush(self, at_least: int) -> None:
        table = pa.concat_tables(self.pending) if self.pending else self.schema.empty_table()
        start = 0
        while table.num_rows - start >= at_least:
            self.parquet.write_table(table.slice(start, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
            start += ROW_GROUP
        self.pending = [table.slice(start)] if start < table.num_rows else []
