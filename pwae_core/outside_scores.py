"""Tables of scores from other programs, such as BERTScore. They are shown beside pwae's, with intervals and tests.

    system   string: as 'pwae evaluate' shows it
    session  string: the context that is scored (or ``session_id``)
    metric   string: its column; none of pwae's own names
    value    a number; a context without a score has no row

One row for each score, in CSV or a similar format, JSON objects or Parquet, compressed or not. Other columns are
ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from pwae_core.artifacts import Artifact
from pwae_core.corpus.readers import jsonl, records
from pwae_core.corpus.readers.base import EmptyFileError, whole
from pwae_core.corpus.readers.recognise import recognise
from pwae_core.data.external_responses import parquet_rows
from pwae_core.errors import InputError
from pwae_core.files import hash_file
from pwae_core.metrics.bootstrap import interval, resampled_means
from pwae_core.metrics.own import LARGEST, lacking, name_problem
from pwae_core.metrics.signature import sign
from pwae_core.metrics.table import Floats, Scores, Terms, Total
from pwae_core.text.numbers import to_float

COLUMNS = ("system", "session", "session_id", "metric", "value")
NEEDED = "A table of scores has the columns system, session, metric and value"
Pair = tuple[str, str]
"""A system and a metric."""
NO_ROW = "Leave out the row of a context that has no score"


@dataclass(frozen=True)
class Row:
    """``where`` is what messages call it."""

    where: str
    system: str
    session: str
    metric: str
    value: float


@dataclass(frozen=True)
class Outside:
    """A table; ``rows`` by system, metric and session. ``fingerprint`` is the SHA-256 of the file."""

    source: Path
    fingerprint: str
    rows: Mapping[tuple[str, str, str], Row]

    @property
    def origin(self) -> dict[str, object]:
        """What signatures say about its scores."""
        return {"from": f"{self.source.name}-{self.fingerprint[:8]}"}


def read_outside(path: Path) -> Outside:
    """Reads and checks a table. Raises InputError, which names the file and the row."""
    rows: dict[tuple[str, str, str], Row] = {}
    for where, record in _records(path):
        row = _row(where, record)
        key = (row.system, row.metric, row.session)
        if key in rows:
            raise InputError(
                f"{where}: {row.metric} of {row.system} in session {row.session!r:.80} was given before "
                f"({rows[key].where}). Keep one of them."
            )
        rows[key] = row
    if not rows:
        raise InputError(f"{path} holds no scores. {NEEDED}.")
    return Outside(path, hash_file(path), rows)


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix == ".parquet":
        yield from parquet_rows(path, COLUMNS)
        return
    try:
        source = records.laid_out(recognise(path, str(path), "csv"))
    except EmptyFileError:
        return
    span = jsonl.whole(source) if source.layout == records.LINES else whole(source)[0]
    for place, record in records.records(span):
        yield records.where(span, place), record


def _row(where: str, record: Mapping[str, Any]) -> Row:
    given = {"session": record["session_id"], **record} if "session_id" in record else record
    absent = next((name for name in ("system", "session", "metric", "value") if name not in given), None)
    if absent:
        raise InputError(f"{where}: there is no {absent} among {', '.join(map(repr, record)):.200}. {NEEDED}.")
    system, session, metric = (_text(where, name, given.get(name)) for name in ("system", "session", "metric"))
    problem = name_problem(metric)
    if problem:
        raise InputError(f"{where}: metric {metric!r:.80} {problem}.")
    return Row(where, system, session, metric, _number(where, given.get("value")))


def _text(where: str, column: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise InputError(f"{where}: {column} is empty or not text. {NEEDED}.")
    return value


def _number(where: str, value: object) -> float:
    try:
        known = isinstance(value, int | float | str) and not isinstance(value, bool)
        number = to_float(str(value)) if known else None
    except (ValueError, OverflowError):
        number = None
    if value in (None, "") or (number is not None and not isfinite(number)):
        raise InputError(f"{where}: value is {number if value else 'missing'}. {NO_ROW}.")
    if number is None:
        raise InputError(f"{where}: value is {value!r:.80}, expected a number with a decimal point. {NEEDED}.")
    if abs(number) > LARGEST:
        raise InputError(f"{where}: value is {number}, which is beyond {LARGEST:g}. Scale the scores.")
    return number


def check(tables: Sequence[Outside], known: Mapping[str, Iterable[str]], taken: Mapping[Pair, str]) -> None:
    """Raises InputError for an unknown system or session, and for a metric that is ``taken`` or in two tables.

    ``known``: the sessions of each system; ``taken``: where else a system's metric comes from.
    """
    sessions = {system: {*found} for system, found in known.items()}
    seen: dict[Pair, Outside] = {}
    for table in tables:
        for (system, metric, session), row in table.rows.items():
            if system not in sessions:
                raise InputError(f"{row.where}: there is no system {system!r:.80}. Use one of {', '.join(sessions)}.")
            if session not in sessions[system]:
                raise InputError(f"{row.where}: {system} has no answer to session {session!r:.80}.")
            pair = system, metric
            if pair in taken or seen.setdefault(pair, table) is not table:
                other = taken[pair] if pair in taken else seen[pair].source
                raise InputError(f"{row.where}: {metric} of {system} also comes from {other}. Give it another name.")


def scored_before(tables: Sequence[Outside], scores: Sequence[Artifact]) -> dict[Pair, str]:
    """Where each metric of a system is already, in ``scores`` of ``pwae evaluate``, unless from the same ``tables``."""
    origins = {f"from:{table.origin['from']}" for table in tables}
    return {
        (row["system"], row["metric"]): str(one.folder)
        for one in scores
        for row in one.table("totals.parquet").to_pylist()
        if not origins & {*row["signature"].split("|")}
    }


def of_system(tables: Sequence[Outside], system: str, sessions: Sequence[str]) -> dict[str, Floats]:
    """By metric, a system's scores of ``sessions`` in their order; NaN if there is none."""
    place = {session: number for number, session in enumerate(sessions)}
    found: dict[str, Floats] = {}
    for table in tables:
        for row in table.rows.values():
            if row.system == system and row.session in place:
                found.setdefault(row.metric, np.full(len(place), np.nan))[place[row.session]] = row.value
    return found


