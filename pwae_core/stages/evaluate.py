"""``pwae evaluate``: from the responses of systems to the columns of Table 2, with intervals and signatures (4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pwae_core import artifacts
from pwae_core.artifacts import Plan
from pwae_core.config.evaluate import DEFAULTS, EvaluateConfig
from pwae_core.data.comparable import Comparable, gather
from pwae_core.data.external_responses import marks, odd_tokens, pieces
from pwae_core.data.responses import Alignment, Named, ResponseSet, empty_references, same_answer
from pwae_core.data.untrained import Untrained
from pwae_core.errors import ConfigError
from pwae_core.metrics import comparisons, table
from pwae_core.metrics.bootstrap import LEVEL
from pwae_core.metrics.evaluation import EvaluateReport, SystemReport, notes, of_seeds, restored
from pwae_core.metrics.own import Found, lacking, metrics_called
from pwae_core.metrics.table import Scores, Total
from pwae_core.outside_scores import Outside, beside, check, read_outside
from pwae_core.progress import SILENT, Progress
from pwae_core.schemas import DIFFERENCES, SCORES, TOTALS
from pwae_core.scoring import Scored, score_system


def evaluate(
    responses: Sequence[Named],
    config: EvaluateConfig = DEFAULTS,
    *,
    embeddings: Path | None = None,
    corpus: Path | None = None,
    outside: Sequence[Path] = (),
    out: Path | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> EvaluateReport:
    """Scores the systems side by side; the scores of every context are saved at ``out``, if given.

    ``embeddings`` has the word vectors of the BOW metrics, which are left out without it. ``corpus`` has the test
    split, which fills in what external files leave out and against which all are checked. ``outside`` are tables of
    scores from other programs. Raises InputError, ArtifactError or ConfigError for what cannot be compared, before
    anything is written.
    """
    own, tables = metrics_called(config.metrics), [read_outside(path) for path in outside]
    sources = gather(
        responses,
        embeddings=embeddings,
        corpus=corpus,
        tokenizer=config.tokenizer,
        samples=config.samples,
        common=config.common,
    )
    taken = {(system, metric): "a plugin" for system in sources.aligned.answered for metric in config.metrics}
    check(tables, sources.aligned.answered, taken)
    base = _base(sources, config)
    plan = _plan(sources, config.model_copy(update={"base": base}), own, tables)
    standing = artifacts.standing(out, plan, force) if out else None
    if standing:
        return restored(standing.facts, out, standing=True)
    scored = _score(sources, config, own, tables, progress)
    totals = table.totals([one.scores for one in scored], [one.terms for one in scored])
    grouped = _by_system(sources, scored)
    compared = comparisons.compare(grouped, base, config.trials, config.seed) if base is not None else []
    facts = _facts(sources, scored, totals, compared)
    facts["notes"] += comparisons.apart(grouped, base, compared) if base is not None else []
    facts["notes"] += _drawn_differently(sources)
    for one, mine in zip(sources.aligned.sets, scored, strict=True):
        facts["notes"] += lacking(one.system, mine.terms.own, mine.scores.contexts, sources.aligned.contexts)
    if out:
        with artifacts.draft(out, plan) as draft:
            draft.write("scores.parquet", _scores_table(sources.aligned, scored))
            draft.write("totals.parquet", _totals_table(sources.aligned, totals))
            draft.write("differences.parquet", pa.Table.from_pylist(facts["comparisons"], schema=DIFFERENCES))
            draft.facts |= facts
    return restored(facts, out, standing=False)


def _plan(sources: Comparable, config: EvaluateConfig, own: Sequence[Found], tables: Sequence[Outside]) -> Plan:
    tokenizers = {one.system: one.tokenizer for one in sources.aligned.sets}
    inputs = {name: version for one in own for name, version in one.inputs.items()}
    inputs |= {f"outside/{number}:{one.source.name}": one.fingerprint for number, one in enumerate(tables)}
    return Plan("scores", config.model_dump() | {"tokenizer": tokenizers}, sources.inputs | inputs)


def _score(
    sources: Comparable,
    config: EvaluateConfig,
    own: Sequence[Found],
    tables: Sequence[Outside],
    progress: Progress,
) -> list[Scored]:
    sets = sources.aligned.sets
    with progress.task("Scoring", sources.aligned.contexts * len(sets)) as task:
        scored = [score_system(one, sources.embeddings, config, task, own) for one in sets]
    found = zip(sets, scored, strict=True)
    return [Scored(*beside(tables, s.system, s.session_ids, one.scores, one.terms), one.coverage) for s, one in found]


def _base(sources: Comparable, config: EvaluateConfig) -> str | None:
    """The system to compare with, if any. Raises ConfigError if it does not exist, or is the only one."""
    if not config.compare:
        if config.base:
            raise ConfigError("--against needs --compare. Give --compare too.")
        return None
    base = config.base or next(iter(sources.groups))
    if base not in sources.groups:
        raise ConfigError(f"--against {base}: there is no such system. The systems are {', '.join(sources.groups)}.")
    if len(sources.groups) == 1:
        raise ConfigError(f"--compare needs two systems; there is only {base}.")
    return base


def _by_system(sources: Comparable, scored: Sequence[Scored]) -> dict[str, list[Scores]]:
    """The scores of each system's seeds."""
    runs = {one.system: mine.scores for one, mine in zip(sources.aligned.sets, scored, strict=True)}
    return {system: [runs[name] for name in names] for system, names in sources.groups.items()}


