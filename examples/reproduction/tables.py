"""The study's files of results read and written, for the scripts beside this."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
TABLES = ("results", "comparisons", "curves", "answers")
STUDY = "study.json"
SYSTEM, SIDES = ("corpus", "split", "label"), ("label", "base")
System = tuple[str, ...]
"""A corpus, a split, and a system's label there."""


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


def merged(there: Sequence[Row], rows: Sequence[Row], schema: pa.Schema, keys: Sequence[str]) -> pa.Table:
    """``rows``, and those that are ``there`` whose keys are not among theirs; in the order of all columns up to the
    measure, or the context. Of rows with the same name, one: the real responses come with every run.
    """
    now = grouped(rows, keys)
    kept = [row for row in there if tuple(row[key] for key in keys) not in now]
    last = "measure" if "measure" in schema.names else "context"
    names = schema.names[: schema.names.index(last) + 1]
    distinct = {tuple(row[name] for name in names): row for row in [*kept, *rows]}
    return pa.Table.from_pylist([*distinct.values()], schema=schema).sort_by([(name, "ascending") for name in names])


def grouped(rows: Iterable[Row], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    """The rows by what they have under ``keys``."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


def remade(there: Sequence[Row], rows: Sequence[Row]) -> set[System]:
    """The systems of which a run is among ``rows`` with other totals than it has ``there``."""
    runs = (*SYSTEM, "seed")
    before, now = (
        {run: {(row["measure"], row["value"]) for row in own} for run, own in grouped(found, runs).items()}
        for found in (there, rows)
    )
    return {run[:3] for run, totals in now.items() if before.get(run, totals) != totals}


def standing(there: Sequence[Row], again: Container[System]) -> list[Row]:
    """The tests that are ``there``, without those of systems that were remade, ``again``."""
    return [row for row in there if not any((row["corpus"], row["split"], row[side]) in again for side in SIDES)]


def fuller(there: Sequence[Row], rows: Sequence[Row], pair: Sequence[str], again: Container[System]) -> list[Row]:
    """The tests of each pair: those of ``rows``, or the ones that are ``there`` if they rest on more seeds. Tests of
    systems that were remade, ``again``, are not kept.
    """
    of_pairs = grouped(standing(there, again), pair)
    for key, tests in grouped(rows, pair).items():
        if key not in of_pairs or tests[0]["seeds"] >= of_pairs[key][0]["seeds"]:
            of_pairs[key] = tests
    return [row for tests in of_pairs.values() for row in tests]


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
