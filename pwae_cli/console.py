"""The only place that prints: results on stdout, progress and errors on stderr.

Text from data is inert: no markup is read in it, and control characters, which a terminal would obey, are replaced.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from pwae_core.progress import Progress, Task

PLAIN_EVERY_SECONDS = 10.0
CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


def inert(text: str) -> str:
    """``text`` without the control characters that a terminal would obey."""
    return text.translate(CONTROLS)


def accept_any_text() -> None:
    """Lets stdout escape what its encoding lacks, instead of failing on it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


class _Pace:
    """How fast a task goes and how long it still takes. The first advance starts the clock: it holds what was done
    before (a resumed training) or what only the start costs.
    """

    def __init__(self, total: int | None) -> None:
        self.total, self.done, self.first = total, 0, 0
        self.started: float | None = None

    def advance(self, amount: int) -> None:
        if self.started is None:
            self.first, self.started = amount, time.monotonic()
        self.done += amount

    def __str__(self) -> str:
        """``5.1/s, 2 min left``; empty where the total is not known, or nothing can be told yet."""
        seconds = 0.0 if self.started is None else time.monotonic() - self.started
        if self.total is None or self.done <= self.first or seconds <= 0:
            return ""
        rate = (self.done - self.first) / seconds
        speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"
        left = (self.total - self.done) / rate
        return f"{speed}, {_duration(left)} left" if left > 0 else speed


def _duration(seconds: float) -> str:
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
        columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()]
        told = [TextColumn(f"{{task.fields[{field}]}}", markup=False) for field in ("pace", "note")]
        with Bars(*columns, TimeElapsedColumn(), *told, console=self.console, transient=True) as bars:
            yield _BarTask(bars, bars.add_task(inert(label), total=total, note="", pace=""), _Pace(total))

    def say(self, message: str) -> None:
        self.console.print(inert(message), markup=False, highlight=False, soft_wrap=True)


class _PlainTask:
    def __init__(self, label: str, total: int | None) -> None:
        self.label, self.pace, self.printed = label, _Pace(total), time.monotonic()

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.pace.advance(amount)
        if time.monotonic() - self.printed >= PLAIN_EVERY_SECONDS:
            self.printed = time.monotonic()
            of = f"/{self.pace.total}" if self.pace.total is not None else ""
            told = ", ".join(filter(None, (f"{self.pace.done}{of} {note}".rstrip(), str(self.pace))))
            print(inert(f"{self.label}: {told}"), file=sys.stderr, flush=True)  # noqa: T201


class PlainProgress:
    """Plain lines, now and then, for a log file or a pipe."""

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        yield _PlainTask(label, total)

    def say(self, message: str) -> None:
        print(inert(message), file=sys.stderr, flush=True)  # noqa: T201


def progress() -> Progress:
    """Bars where stderr is a terminal, plain lines elsewhere."""
    console = Console(stderr=True)
    return BarProgress(console) if console.is_terminal else PlainProgress()


def error(message: str) -> None:
    """One line on stderr."""
    print(f"pwae: {inert(' '.join(message.split()))}", file=sys.stderr, flush=True)  # noqa: T201


def print_json(value: object) -> None:
    """A result for machines: one JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1))  # noqa: T201


def print_line(text: str = "") -> None:
    """A result for people, as plain text: nothing in it is read as markup."""
    print(inert(text))  # noqa: T201


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers_from: int = 1) -> None:
    """A result for people. Columns from ``numbers_from`` on are right-aligned. Wide where stdout is no terminal."""
    from rich.text import Text

    if title:
        print_line(title)
    table = Table()
    for index, column in enumerate(columns):
        table.add_column(Text(inert(column)), justify="right" if index >= numbers_from else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else inert(str(cell))
