"""The study's files of results read and written, for the scripts beside this."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
TABLES = ("results", "comparisons", "curves", "answers")
STUDY = "study.json"


def read_table(path: Path, schema: pa.Schema | None = None) -> list[Row]:
    """The rows of a Parquet file; none if it is missing. Ends the script where they cannot be read, or where the file
    has other columns than ``schema``.
    """
    if not path.exists():
        return []
    try:
        found = pq.read_table(path)
    except (OSError, pa.ArrowInvalid):
        unreadable(path)
    if schema is not None and not found.schema.equals(schema):
        sys.exit(f"{path} has other columns than this version writes. Move it away, and collect the results again.")
    return found.to_pylist()


def read_study(path: Path) -> Row:
    """What the numbers rest on; nothing if the file is missing. Ends the script if it cannot be read."""
    if not path.exists():
        return {"corpora": {}, "runs": {}}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError:
        unreadable(path)
    if not isinstance(found, dict) or not {"corpora", "runs"} <= found.keys():
        unreadable(path)
    return found


def unreadable(path: Path) -> NoReturn:
    sys.exit(f"{path} is damaged. Restore it, or move it away and collect the results again (run.sh --collect).")


def write(path: Path, content: pa.Table | str) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    if isinstance(content, str):
        unfinished.write_text(content, "utf-8")
    else:
        pq.write_table(content, unfinished)
    unfinished.replace(path)
