"""How long training takes, in a file that differs between runs and is therefore outside the manifest and the log."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pwae_core.artifacts import token_of
from pwae_core.files import write_bytes
from pwae_core.schemas import TIMING

NUMBERS = ("time", "step", "elapsed")
"""The keys of every line."""


class Timing:
    """Lines ``{"time", "step", "epoch", "split", "elapsed", ...}``, one for each line of the log.

    ``time`` is in seconds since 1970; ``elapsed`` is the seconds of training and validation so far, over all sittings
    of the run. Training lines have ``iterations_per_second`` and ``sessions_per_second`` since the previous line,
    validation excluded; validation lines have ``seconds``. ``sessions`` is the mean number of sessions in an iteration.
    """

    def __init__(self, run: Path, sessions: float) -> None:
        self.path, self.sessions = run / TIMING, sessions
        self.started = self.marked = time.monotonic()
        self.elapsed = self.validated = self.rate = 0.0
        self.step = 0

    def begin(self, lines: Sequence[Mapping[str, Any]], step: int) -> None:  # noqa: ARG002
        """Starts the clock after ``step`` iterations.

        Continues the existing file, without a last line that a kill cut off.
        """
        before = timings(self.path)
        whole = b"".join(json.dumps(line).encode() + b"\n" for line in before)
        write_bytes(self.path, whole, token_of(self.path.parent))
        self.elapsed = before[-1]["elapsed"] if before else 0.0
        self.started = self.marked = time.monotonic()
        self.step = step

    @contextmanager
    def validation(self) -> Iterator[None]:
        """Times a validation."""
        begun = time.monotonic()
        yield
        self.validated = time.monotonic() - begun
        self.marked += self.validated

    def write(self, step: int, epoch: int, split: str, values: Mapping[str, float]) -> None:  # noqa: ARG002
        now = time.monotonic()
        line = {"time": round(time.time(), 3), "step": step, "epoch": epoch, "split": split}
        line["elapsed"] = round(self.elapsed + now - self.started, 3)
        if split == "train":
            pace = (step - self.step) / max(now - self.marked, 1e-9)
            self.step, self.marked, self.rate = step, now, pace * self.sessions
            line |= {"iterations_per_second": round(pace, 3), "sessions_per_second": round(self.rate, 2)}
        else:
            line["seconds"] = round(self.validated, 3)
        with self.path.open("a") as handle:
            handle.write(json.dumps(line) + "\n")

    def __str__(self) -> str:
        """``512 sessions/s``; empty if nothing has been timed yet."""
        return f", {self.rate:,.0f} sessions/s" if self.rate else ""

    def of_validation(self) -> str:
        """How long a validation took and how fast training is, for the message about it."""
        return f" ({self.validated:.1f} s{self})"


def timings(path: Path) -> list[dict[str, Any]]:
    """The readable lines of a timing file; none if there is no file."""
    found = []
    for raw in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if isinstance(line, dict) and all(_is_number(line.get(key)) for key in NUMBERS):
            found.append(line)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and math.isfinite(value)
