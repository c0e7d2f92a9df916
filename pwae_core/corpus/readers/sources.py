"""The raw files of a run: where they are, which format they have, and standard input, kept in a file."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pwae_core.artifacts import Plan
from pwae_core.artifacts.ownership import staging_folder
from pwae_core.artifacts.staging import staging
from pwae_core.config.preprocess import DEFAULTS, PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.readers import Source, Span
from pwae_core.corpus.readers.base import LacksColumnsError, NotOursError
from pwae_core.corpus.readers.folders import AGAIN, Search
from pwae_core.corpus.readers.recognise import COMMENT_TABLE
from pwae_core.corpus.readers.registry import OWN, READERS, SHAPES
from pwae_core.errors import ConfigError, InputError
from pwae_core.grammar import counted

STANDARD_INPUT, STANDARD_INPUT_SHOWN = "-", "standard input"
BEGINNING = 1 << 20
KEPT = "standard-input"
ROWS_A_SHARD = 500_000
BYTES_A_SHARD = 128 << 20
WITHOUT_USERS = "weibo-crawler's comment table without user ids (its SQLite file is read)"


@dataclass(frozen=True)
class Found:
    """The files to read, and the number of skipped files by reason; ``told`` are sentences about these."""

    sources: list[Source]
    skipped: Mapping[str, int]
    told: Sequence[str] = ()


@contextmanager
def sources(raw: Sequence[str], out: Path, config: PreprocessConfig) -> Iterator[Found]:
    """The files named by ``raw`` (files, folders, patterns), checked. Files in a folder that are not ours are skipped
    and counted. Standard input (``-``) is kept in a file beside ``out`` while the block runs.

    Raises InputError if a file is missing, empty or lacks a column, ConfigError if no file is given.
    """
    if not raw:
        raise ConfigError("No raw file was given. Name one or more, or - for standard input.")
    if list(raw).count(STANDARD_INPUT) > 1:
        raise ConfigError("Standard input (-) can be named only once.")
    with _standard_input(out, config) if STANDARD_INPUT in raw else nullcontext(out) as spool:
        search = Search.beside(out, *map(staging_folder, (out.absolute(), _spooled(out))))
        lacking: list[str] = []
        found = [source for name in raw for source in _sources(name, spool, search, config, lacking)]
        kept = _without_comment_tables(found, search.skipped)
        _refuse_without_effect(kept, config)
        yield Found(kept, search.skipped, _passed_over(lacking))


@contextmanager
def _standard_input(out: Path, config: PreprocessConfig) -> Iterator[Path]:
    """Standard input, in a file of a hidden folder beside ``out`` that belongs to this process alone."""
    with staging(_spooled(out), Plan("standard input", {}, {}), (KEPT,)) as stage:
        spool = stage.new / KEPT
        _keep(sys.stdin.buffer, spool, config)
        yield spool
        stage.clear()


def _spooled(out: Path) -> Path:
    return out.absolute().with_name(f"{out.name}.stdin")


def _keep(stream: BinaryIO, spool: Path, config: PreprocessConfig) -> None:
    """Copies a stream to a file. Raises InputError at once, before reading on, if it is of no known format."""
    with spool.open("wb") as handle:
        handle.write(stream.read(BEGINNING))
        handle.flush()
        readers.recognise(spool, STANDARD_INPUT_SHOWN, config.format)
        shutil.copyfileobj(stream, handle, 1 << 20)


def _passed_over(lacking: Sequence[str]) -> list[str]:
    """A sentence about the files of folders that lack columns (``lacking``: what is wrong with each), if there are."""
    many = counted(len(lacking), "file was", "files were")
    return [f"{many} passed over for lack of a column. {lacking[0]}"] if lacking else []


def _sources(name: str, spool: Path, search: Search, config: PreprocessConfig, lacking: list[str]) -> list[Source]:
    """The files that ``name`` refers to. What is wrong with files that lack columns is appended to ``lacking``."""
    if name == STANDARD_INPUT:
        return [_checked(spool, STANDARD_INPUT_SHOWN, config)]
    paths = search.named(name)
    if paths == [Path(name)]:
        return [_checked(paths[0], name, config)]
    found, refused = [], {}
    for path in paths:
        try:
            found.append(_checked(path, str(path), config))
        except NotOursError as error:
            search.skipped[error.reason] += 1
            refused[path.stat().st_size] = str(error)
            lacking += [str(error)] if isinstance(error, LacksColumnsError) else []
    if not found and not search.skipped[AGAIN]:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in sorted(search.skipped.items()))
        largest = refused[max(refused)] if refused else ""
        raise InputError(f"{name} holds no file to read ({reasons or 'it is empty'}). {largest}".rstrip())
    return found


def _checked(path: Path, shown: str, config: PreprocessConfig) -> Source:
    source = readers.recognise(path, shown, config.format)
    return source if source.format == COMMENT_TABLE else readers.check(source, config)


def _refuse_without_effect(found: Sequence[Source], config: PreprocessConfig) -> None:
    """Raises ConfigError for an option about the user's own rows that no file follows; plugins may follow any."""
    if not found or any(source.format not in READERS for source in found):
        return
    first, formats = found[0], {source.format for source in found}
    read = f"{first.name} is read as {first.format}"
    shaped = [name for name, shapes in SHAPES.items() if config.shape in shapes]
    for option, asked, following in (
        ("--column", config.columns, OWN),
        (f"--shape {config.shape}", config.shape != "auto", {*OWN, *shaped}),
    ):
        if asked and not formats & following:
            raise ConfigError(
                f"{option} is for your own rows; {read}. If its rows are your own, say so with --format jsonl, json or "
                "csv."
            )
    zone = readers.reader(first).time_zone
    asked = (config.time_zone, config.time_format) != (DEFAULTS.time_zone, DEFAULTS.time_format)
    if asked and all(readers.reader(one).time_zone for one in found):
        raise ConfigError(f"--time-zone and --time-format have no effect: {read}, whose times are always in {zone}.")


def _without_comment_tables(found: Sequence[Source], skipped: Counter[str]) -> list[Source]:
    """Leaves out weibo-crawler's tables without user ids if its SQLite file is there; otherwise raises InputError."""
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
