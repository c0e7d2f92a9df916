"""The raw files of a run: where they are, what format they have, and the bytes of standard input kept in a file."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import Source, Span
from pwae_core.errors import ConfigError, InputError
from pwae_core.files import storage_errors

STANDARD_INPUT = "-"
ROWS_A_SHARD = 500_000
BYTES_A_SHARD = 128 << 20


@contextmanager
def sources(raw: Sequence[str], out: Path, config: PreprocessConfig) -> Iterator[list[Source]]:
    """The files named by ``raw``, checked. Standard input (``-``) lies in a file beside ``out`` while the block runs.

    Raises InputError for a file that is missing, empty or lacks a column, ConfigError when there is none.
    """
    if not raw:
        raise ConfigError("No raw file was named. Name one or several, or - for standard input.")
    if list(raw).count(STANDARD_INPUT) > 1:
        raise ConfigError("Standard input (-) can be named only once.")
    spool = out.absolute().with_name(f".{out.name}.stdin")
    try:
        if STANDARD_INPUT in raw:
            _keep_standard_input(spool)
        found = [_source(name, spool, config) for name in raw]
        for source in found:
            readers.check(source, config.columns)
        yield found
    finally:
        if spool.is_file():
            spool.unlink()


def _keep_standard_input(spool: Path) -> None:
    with storage_errors(spool.parent):
        spool.parent.mkdir(parents=True, exist_ok=True)
        with spool.open("wb") as handle:
            shutil.copyfileobj(sys.stdin.buffer, handle, 1 << 20)


def _source(name: str, spool: Path, config: PreprocessConfig) -> Source:
    path, shown = (spool, "standard input") if name == STANDARD_INPUT else (Path(name), name)
    if path.is_dir():
        raise InputError(f"{shown} is a folder. Name the files in it.")
    if not path.exists():
        raise InputError(f"{shown} does not exist. Name a JSONL, CSV or Parquet file, or - for standard input.")
    recognised = readers.recognise(path, shown)
    return Source(path, shown, recognised if config.format == "auto" else config.format)


def cut(found: Sequence[Source]) -> tuple[tuple[Span, ...], int]:
    """The spans of all files, and the number of shards (a power of two) that keeps each shard small."""
    spans = tuple(span for source in found for span in readers.spans(source))
    rows = sum(readers.estimate_rows(source) for source in found)
    size = sum(source.path.stat().st_size for source in found)
    shards = max(1, -(-rows // ROWS_A_SHARD), -(-size // BYTES_A_SHARD))
    return spans, 1 << (shards - 1).bit_length()
