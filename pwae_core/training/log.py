"""The training log: one JSON line at a time while training, one Parquet table in the finished run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from pwae_core.schemas import LOG


class TrainingLog:
    """Lines ``{"step", "epoch", "split", "values"}``, appended to a file that can be watched with ``tail -f``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def cut(self, lines: int) -> None:
        """Keeps the first ``lines`` lines: what a killed run logged after its last checkpoint will come again."""
        kept = self.path.read_text().splitlines()[:lines] if self.path.is_file() else []
        self.path.write_text("".join(line + "\n" for line in kept))

    def write(self, step: int, epoch: int, split: str, values: Mapping[str, float]) -> None:
        line = json.dumps({"step": step, "epoch": epoch, "split": split, "values": dict(values)})
        with self.path.open("a") as handle:
            handle.write(line + "\n")

    def sync(self) -> None:
        with self.path.open("a") as handle:
            os.fsync(handle.fileno())

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.path.read_text().splitlines()]

    def values(self, split: str, step: int) -> dict[str, float]:
        """What was logged of a split at an iteration; empty when nothing was."""
        found = [line["values"] for line in self.lines() if (line["split"], line["step"]) == (split, step)]
        return dict(found[-1]) if found else {}

    def table(self) -> pa.Table:
        """The log with one row a value (schemas.LOG)."""
        rows = [
            {"step": line["step"], "epoch": line["epoch"], "split": line["split"], "name": name, "value": value}
            for line in self.lines()
            for name, value in line["values"].items()
        ]
        return pa.Table.from_pylist(rows, schema=LOG)
