"""The raw files of a run: where they are, what format they have, and the bytes of standard input kept in a file."""

from __future__ import annotations

import glob
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import Source, Span, UnknownFormatError
from pwae_core.corpus.readers.own import ColumnError
from pwae_core.corpus.readers.recognise import COMMENT_TABLE
from pwae_core.errors import ConfigError, InputError
from pwae_core.files import storage_errors

STANDARD_INPUT = "-"
ROWS_A_SHARD = 500_000
BYTES_A_SHARD = 128 << 20
HIDDEN, EMPTY, UNKNOWN = "hidden file", "empty file", "file of no known format"
WITHOUT_USERS = "weibo-crawler's comment table without user ids (its SQLite file is read)"


@dataclass(frozen=True)
class Found:
    """The files to read, and how many others lay among them, by reason."""

    sources: list[Source]
    skipped: Mapping[str, int]


@contextmanager
def sources(raw: Sequence[str], out: Path, config: PreprocessConfig) -> Iterator[Found]:
    """The files named by ``raw`` (files, folders, patterns), checked. What lies in a folder and is none of ours is
    passed over and counted. Standard input (``-``) lies in a file beside ``out`` while the block runs.

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
        skipped: Counter[str] = Counter()
        found = [source for name in raw for source in _sources(name, spool, config, skipped)]
        found = _without_comment_tables(found, skipped)
        yield Found([readers.check(source, config) for source in found], skipped)
    finally:
        if spool.is_file():
            spool.unlink()


def _keep_standard_input(spool: Path) -> None:
    with storage_errors(spool.parent):
        spool.parent.mkdir(parents=True, exist_ok=True)
        with spool.open("wb") as handle:
            shutil.copyfileobj(sys.stdin.buffer, handle, 1 << 20)


def _sources(name: str, spool: Path, config: PreprocessConfig, skipped: Counter[str]) -> list[Source]:
    if name == STANDARD_INPUT:
        return [_source(spool, "standard input", config)]
    path = Path(name)
    if path.is_dir():
        paths = sorted(one for one in path.rglob("*") if one.is_file())
    elif path.exists():
        return [_source(path, name, config)]
    else:
        paths = sorted(one for one in map(Path, glob.glob(name, recursive=True)) if one.is_file())  # noqa: PTH207
        if not paths:
            raise InputError(f"{name} does not exist. Name a raw file, a folder, a pattern, or - for standard input.")
    found = [source for one in paths if (source := _usable(one, path, config, skipped))]
    if not found:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in sorted(skipped.items())) or "it is empty"
        raise InputError(f"{name} holds no file to read ({reasons}).")
    return found


def _usable(path: Path, folder: Path, config: PreprocessConfig, skipped: Counter[str]) -> Source | None:
    """A file of a folder, or None, counted, where it is none of ours."""
    inside = path.relative_to(folder).parts if folder in path.parents else (path.name,)
    try:
        if any(part.startswith(".") for part in inside):
            skipped[HIDDEN] += 1
            return None
        if not path.stat().st_size:
            skipped[EMPTY] += 1
            return None
        source = _source(path, str(path), config)
        if config.format != "auto" or _is_ours(source, config):
            return source
    except UnknownFormatError:
        pass
    skipped[UNKNOWN] += 1
    return None


def _is_ours(source: Source, config: PreprocessConfig) -> bool:
    """Whether a file holds utterances: any text can look like CSV, and any object like a line of JSON."""
    if source.format not in ("csv", "jsonl"):
        return True
    try:
        readers.check(source, config)
    except ColumnError:
        return False
    except InputError:
        return source.format == "jsonl"
    return True


def _source(path: Path, shown: str, config: PreprocessConfig) -> Source:
    return readers.recognise(path, shown, config.format)


def _without_comment_tables(found: Sequence[Source], skipped: Counter[str]) -> list[Source]:
    """Leaves out the tables without user ids where the SQLite file stands among the files. Raises InputError if not."""
    kept = [source for source in found if source.format != COMMENT_TABLE]
    tables = [source for source in found if source.format == COMMENT_TABLE]
    if tables and all(source.format != "weibo-crawler-sqlite" for source in kept):
        raise InputError(
            f"{tables[0].name} is weibo-crawler's comment table, which has no user ids. Give its SQLite file instead "
            "(written with 'sqlite' in write_mode), which has them."
        )
    if tables:
        skipped[WITHOUT_USERS] += len(tables)
    return kept


def cut(found: Sequence[Source]) -> tuple[tuple[Span, ...], int]:
    """The spans of all files, and the number of shards (a power of two) that keeps each shard small."""
    spans = tuple(span for source in found for span in readers.spans(source))
    rows = sum(readers.reader(source).estimate_rows(source) for source in found)
    size = sum(source.size for source in found)
    shards = max(1, -(-rows // ROWS_A_SHARD), -(-size // BYTES_A_SHARD))
    return spans, 1 << (shards - 1).bit_length()
