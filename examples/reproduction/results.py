"""What the study found, as the scripts beside this show it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tables import STUDY, TABLES, Row, read_study, read_table


@dataclass(frozen=True)
class Results:
    """The rows of the tables, and what they rest on."""

    results: Sequence[Row]
    comparisons: Sequence[Row]
    curves: Sequence[Row]
    answers: Sequence[Row]
    study: dict[str, Any]

    @property
    def places(self) -> list[tuple[str, str]]:
        """Corpora and splits, the random one first."""
        there = {(row["corpus"], row["split"]) for row in self.results}
        return sorted(there, key=lambda one: (one[1] != "session", one))


def read(folder: Path) -> Results:
    """The results at ``folder``; empty where there are none. Ends the script where only a part of them is there."""
    if not folder.is_dir():
        sys.exit(f"{folder} is not a folder. Give that of the results.")
    names = (*(f"{name}.parquet" for name in TABLES), STUDY)
    missing = [name for name in names if not (folder / name).exists()]
    if 0 < len(missing) < len(names):
        sys.exit(f"{folder / missing[0]} is missing. Restore it, or collect the results again (run.sh --collect).")
    rows = [read_table(folder / f"{name}.parquet") for name in TABLES]
    return Results(*rows, read_study(folder / STUDY))
