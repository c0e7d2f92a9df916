"""Filled sheets and the key -> the human columns of Table 2, agreement of the annotators, tests between systems."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from pwae_core import artifacts, schemas
from pwae_core.artifacts import Artifact, Plan
from pwae_core.config.human_eval import SCORE_DEFAULTS, HumanEvalScoreConfig
from pwae_core.errors import EmptyResultError, InputError
from pwae_core.human_eval.blinding.key import KIND
from pwae_core.human_eval.ratings.arrays import arrange
from pwae_core.human_eval.ratings.cells import is_header
from pwae_core.human_eval.ratings.gathering import Gathered, Returned, gather, returned
from pwae_core.human_eval.ratings.key import Key, KeyItem, read_key
from pwae_core.human_eval.ratings.results import Agreed, Comparison, Mean, agreements, comparisons, means
from pwae_core.human_eval.ratings.returned_files import PassedOver, find, load, read
from pwae_core.human_eval.sheets.sheet import RATED
from pwae_core.metrics.bootstrap import LEVEL, caution
from pwae_core.progress import SILENT, Progress

MOST_TOLD = 200  # problems; a sheet of another key has one in every row


@dataclass(frozen=True)
class HumanEvalScoreReport:
    """``means`` are Table 2's human columns; ``notes`` what a reader of the numbers has to know besides.

    ``passed_over`` are the files that were given, or lie in a folder that was, and are not read.
    """

    out: str | None
    standing: bool
    contexts: int
    systems: list[str]
    annotators: list[int]
    level: float
    sheets: list[Returned]
    passed_over: list[PassedOver]
    means: list[Mean]
    agreement: list[Agreed]
    comparisons: list[Comparison]
    comments: int
    notes: list[str]


@dataclass(frozen=True)
class _Sources:
    files: Mapping[Path, bytes]
    passed_over: list[PassedOver]
    key: Artifact
    plan: Plan


def human_eval_score(
    sheets: Sequence[Path],
    key: Path,
    config: HumanEvalScoreConfig = SCORE_DEFAULTS,
    *,
    out: Path | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> HumanEvalScoreReport:
    """Scores what annotators sent back: files, or folders of them. With ``out`` the unblinded ratings are kept there.

    Cells that are left empty are counted. Everything else that is wrong is said, a line each with sheet, row and
    column, and then InputError is raised; nothing is written. Raises EmptyResultError where nothing was rated.
    """
    sources = _sources(sheets, key, config)
    standing = artifacts.standing(out, sources.plan, force) if out else None
    if standing:
        return _report(dict(standing.facts), sources, out, standing=True)
    key_read = read_key(sources.key)
    gathered = _gather(sources, key_read, progress)
    facts = _facts(key_read.items, gathered, config, progress)
    if out:
        with artifacts.draft(out, sources.plan) as draft:
            for name, table in _tables(key_read.items, gathered, facts).items():
                draft.write(name, table)
            draft.facts = facts
    return _report(facts, sources, out, standing=False)


def _sources(sheets: Sequence[Path], key: Path, config: HumanEvalScoreConfig) -> _Sources:
    whole = artifacts.load(key, KIND)
    found = find(sheets)
    read = {path: load(path) for path in found.files}
    hashed = {path: hashlib.sha256(data).hexdigest() for path, data in read.items()}
    files = {path: read[path] for path in sorted(read, key=lambda path: (path.name, hashed[path]))}
    inputs = {"key": whole.fingerprint} | _judged(whole)
    inputs |= {f"sheets/{number}:{path.name}": hashed[path] for number, path in enumerate(files)}
    return _Sources(files, list(found.passed_over), whole, Plan("human-eval-scores", config.model_dump(), inputs))


def _judged(key: Artifact) -> dict[str, str]:
    """Whose responses the sheets hold, so that scores can be followed to them without the key."""
    inputs: Mapping[str, str] = key.manifest["inputs"]
    return {name: value for name, value in inputs.items() if name.startswith("responses/")}


def _gather(sources: _Sources, key: Key, progress: Progress) -> Gathered:
    with progress.task("Reading sheets", len(sources.files)) as task:
        pages = []
        for path, data in sources.files.items():
            pages.append(read(path, data, is_header))
            task.advance()
    gathered = gather(pages, key)
    problems = gathered.problems
    for problem in problems[:MOST_TOLD]:
        progress.say(problem)
    if problems:
        more = f" (the first {MOST_TOLD} of them)" if len(problems) > MOST_TOLD else ""
        which = "the problem told" if len(problems) == 1 else f"the {len(problems):,} problems told"
        raise InputError(f"The sheets cannot be scored: correct {which} above{more} and run the command again.")
    if not gathered.ratings:
        raise EmptyResultError("No cell of these sheets is rated. Give the files that the annotators filled in.")
    return gathered


def _facts(
    items: Sequence[KeyItem], gathered: Gathered, config: HumanEvalScoreConfig, progress: Progress
) -> dict[str, Any]:
    ratings = arrange(items, gathered.ratings)
    told = returned(gathered, items)
    with progress.task("Scoring", 3) as task:
        made: dict[str, Any] = {}
        for name, compute in (("comparisons", comparisons), ("means", means), ("agreement", agreements)):
            made[name] = [asdict(one) for one in compute(ratings, config)]
            task.advance()
    return {
        "contexts": len(ratings.contexts),
        "systems": list(ratings.systems),
        "annotators": list(ratings.annotators),
        "level": LEVEL,
        "sheets": [asdict(one) | {"files": list(one.files)} for one in told],
        **made,
        "comments": len(gathered.comments),
        "notes": _notes(told, len(ratings.annotators)) + caution(len(ratings.contexts)),
    }


def _notes(told: Sequence[Returned], annotators: int) -> list[str]:
    silent = [str(one.annotator) for one in told if not one.rated]
    unrated = sum(one.unrated for one in told if one.rated)
    cells = sum(one.rated + one.unrated for one in told if one.rated)
    notes = [f"Nothing was rated by annotator {', '.join(silent)}."] if silent else []
    if unrated:
        notes.append(
            f"{unrated:,} of {cells:,} cells are unrated ({unrated / cells:.1%}); the numbers rest on the others."
        )
    if annotators == 1:
        notes.append("One annotator alone: there is no agreement to measure.")
    return notes


def _tables(items: Sequence[KeyItem], gathered: Gathered, facts: dict[str, Any]) -> dict[str, pa.Table]:
    ratings = [
        asdict(item) | {"criterion": name, "rating": gathered.ratings.get((item.item_id, name))}
        for item in items
        for name in RATED
    ]
    comments = [
        {key: value for key, value in asdict(item).items() if key != "showing"}
        | {"comment": gathered.comments[item.item_id]}
        for item in items
        if item.item_id in gathered.comments
    ]
    return {
        "ratings.parquet": pa.Table.from_pylist(ratings, schema=schemas.HUMAN_RATINGS),
        "comments.parquet": pa.Table.from_pylist(comments, schema=schemas.COMMENTS),
        "means.parquet": pa.Table.from_pylist(facts["means"], schema=schemas.HUMAN_MEANS),
        "agreement.parquet": pa.Table.from_pylist(facts["agreement"], schema=schemas.AGREEMENT),
        "comparisons.parquet": pa.Table.from_pylist(facts["comparisons"], schema=schemas.COMPARISONS),
    }


def _report(facts: dict[str, Any], sources: _Sources, out: Path | None, standing: bool) -> HumanEvalScoreReport:
    """From the facts, computed or read back: the same either way."""
    values = facts | {"out": str(out) if out else None, "standing": standing, "passed_over": sources.passed_over}
    return TypeAdapter(HumanEvalScoreReport).validate_python(values)
