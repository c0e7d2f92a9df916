"""The training log: JSON lines while training, one Parquet table in the finished run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pwae_core.artifacts import token_of
from pwae_core.errors import ArtifactError
from pwae_core.files import write_bytes
from pwae_core.schemas import LOG


class Listener(Protocol):
    """Something that follows the log and writes a file of its own."""

    def begin(self, lines: Sequence[Mapping[str, Any]], step: int) -> None:
        """Training begins after ``step`` iterations, and after the lines that are already in the log."""

    def write(self, step: int, epoch: int, split: str, values: Mapping[str, float]) -> None:
        """A line was written to the log."""


class TrainingLog:
    """Lines ``{"step", "epoch", "split", "values"}``, appended to a file that can be watched with ``tail -f``.

    ``listeners`` are told of every line.
    """

    def __init__(self, path: Path, listeners: Sequence[Listener] = ()) -> None:
        self.path, self.listeners = path, listeners

    def check(self, lines: int) -> list[bytes]:
        """The first ``lines`` lines. Raises ArtifactError if there are fewer, or if one of them cannot be read."""
        kept = self.path.read_bytes().splitlines(keepends=True)[:lines] if self.path.is_file() else []
        if len(kept) < lines or not all(_is_whole(line) for line in kept):
            raise ArtifactError(
                f"{self.path} is damaged: it is not what the last checkpoint recorded. "
                "Restore it, or move it away and train again with --force."
            )
        return kept

    def cut(self, lines: int, step: int) -> None:
        """Keeps only the first ``lines`` lines: what was logged after the checkpoint to continue from, which is that of
        iteration ``step``, will be logged again.

        Raises ArtifactError as ``check`` does.
        """
        write_bytes(self.path, b"".join(self.check(lines)), token_of(self.path.parent))
        for listener in self.listeners:
            listener.begin(self.lines(), step)

    def write(self, step: int, epoch: int, split: str, values: Mapping[str, float]) -> None:
        line = json.dumps({"step": step, "epoch": epoch, "split": split, "values": dict(values)})
        with self.path.open("a") as handle:
            handle.write(line + "\n")
        for listener in self.listeners:
            listener.write(step, epoch, split, values)

    def sync(self) -> None:
        with self.path.open("a") as handle:
            os.fsync(handle.fileno())

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.path.read_text().splitlines()]

    def values(self, split: str, step: int) -> dict[str, float]:
        """What was logged for a split at an iteration; empty if nothing was."""
        found = [line["values"] for line in self.lines() if (line["split"], line["step"]) == (split, step)]
        return dict(found[-1]) if found else {}

    def table(self) -> pa.Table:
        """The log, with one row per value (schemas.LOG)."""
        rows = [
            {"step": line["step"], "epoch": line["epoch"], "split": line["split"], "name": name, "value": value}
            for line in self.lines()
            for name, value in line["values"].items()
        ]
        return pa.Table.from_pylist(rows, schema=LOG)


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict) and line.endswith(b"\n")
    except ValueError:
        return False
