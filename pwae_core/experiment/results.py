"""The results of an experiment: its runs, their table, and the three files that hold it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core import files
from pwae_core.artifacts.marks import UNSEALED, is_sealed_table, is_sealed_text, seal_table, seal_text
from pwae_core.artifacts.notes import manifest_of, plan_of
from pwae_core.artifacts.staging import put
from pwae_core.config.experiment import ExperimentConfig
from pwae_core.errors import ArtifactError
from pwae_core.metrics import latent, persona, table
from pwae_core.metrics.bootstrap import ENOUGH, caution
from pwae_core.metrics.table import Total, in_order
from pwae_core.schemas import RESULTS
from pwae_core.text.markdown import as_code, as_markdown

MARK = "pwae experiment"
TABLES = (table.METRICS, persona.METRICS, latent.METRICS)
METRICS = tuple(metric for metrics in TABLES for metric in metrics)


@dataclass(frozen=True)
class RunResult:
    """One run: its scores by metric, or the reason why there are none. ``remarks``: the warnings of its training and of
    its answers.
    """

    label: str
    seed: int
    folder: str
    totals: Mapping[str, Total]
    failure: str | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the table: means over the seeds that succeeded, with their standard deviations if there are several.

    A single seed has ``half_widths`` of its 95% intervals over contexts instead. ``contexts`` counts those scored,
    ``counts`` those that each metric is of.
    """

    label: str
    seeds: int
    contexts: int
    means: Mapping[str, float]
    deviations: Mapping[str, float]
    half_widths: Mapping[str, float]
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentReport:
    """All runs and their table. ``signatures`` say how the numbers were computed."""

    out: str
    title: str
    rows: tuple[Row, ...]
    runs: tuple[RunResult, ...]
    signatures: tuple[str, ...]

    @property
    def failures(self) -> list[RunResult]:
        return [run for run in self.runs if run.failure]


def report_of(plan: ExperimentConfig, out: Path, results: Sequence[RunResult]) -> ExperimentReport:
    """The report on the runs so far: one row per label, over the seeds that have scores."""
    labels = dict.fromkeys(result.label for result in results)
    rows = tuple(_row(label, [one for one in results if one.label == label and one.totals]) for label in labels)
    signatures = dict.fromkeys(total.signature for result in results for total in result.totals.values())
    return ExperimentReport(str(out), plan.title, rows, tuple(results), tuple(signatures))


def _row(label: str, results: Sequence[RunResult]) -> Row:
    values = {
        metric: [one.totals[metric].value for one in results if metric in one.totals]
        for metric in in_order((name for one in results for name in one.totals), METRICS)
    }
    deviations = {metric: stdev(found) for metric, found in values.items() if len(found) > 1}
    contexts = max((one.totals[table.LENGTH].contexts for one in results), default=0)
    means = {metric: mean(found) for metric, found in values.items()}
    counts = {name: max(one.totals[name].contexts for one in results if name in one.totals) for name in means}
    return Row(label, len(results), contexts, means, deviations, _half_widths(results), counts)


def _half_widths(results: Sequence[RunResult]) -> dict[str, float]:
    totals = results[0].totals if len(results) == 1 else {}
    return {
        metric: (total.high - total.low) / 2
        for metric, total in totals.items()
        if total.low is not None and total.high is not None
    }


def remarks(report: ExperimentReport) -> list[str]:
    """What is remarked on the runs, each remark once, with the runs that it is about."""
    about: dict[str, list[str]] = {}
    for run in report.runs:
        for remark in run.remarks:
            about.setdefault(remark, []).append(run.folder)
    return [f"{', '.join(folders)}: {remark}" for remark, folders in about.items()]


def contexts_of(row: Row, metrics: Iterable[str]) -> str:
    """How many contexts the ``metrics`` of a row are of: ``500``, or ``200 to 500``."""
    found = {row.counts.get(metric, row.contexts) for metric in metrics if metric in row.means} or {0}
    return " to ".join(f"{number:,}" for number in sorted({min(found), max(found)}))


def columns(report: ExperimentReport) -> list[str]:
    """The metrics that any row has, in the table's order."""
    return in_order((metric for row in report.rows for metric in row.means), METRICS)


