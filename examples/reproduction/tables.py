"""The study's files of results read and written, for the scripts beside this."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
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


def merged(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema, keys: Sequence[str]) -> pa.Table:
    """``rows``, and those of the table at ``path`` whose keys are not among theirs; in the order of all columns up to
    the measure, or the context.
    """
    there = {tuple(row[key] for key in keys) for row in rows}
    kept = [row for row in read_table(path, schema) if tuple(row[key] for key in keys) not in there]
    last = "measure" if "measure" in schema.names else "context"
    order = [(name, "ascending") for name in schema.names[: schema.names.index(last) + 1]]
    return pa.Table.from_pylist([*kept, *_distinct(rows, order)], schema=schema).sort_by(order)


def _distinct(rows: Sequence[Mapping[str, Any]], order: Sequence[tuple[str, str]]) -> list[Mapping[str, Any]]:
    """One row for each of its names: the real responses come with every run."""
    return list({tuple(row[name] for name, _ in order): row for row in rows}.values())


def fuller(
    path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema, tested: Sequence[str]
) -> list[Mapping[str, Any]]:
    """Those ``rows`` whose tests rest on as many runs as the tests at ``path``, or more."""

    def weight(tests: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], int]:
        runs = {(*(row[key] for key in tested), row["label"]): row["seeds"] for row in tests}
        return {group: sum(runs[one] for one in runs if one[:-1] == group) for group in {one[:-1] for one in runs}}

    before, now = weight(read_table(path, schema)), weight(rows)
    return [row for row in rows if now[key := tuple(row[name] for name in tested)] >= before.get(key, 0)]


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