def origins(tables: Sequence[Outside], system: str) -> dict[str, Mapping[str, object]]:
    """By metric, what the signatures of a system's scores say."""
    return {metric: table.origin for table in tables for named, metric, _ in table.rows if named == system}


def beside(
    tables: Sequence[Outside], system: str, sessions: Sequence[str], scores: Scores, terms: Terms
) -> tuple[Scores, Terms]:
    """A system's ``scores`` with those of the tables, and what all their signatures say."""
    contexts = {**scores.contexts, **of_system(tables, system, sessions)}
    return Scores(contexts, scores.corpus), replace(terms, own={**terms.own, **origins(tables, system)})


def totals(
    tables: Sequence[Outside], system: str, sessions: Sequence[str], resamples: int, seed: int
) -> dict[str, Total]:
    """By metric, the mean of a system's scores over ``sessions`` with its interval, as in ``pwae evaluate``."""
    found, told = of_system(tables, system, sessions), origins(tables, system)
    made = {}
    for metric, values in found.items():
        count = int((~np.isnan(values)).sum())
        bounds = interval(resampled_means(values[:, None], resamples, seed)[:, 0], count)
        signature = sign(metric, {**told[metric], "bs": resamples, "seed": seed})
        made[metric] = Total(float(np.nanmean(values)), bounds.low, bounds.high, count, signature)
    return made


def gaps(tables: Sequence[Outside], system: str, sessions: Sequence[str], shown: str) -> list[str]:
    """A sentence for each metric of a system, called ``shown``, that lacks a score of some ``sessions`` or of all."""
    return lacking(shown, origins(tables, system), of_system(tables, system, sessions), len(sessions))