def _facts(
    sources: Comparable,
    scored: Sequence[Scored],
    totals: Sequence[Mapping[str, Total]],
    compared: Sequence[comparisons.Comparison],
) -> dict[str, Any]:
    """The report without its place: what the artifact records."""
    aligned = sources.aligned
    systems = [_system(one, mine, total) for one, mine, total in zip(aligned.sets, scored, totals, strict=True)]
    left_out = {name: count for name, count in aligned.left_out.items() if count}
    seeds = [of_seeds(name, [s for s in systems if s.system in names]) for name, names in sources.groups.items()]
    return {
        "contexts": aligned.contexts,
        "level": LEVEL,
        "systems": [asdict(system) for system in systems],
        "seeds": [asdict(one) for one in seeds if len(one.runs) > 1],
        "comparisons": [asdict(one) for one in compared],
        "notes": notes(systems, aligned.contexts, left_out, with_vectors=sources.embeddings is not None)
        + [
            f"{one.system}: {told}"
            for one in aligned.sets
            for told in (_untrained(one), same_answer(one.table), empty_references(one.table), *_tokens_told(one))
            if told
        ],
    }


def _drawn_differently(sources: Comparable) -> list[str]:
    """A note for each system whose seeds differ in weights or decoding, and one if systems differ in weights."""
    own = [one for one in sources.aligned.sets if one.facts is not None]
    configs = {one.system: artifacts.load(one.source, "responses").config for one in own}
    drawn = {name: {"checkpoint": one.get("checkpoint"), **one.get("decoding", {})} for name, one in configs.items()}
    told = []
    for system, members in sources.groups.items():
        seeds = [drawn[name] for name in members if name in drawn]
        differing = [key for key in seeds[0] if any(one.get(key) != seeds[0][key] for one in seeds)] if seeds else []
        if differing:
            names = ", ".join(differing)
            told.append(f"The seeds of {system} also differ in {names}: their mean is of no one setting.")
    weights: dict[str, list[str]] = {}
    for name, one in drawn.items():
        weights.setdefault(str(one["checkpoint"]), []).append(name)
    if len(weights) > 1:
        named = "; ".join(f"{kind}: {', '.join(systems)}" for kind, systems in weights.items())
        told.append(f"The answers are of different checkpoints ({named}).")
    return told


def _tokens_told(one: ResponseSet) -> list[str]:
    """Of our own answers, only what cannot be: a person may write [SEP]."""
    checks = (odd_tokens, pieces, marks) if one.facts is None else (odd_tokens,)
    return [check(one.table) for check in checks]


def _untrained(one: ResponseSet) -> str:
    found = (one.facts or {}).get("untrained")
    return Untrained(**found).told("context") if found else ""


def _system(one: ResponseSet, scored: Scored, total: Mapping[str, Total]) -> SystemReport:
    facts = one.facts or {}
    return SystemReport(
        system=one.system,
        samples=scored.terms.samples,
        references=scored.terms.references,
        tokenizer=one.tokenizer,
        decoding=facts.get("decoding"),
        deterministic=facts.get("deterministic"),
        seed=facts.get("seed"),
        coverage=scored.coverage,
        totals=total,
    )


def _scores_table(aligned: Alignment, scored: Sequence[Scored]) -> pa.Table:
    pieces = [SCORES.empty_table()]
    for one, mine in zip(aligned.sets, scored, strict=True):
        sessions = one.table["session_id"].combine_chunks()
        for metric, values in mine.scores.contexts.items():
            there = ~np.isnan(values)
            kept = sessions.filter(pa.array(there))
            names = [pa.repeat(name, len(kept)) for name in (one.system, metric)]
            pieces.append(pa.table([names[0], kept, names[1], pa.array(values[there])], schema=SCORES))
    return pa.concat_tables(pieces)


def _totals_table(aligned: Alignment, totals: Sequence[Mapping[str, Total]]) -> pa.Table:
    rows = [
        {"system": one.system, "metric": metric} | asdict(total)
        for one, mine in zip(aligned.sets, totals, strict=True)
        for metric, total in mine.items()
    ]
    return pa.Table.from_pylist(rows, schema=TOTALS)
