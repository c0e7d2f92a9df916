"""``pwae human-eval-score``: from filled sheets and the key to the human columns of Table 2, agreement and tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from pwae_core import artifacts, inputs, schemas
from pwae_core.artifacts import Artifact, Plan
from pwae_core.config.human_eval import SCORE_DEFAULTS, HumanEvalScoreConfig
from pwae_core.errors import ConfigError, EmptyResultError, InputError
from pwae_core.human_eval.blinding.codes import found_in
from pwae_core.human_eval.blinding.key import CODES, KIND
from pwae_core.human_eval.ratings.arrays import Ratings, arrange
from pwae_core.human_eval.ratings.attention import Attention, attention, judged
from pwae_core.human_eval.ratings.attention import notes as attention_notes
from pwae_core.human_eval.ratings.cells import is_header
from pwae_core.human_eval.ratings.completion import Verified, codes_of, verify
from pwae_core.human_eval.ratings.gathering import Gathered, Returned, gather, returned
from pwae_core.human_eval.ratings.key import Key, KeyItem, read_key
from pwae_core.human_eval.ratings.preferences import Preference, arrange_pairs, preferences, systems_of
from pwae_core.human_eval.ratings.results import EVERYBODY, Agreed, Comparison, Mean, agreements, comparisons, means
from pwae_core.human_eval.ratings.returned_files import PassedOver, find, load, read
from pwae_core.metrics.bootstrap import LEVEL, caution
from pwae_core.progress import SILENT, Progress

SCORES = {"ratings": "human-eval-scores", "pairs": "human-eval-preferences"}
MOST_TOLD = 200  # problems; a sheet of another key has one in every row


@dataclass(frozen=True)
class HumanEvalScoreReport:
    """``means`` are the human columns of Table 2, or ``preferences`` if pairs were judged. ``notes`` say what else a
    reader of the numbers must know. ``codes`` are the completion codes that were submitted.

    ``passed_over``: files that were given, directly or in a folder, but not read. ``unread``: the places of words that
    are not kept, because they are in no column that is read, or beside no item.
    """

    out: str | None
    standing: bool
    mode: str
    contexts: int
    systems: list[str]
    annotators: list[int]
    level: float
    sheets: list[Returned]
    attention: list[Attention]
    codes: list[Verified]
    passed_over: list[PassedOver]
    means: list[Mean]
    agreement: list[Agreed]
    comparisons: list[Comparison]
    preferences: list[Preference]
    comments: int
    notes: list[str]
    unread: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Sources:
    files: Mapping[Path, bytes]
    passed_over: list[PassedOver]
    key: Artifact
    codes: list[str]
    plan: Plan


def human_eval_score(
    sheets: Sequence[Path],
    key: Path,
    config: HumanEvalScoreConfig = SCORE_DEFAULTS,
    *,
    codes: Path | None = None,
    out: Path | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> HumanEvalScoreReport:
    """Scores what annotators sent back: files, or folders of them. The unblinded ratings are saved at ``out``, if
    given.

    ``codes`` is a text file that contains the completion codes that were submitted, among anything else. Empty cells
    are counted. Everything else that is wrong is reported in one line each, with sheet, row and column; then InputError
    is raised, and nothing is written. Raises EmptyResultError if nothing was rated.
    """
    sources = _sources(sheets, key, config, codes)
    standing = artifacts.standing(out, sources.plan, force) if out else None
    if standing:
        return _report(dict(standing.facts), sources, out, standing=True)
    key_read = read_key(sources.key)
    gathered = _gather(sources, key_read, progress)
    found = attention(key_read.items, gathered, config.check_threshold)
    items = judged(key_read.items, found, config.exclude_inattentive)
    facts = _facts(key_read, items, found, gathered, sources.codes, config, progress)
    if out:
        tables = _choice_tables if key_read.form.mode == "pairs" else _tables
        with artifacts.draft(out, sources.plan) as draft:
            for name, table in tables(items, key_read, gathered, facts).items():
                draft.write(name, table)
            draft.facts = facts
    return _report(facts, sources, out, standing=False)


def _sources(sheets: Sequence[Path], key: Path, config: HumanEvalScoreConfig, codes: Path | None) -> _Sources:
    whole = artifacts.load(key, KIND)
    _check_effect(whole.config, config)
    if codes and not whole.config.get(CODES):
        raise ConfigError("codes: the pages of this export show none. Leave it out.")
    handed_in = inputs.text(codes) if codes else ""
    if codes and not found_in(handed_in):
        raise InputError(
            f"{codes} has no completion code. Give the file with what annotators submitted, or leave --codes out."
        )
    found = find(sheets)
    read = {path: load(path) for path in found.files}
    hashed = {path: hashlib.sha256(data).hexdigest() for path, data in read.items()}
    files = {path: read[path] for path in sorted(read, key=lambda path: (path.name, hashed[path]))}
    used = {"key": whole.fingerprint} | _judged(whole)
    used |= {f"sheets/{number}:{path.name}": hashed[path] for number, path in enumerate(files)}
    used |= {"codes": hashlib.sha256(handed_in.encode()).hexdigest()} if codes else {}
    plan = Plan(SCORES[whole.config.get("mode", "ratings")], config.model_dump(), used)
    return _Sources(files, list(found.passed_over), whole, found_in(handed_in), plan)


def _check_effect(exported: Mapping[str, Any], config: HumanEvalScoreConfig) -> None:
    """Raises ConfigError for a setting that has no effect on the sheets of such an export."""
    changed = [name for name, value in config if value != getattr(SCORE_DEFAULTS, name)]
    if "permutations" in changed and exported.get("mode") == "pairs":
        raise ConfigError("permutations: has no effect on choices: their test is the sign test. Leave it out.")
    idle = [name for name in ("check_threshold", "exclude_inattentive") if name in changed]
    if idle and not exported.get("checks"):
        raise ConfigError(f"{idle[0]}: has no effect on sheets without attention checks. Leave it out.")


def _judged(key: Artifact) -> dict[str, str]:
    """The inputs that say whose responses were judged, so scores can be traced to them without the key."""
    used: Mapping[str, str] = key.manifest["inputs"]
    return {name: value for name, value in used.items() if name.startswith("responses/")}


def _gather(sources: _Sources, key: Key, progress: Progress) -> Gathered:
    with progress.task("Reading sheets", len(sources.files)) as task:
        pages = []
        for path, data in sources.files.items():
            pages.append(read(path, data, lambda row: is_header(row, key.form)))
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
    key: Key,
    items: Sequence[KeyItem],
    found: Sequence[Attention],
    gathered: Gathered,
    handed_in: Sequence[str],
    config: HumanEvalScoreConfig,
    progress: Progress,
) -> dict[str, Any]:
    pairs = key.form.mode == "pairs"
    ratings = (arrange_pairs if pairs else arrange)(items, gathered.ratings, key.form.criteria)
    if not ratings.annotators:
        raise EmptyResultError(
            "None of the annotators who rated anything passed the attention checks: nothing is left to score."
        )
    codes = codes_of(key, gathered)
    told = returned(gathered, key.items, key.form.rated, codes)
    results = _results(ratings, pairs, config, progress)
    return {
        "mode": key.form.mode,
        "contexts": ratings.rated,
        "systems": systems_of(ratings) if pairs else list(ratings.systems),
        "annotators": list(ratings.annotators),
        "level": LEVEL,
        "sheets": [asdict(one) | {"files": list(one.files)} for one in told],
        "attention": [asdict(one) for one in found],
        "codes": [asdict(one) for one in verify(handed_in, key, codes)],
        **results,
        "comments": len(gathered.comments),
        "unread": gathered.unread,
        "notes": [
            *attention_notes(found, config),
            *_notes(told, items, gathered, ratings),
            *_of_few(results["agreement"]),
            *caution(ratings.rated),
        ],
    }


def _results(ratings: Ratings, pairs: bool, config: HumanEvalScoreConfig, progress: Progress) -> dict[str, Any]:
    wanted: dict[str, Callable[[Ratings, HumanEvalScoreConfig], Sequence[Any]]]
    wanted = {"preferences": preferences} if pairs else {"comparisons": comparisons, "means": means}
    made: dict[str, list[dict[str, Any]]] = {"means": [], "comparisons": [], "preferences": []}
    with progress.task("Scoring", len(wanted) + 1) as task:
        for name, compute in (wanted | {"agreement": agreements}).items():
            made[name] = [asdict(one) for one in compute(ratings, config)]
            task.advance()
    return made


def _notes(told: Sequence[Returned], items: Sequence[KeyItem], gathered: Gathered, ratings: Ratings) -> list[str]:
    """``items`` are those that the numbers are computed from."""
    silent = {one.annotator for one in told if not one.rated}
    notes = [f"Nothing was rated by annotator {', '.join(map(str, sorted(silent)))}."] if silent else []
    asked = [(one.item_id, each.name) for one in items if one.annotator not in silent for each in ratings.criteria]
    unrated = sum(cell not in gathered.ratings for cell in asked)
    if unrated:
        notes.append(
            f"{unrated:,} of {len(asked):,} cells are unrated ({unrated / len(asked):.1%}); the numbers are computed "
            "from the others."
        )
    if len(ratings.annotators) == 1:
        notes.append("There is only one annotator, so there is no agreement to measure.")
    return notes


def _of_few(agreement: Sequence[Mapping[str, Any]]) -> list[str]:
    """A note if Fleiss' kappa, which takes the items with the most ratings, leaves out some that the others take."""
    items: dict[str, dict[str, int]] = {}
    for one in agreement:
        if one["between"] == EVERYBODY:
            items.setdefault(one["criterion"], {})[one["statistic"]] = one["items"]
    few = [
        f"{own['fleiss_kappa']:,} of {own['raw_agreement']:,} in {criterion}"
        for criterion, own in items.items()
        if own["fleiss_kappa"] < own["raw_agreement"]
    ]
    return [f"Fleiss' kappa is of the items with the most ratings alone: {', '.join(few)}."] if few else []


