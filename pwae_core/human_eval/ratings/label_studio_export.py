"""Exports from Label Studio as grids: JSON (tasks with their annotations) or JSON_MIN (one record per annotation).

Label Studio's CSV and TSV are tables like any other. In JSON the ratings are regions: ``from_name`` is the criterion,
``value`` holds ``choices`` or ``text``. Cancelled annotations, drafts and predictions do not count as ratings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from pwae_core.errors import InputError
from pwae_core.human_eval.ratings.grid import Grid, filled
from pwae_core.human_eval.sheets.form import CHOSEN, ITEM, RATED, REMARK
from pwae_core.human_eval.sheets.label_studio import HISTORY

NAMES = (ITEM, *RATED, *CHOSEN, REMARK, "conversation", HISTORY, "response", "other")
ADVICE = "Export the project as JSON, JSON-MIN, CSV or TSV."

Record = Mapping[str, Any]


def read_label_studio(path: Path, text: str) -> Grid | None:
    """The grid; None if ``text`` is not JSON. Raises InputError for JSON that Label Studio did not export."""
    try:
        tasks = orjson.loads(text.encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError:
        return None
    tasks = [tasks] if isinstance(tasks, dict) else tasks
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise InputError(f"{path} is JSON, but not a list of Label Studio's tasks. {ADVICE}")
    records = [record for task in tasks for record in _records(task)]
    if not any(ITEM in record for record in records):
        raise InputError(f"{path} has no task with an item of a sheet. {ADVICE}")
    rows = ((number, [record.get(name) for name in NAMES]) for number, record in enumerate(records, start=1))
    return Grid(path, "", {0: NAMES, **filled(path, rows)}, unit="annotation")


def _records(task: Record) -> Iterator[Record]:
    """The columns to read, one record per annotation of a task; without ratings if nobody has annotated it."""
    data = task.get("data")
    if not isinstance(data, dict):
        yield _known(task)
        return
    given = task.get("annotations", task.get("completions"))
    done = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    for annotation in [one for one in done if not (one.get("was_cancelled") or one.get("skipped"))] or [{}]:
        yield {**_known(data), **_known(_ratings(annotation.get("result")))}


def _known(values: Record) -> Record:
    return {name: _cell(values[name]) for name in NAMES if name in values}


def _ratings(result: object) -> dict[str, object]:
    regions = [one for one in result if isinstance(one, dict)] if isinstance(result, list) else []
    given: dict[str, object] = {}
    for region in regions:
        name, value = region.get("from_name"), region.get("value")
        if isinstance(name, str) and isinstance(value, dict):
            given[name] = value.get("choices", value.get("text"))
    return given


def _cell(value: object) -> object:
    """A value as a table would hold it: lists joined with commas, and a mark for anything but text and numbers."""
    if isinstance(value, list):
        return ", ".join(str(_cell(one) if not isinstance(one, list) else "[…]") for one in value)
    return {dict: "{…}", bool: str(value)}.get(type(value), value)
