"""The log of a run that is training or was interrupted, read as far as it goes, without locking or writing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pwae_core import files
from pwae_core.artifacts import MANIFEST
from pwae_core.artifacts.notes import plan_of
from pwae_core.models import MODELS

LOG = "log.jsonl"


class Line(BaseModel):
    """A line of the log; a training that diverges logs NaN."""

    model_config = ConfigDict(strict=True, frozen=True)

    step: int
    epoch: int
    split: str
    values: dict[str, float | None]


@dataclass(frozen=True)
class Growing:
    """What is known about an unfinished run: its system, and the complete lines of its log."""

    folder: Path
    system: str
    lines: tuple[Line, ...]

    @property
    def fingerprint(self) -> str:
        return files.hash_strings(
            [str(self.system), *(files.to_json(line.model_dump()).decode() for line in self.lines)]
        )

    @property
    def step(self) -> int:
        """The last iteration that was logged; 0 before the first."""
        return self.lines[-1].step if self.lines else 0

    def rows(self) -> list[dict[str, Any]]:
        """One row per value, as in the log of a finished run."""
        return [
            {"step": line.step, "split": line.split, "name": name, "value": value}
            for line in self.lines
            for name, value in line.values.items()
        ]


def is_growing(folder: Path) -> bool:
    """Whether ``folder`` is an unfinished run."""
    return (folder / LOG).is_file() and not (folder / MANIFEST).is_file() and plan_of(folder) is not None


def growing(folder: Path) -> Growing:
    """What can be read now at ``folder``, which ``is_growing``; half-written or damaged lines are ignored."""
    plan = plan_of(folder)
    name = str(plan.config["model"]["name"]) if plan else ""
    parsed = [_parsed(line) for line in (folder / LOG).read_bytes().splitlines()]
    system = MODELS[name].display_name if name in MODELS else name or "run"
    return Growing(folder, system, tuple(line for line in parsed if line))


def _parsed(line: bytes) -> Line | None:
    try:
        return Line.model_validate_json(line)
    except ValidationError:
        return None
