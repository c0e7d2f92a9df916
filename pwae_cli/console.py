"""The only place that prints: results on stdout, progress and errors on stderr.

Text from data is inert. It is never read as markup, and characters that a terminal would obey (control characters, line
separators, those that reverse text) are replaced; in JSON they are escaped.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from pwae_core.errors import InputError, StorageError, one_line
from pwae_core.progress import Progress, Task
from pwae_core.text.inert import OBEYED, inert

PLAIN_EVERY_SECONDS = 10.0
LONGEST_LINE = 1 << 16
"""The most bytes that a typed line may have."""
_kept: list[TextIO] = []
"""Stdout, while ``kept_stdout`` keeps it."""
ESCAPED = {code: f"\\u{code:04x}" for code in OBEYED if code >= 127}  # JSON itself escapes those below


@contextmanager
def open_streams() -> Iterator[None]:
    """Makes the standard streams usable, and flushes stdout when the block ends.

    A closed stream becomes the null device, so that no file gets its number. Stdout escapes what its encoding lacks.
    """
    for number in range(3):
        _open_if_closed(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        flush()


@contextmanager
def kept_stdout() -> Iterator[None]:
    """Keeps stdout for what this module prints. What anything else prints meanwhile, such as a plugin, is on stderr."""
    _kept.append(stdout())
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _kept.pop()


def stdout() -> TextIO:
    """Where results are printed."""
    return _kept[-1] if _kept else sys.stdout


def flush() -> None:
    """Flushes stdout. Raises StorageError if it cannot be written, BrokenPipeError if its reader has gone."""
    with _printing():
        stdout().flush()


def _open_if_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_RDWR), number)


@contextmanager
def _printing() -> Iterator[None]:
    """Raises StorageError if stdout can no longer be written, BrokenPipeError if its reader has gone."""
    try:
        yield
    except BrokenPipeError:
        _silence(stdout())
        raise
    except OSError as error:
        _silence(stdout())
        raise StorageError(f"Cannot print the result: {error.strerror}. What the command wrote is complete.") from error


def _silence(stream: TextIO) -> None:
    """Discards whatever still waits in ``stream``."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def lines(source: str = "standard input") -> Iterator[str | InputError]:
    """The lines that are typed or piped in, except blank ones. A line that is not text yields an InputError.

    Raises InputError for a line that is too long.
    """
    encoding, place = sys.stdin.encoding or "utf-8", 0
    while raw := sys.stdin.buffer.readline(LONGEST_LINE):
        place += 1
        if len(raw) == LONGEST_LINE:
            raise InputError(f"{source}, line {place}: longer than {LONGEST_LINE:,} bytes. Is it text?")
        try:
            if line := raw.decode(encoding).strip():
                yield line
        except UnicodeDecodeError:
            yield InputError(f"{source}, line {place}: not {encoding.upper()} text. Type it again.")


class _Pace:
    """How fast a task goes and how long it still takes.

    The clock starts at the first advance, which includes work done before (a resumed training) and the cost of
    starting.
    """

    def __init__(self, total: int | None) -> None:
        self.total, self.done, self.first = total, 0, 0
        self.started: float | None = None

    def advance(self, amount: int) -> None:
        if self.started is None:
            self.first, self.started = amount, time.monotonic()
        self.done += amount

    def __str__(self) -> str:
        """``5.1/s, 2 min left``; empty if the total is unknown or it is too early to say."""
        seconds = 0.0 if self.started is None else time.monotonic() - self.started
        if self.total is None or self.done <= self.first or seconds <= 0:
            return ""
        rate = (self.done - self.first) / seconds
        speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"
        left = (self.total - self.done) / rate
        return f"{speed}, {duration(left)} left" if left > 0 else speed


def duration(seconds: float) -> str:
    """A number of seconds as ``95 s``, ``12 min`` or ``2.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@dataclass
class _BarTask:
    bars: Bars
    number: Any
    pace: _Pace

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.pace.advance(amount)
        self.bars.update(self.number, advance=amount, pace=str(self.pace))
        if note:
            self.bars.update(self.number, note=inert(note))


class BarProgress:
    """Live bars for a terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        spinner = [] if self.console.options.ascii_only else [SpinnerColumn()]
        columns = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()]
        told = [TextColumn(f"{{task.fields[{field}]}}", markup=False) for field in ("pace", "note")]
        with Bars(*spinner, *columns, TimeElapsedColumn(), *told, console=self.console, transient=True) as bars:
            yield _BarTask(bars, bars.add_task(inert(label), total=total, note="", pace=""), _Pace(total))

    def say(self, message: str) -> None:
        self.console.print(inert(message), markup=False, emoji=False, highlight=False, soft_wrap=True)


class _PlainTask:
    def __init__(self, label: str, total: int | None) -> None:
        self.label, self.pace, self.printed = label, _Pace(total), time.monotonic()

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.pace.advance(amount)
        if time.monotonic() - self.printed >= PLAIN_EVERY_SECONDS:
            self.printed = time.monotonic()
            of = f"/{self.pace.total}" if self.pace.total is not None else ""
            told = ", ".join(filter(None, (f"{self.pace.done}{of} {note}".rstrip(), str(self.pace))))
            _tell(f"{self.label}: {told}")


class PlainProgress:
    """Plain lines at intervals, for a log file or a pipe."""

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        yield _PlainTask(label, total)

    def say(self, message: str) -> None:
        _tell(message)


def _tell(message: str) -> None:
    """Prints a line on stderr. It carries on if nobody can read it."""
    try:
        print(inert(message), file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        _silence(sys.stderr)


def progress() -> Progress:
    """Bars if stderr is a terminal that can redraw a line, otherwise plain lines."""
    console = Console(stderr=True)
    return BarProgress(console) if console.is_terminal and not console.is_dumb_terminal else PlainProgress()


def error(message: str) -> None:
    """Prints an error as one line on stderr."""
    _tell(f"pwae: {one_line(message)}")


def usage(text: str) -> None:
    """Prints on stderr what is wrong with a command line."""
    _tell(text.rstrip("\n"))


def print_json(value: object) -> None:
    """Prints a result for machines: one JSON document on stdout, as readable as stdout's encoding allows."""
    _put(_json(value, indent=1))


def print_json_lines(values: Sequence[object]) -> None:
    """Prints results for machines, one line each, and flushes them at once so that a reader need not wait."""
    for value in values:
        _put(_json(value))
    flush()


def _json(value: object, indent: int | None = None) -> str:
    readable = (stdout().encoding or "utf-8").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not readable, allow_nan=False, indent=indent).translate(ESCAPED)


def print_line(text: str = "") -> None:
    """Prints a result for people as plain text, in which nothing is read as markup."""
    _put(inert(text))


def _put(text: str) -> None:
    with _printing():
        print(text, file=stdout())


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers_from: int = 1) -> None:
    """Prints a result for people, 160 columns wide unless on a terminal. Columns from ``numbers_from`` align right."""
    from rich.text import Text

    if title:
        print_line(title)
    table = Table()
    for index, column in enumerate(columns):
        table.add_column(Text(inert(column)), justify="right" if index >= numbers_from else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    console = Console(file=stdout())
    if not console.is_terminal:
        console = Console(file=stdout(), width=160)
    with _printing():
        console.print(table)


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else inert(str(cell))