def refuse_others(out: Path) -> None:
    """Raises ArtifactError if ``out`` is no folder, or an artifact, or has results that are foreign or were changed."""
    if out.exists() and not out.is_dir():
        raise ArtifactError(f"{out} is not a folder. Choose another --out.")
    if note := manifest_of(out) or plan_of(out):
        raise ArtifactError(f"{out} holds {note.kind} (of 'pwae {note.stage}'). Choose another --out.")
    for name, is_ours in WRITTEN.items():
        path = out / name
        if path.exists() and not is_ours(path.resolve()):
            raise ArtifactError(
                f"{path} exists and was not made by 'pwae experiment', or was changed since. Move it away."
            )


def write(report: ExperimentReport, out: Path) -> None:
    """Writes results.json, .md and .parquet. None of them contains a path on this machine."""
    told = {key: value for key, value in asdict(report).items() if key != "out"}
    raw = io.BytesIO()
    pq.write_table(seal_table(_table(report)), raw)
    contents = (files.sealed(told), seal_text(_markdown(report).encode("utf-8", "replace")), raw.getvalue())
    for (name, is_ours), content in zip(WRITTEN.items(), contents, strict=True):
        put(out / name, content, is_ours)


def _is_sealed_json(path: Path) -> bool:
    content = files.unsealed(path.read_bytes()) if files.is_regular(path) else None
    return content is not None and {"rows", "runs"} <= content.keys()


WRITTEN = {
    "results.json": _is_sealed_json,
    "results.md": lambda path: is_sealed_text(path, MARK),
    "results.parquet": is_sealed_table,
}


def _markdown(report: ExperimentReport) -> str:
    lines = [f"<!-- {MARK} {UNSEALED} -->", "", f"# {as_markdown(report.title)}", ""]
    there = columns(report)
    for metrics in (*TABLES, [metric for metric in there if metric not in METRICS]):
        shown = [metric for metric in metrics if metric in there]
        if shown or metrics is table.METRICS:
            lines += [*_markdown_table(report, shown), ""]
    failed = [f"- {as_markdown(f'{run.folder} failed: {run.failure}')}" for run in report.failures]
    remarked = [f"- {as_markdown(remark)}" for remark in remarks(report)]
    signed = [f"- {as_code(signature)}" for signature in report.signatures]
    return "\n".join([*lines, *legend(report), "", *failed, *remarked, *signed]) + "\n"


def _markdown_table(report: ExperimentReport, metrics: Sequence[str]) -> list[str]:
    lines = ["| " + " | ".join(("System", "seeds", "contexts", *metrics)) + " |", "|" + "---|" * (len(metrics) + 3)]
    for row in report.rows:
        known = as_markdown(row.label), str(row.seeds), contexts_of(row, metrics)
        lines.append("| " + " | ".join((*known, *(_cell(row, metric) for metric in metrics))) + " |")
    return lines


def _cell(row: Row, metric: str) -> str:
    if metric not in row.means:
        return ""
    spread = f" (σ {row.deviations[metric]:.4f})" if metric in row.deviations else ""
    spread = f" ± {row.half_widths[metric]:.4f}" if metric in row.half_widths else spread
    return f"{row.means[metric]:.4f}{spread}"


def legend(report: ExperimentReport) -> list[str]:
    """What accompanies the values in the report's tables, one sentence each."""
    told = {
        "A row of several seeds: their mean, and σ, their standard deviation (of the sample, n - 1).": any(
            row.deviations for row in report.rows
        ),
        "±, in a row of one seed: half the width of the 95% bootstrap interval over contexts.": any(
            row.half_widths for row in report.rows
        ),
    }
    counts = [
        row.counts.get(metric, row.contexts)
        for row in report.rows
        for metric in row.means
        if metric not in latent.METRICS  # which have no interval anyway
    ]
    return [sentence for sentence, true in told.items() if true] + caution(min(counts, default=ENOUGH))


def _table(report: ExperimentReport) -> pa.Table:
    rows = [
        {"label": run.label, "seed": run.seed, "folder": run.folder, "metric": metric} | asdict(total)
        for run in report.runs
        for metric, total in run.totals.items()
    ]
    return pa.Table.from_pylist(rows, schema=RESULTS)
