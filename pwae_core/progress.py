"""How a stage reports what it is doing, without knowing who listens.

The library never prints. A stage is handed a ``Progress``; the command line's draws bars or plain lines on
stderr, the default says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    def advance(self, amount: int = 1, note: str = "") -> None:
        """Counts ``amount`` more units as done; ``note`` is shown beside the bar (a loss, a rate)."""


class Progress(Protocol):
    def task(self, label: str, total: int | None = None) -> AbstractContextManager[Task]:
        """A unit of work that takes a while; ``total`` is None if it is not known in advance."""

    def say(self, message: str) -> None:
        """One line for the user: a fact to show even when no progress bar is shown."""


class _SilentTask:
    def advance(self, amount: int = 1, note: str = "") -> None:
        pass


class Silent:
    """A listener that ignores everything."""

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:  # noqa: ARG002
        yield _SilentTask()

    def say(self, message: str) -> None:
        pass


SILENT = Silent()
