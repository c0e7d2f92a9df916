"""What ``pwae evaluate`` reports: systems, seeds, comparisons, and what else a reader of the numbers must know."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwae_core.grammar import counted
from pwae_core.metrics import table
from pwae_core.metrics.bootstrap import caution
from pwae_core.metrics.comparisons import Comparison
from pwae_core.metrics.significance import Spread, spread
from pwae_core.metrics.table import Total

GIVEN = "given"
"""The tokenizer of files that hold token lists."""


@dataclass(frozen=True)
class Coverage:
    """The share of running tokens that have a word vector."""

    responses: float
    references: float


@dataclass(frozen=True)
class SystemReport:
    """One row of the table; ``totals`` in the table's order, without BOW if there were no vectors."""

    system: str
    samples: int
    references: str
    tokenizer: str
    decoding: str | None
    deterministic: bool | None
    seed: int | None
    coverage: Coverage | None
    totals: Mapping[str, Total]


@dataclass(frozen=True)
class SeedsReport:
    """Several seeds of one system: ``runs`` are the rows, ``spread`` their mean and deviation by metric."""

    system: str
    runs: Sequence[str]
    spread: Mapping[str, Spread]


@dataclass(frozen=True)
class EvaluateReport:
    """``notes``: what else a reader of the numbers must know."""

    out: str | None
    standing: bool
    contexts: int
    level: float
    systems: Sequence[SystemReport]
    seeds: Sequence[SeedsReport]
    comparisons: Sequence[Comparison]
    notes: Sequence[str]


def of_seeds(system: str, runs: Sequence[SystemReport]) -> SeedsReport:
    """The spread of ``runs``; empty if there is only one."""
    metrics = [m for m in runs[0].totals if all(m in run.totals for run in runs)] if len(runs) > 1 else []
    return SeedsReport(
        system, [run.system for run in runs], {m: spread([run.totals[m].value for run in runs]) for m in metrics}
    )


def notes(
    systems: Sequence[SystemReport], contexts: int, left_out: Mapping[str, int], *, with_vectors: bool
) -> list[str]:
    """Notes for a reader; ``left_out`` counts the contexts of each system that not all systems answer."""
    told = [] if with_vectors else ["Without --embeddings the BOW metrics are left out."]
    if left_out:
        counts = ", ".join(f"{count:,} of {name}" for name, count in left_out.items())
        told.append(f"Scored: the {counted(contexts, 'context')} that all answer; left out: {counts}.")
    alike = [system for system in systems if _scores_alike(system)]
    samples = {system.samples for system in systems if system not in alike or not system.deterministic}
    if len(samples) > 1:
        numbers = " and ".join(str(number) for number in sorted(samples))
        told.append(
            f"The numbers of samples differ ({numbers}): the best of more samples is better. --first makes them equal."
        )
    tokenizers = {system.tokenizer for system in systems} - {GIVEN}
    if len(tokenizers) > 1:
        told.append(f"The tokenizers differ ({', '.join(sorted(tokenizers))}): different tokens give different scores.")
    if alike:
        names = ", ".join(system.system for system in alike)
        told.append(f"{names}: all answers to a context score the same, so recall, precision and F1 agree.")
    without = {contexts - s.totals[table.EXTREMA].contexts for s in systems if table.EXTREMA in s.totals}
    if any(without):
        told.append(f"No BOW score for {counted(max(without), 'context')}: no reference word has a vector.")
    return told + caution(contexts)


def _scores_alike(system: SystemReport) -> bool:
    """Whether the best sample is no better than the mean: deterministic decoding, or a single sample."""
    return math.isclose(system.totals[table.RECALL].value, system.totals[table.PRECISION].value)


def restored(facts: Mapping[str, Any], out: Path | None, *, standing: bool) -> EvaluateReport:
    """The report of an artifact's ``facts``."""
    return EvaluateReport(
        out=str(out) if out else None,
        standing=standing,
        contexts=facts["contexts"],
        level=facts["level"],
        systems=[_system(**system) for system in facts["systems"]],
        seeds=[_seeds(**seeds) for seeds in facts["seeds"]],
        comparisons=[Comparison(**one) for one in facts["comparisons"]],
        notes=facts["notes"],
    )


def _system(coverage: Mapping[str, Any] | None, totals: Mapping[str, Any], **told: Any) -> SystemReport:
    in_order = {metric: Total(**totals[metric]) for metric in table.in_order(totals)}
    return SystemReport(coverage=Coverage(**coverage) if coverage else None, totals=in_order, **told)


def _seeds(spread: Mapping[str, Any], **told: Any) -> SeedsReport:
    in_order = {metric: Spread(**spread[metric]) for metric in table.in_order(spread)}
    return SeedsReport(spread=in_order, **told)