def _tables(items: Sequence[KeyItem], key: Key, gathered: Gathered, facts: dict[str, Any]) -> dict[str, pa.Table]:
    ratings = [
        _named(item, system=item.system, showing=item.showing)
        | {"criterion": name, "rating": gathered.ratings.get((item.item_id, name))}
        for item in items
        for name in key.form.rated
    ]
    comments = [
        _named(item, system=item.system) | {"comment": gathered.comments[item.item_id]}
        for item in key.items
        if item.item_id in gathered.comments
    ]
    return {
        "ratings.parquet": pa.Table.from_pylist(ratings, schema=schemas.HUMAN_RATINGS),
        "comments.parquet": pa.Table.from_pylist(comments, schema=schemas.COMMENTS),
        "means.parquet": pa.Table.from_pylist(facts["means"], schema=schemas.HUMAN_MEANS),
        "agreement.parquet": pa.Table.from_pylist(facts["agreement"], schema=schemas.AGREEMENT),
        "comparisons.parquet": pa.Table.from_pylist(facts["comparisons"], schema=schemas.COMPARISONS),
    }


def _choice_tables(
    items: Sequence[KeyItem], key: Key, gathered: Gathered, facts: dict[str, Any]
) -> dict[str, pa.Table]:
    choices = [
        _named(item, first=item.system, second=item.other, showing=item.showing)
        | {"criterion": name, "choice": gathered.ratings.get((item.item_id, name))}
        for item in items
        for name in key.form.rated
    ]
    comments = [
        _named(item, first=item.system, second=item.other) | {"comment": gathered.comments[item.item_id]}
        for item in key.items
        if item.item_id in gathered.comments
    ]
    return {
        "choices.parquet": pa.Table.from_pylist(choices, schema=schemas.CHOICES),
        "comments.parquet": pa.Table.from_pylist(comments, schema=schemas.PAIR_COMMENTS),
        "preferences.parquet": pa.Table.from_pylist(facts["preferences"], schema=schemas.PREFERENCES),
        "agreement.parquet": pa.Table.from_pylist(facts["agreement"], schema=schemas.AGREEMENT),
    }


def _named(item: KeyItem, **what: object) -> dict[str, object]:
    return {"annotator": item.annotator, "item_id": item.item_id, "session_id": item.session_id, **what}


def _report(facts: dict[str, Any], sources: _Sources, out: Path | None, standing: bool) -> HumanEvalScoreReport:
    """The report from its facts, which may be new or read back; the result is the same."""
    values = facts | {"out": str(out) if out else None, "standing": standing, "passed_over": sources.passed_over}
    return TypeAdapter(HumanEvalScoreReport).validate_python(values)
