"""``pwae experiment``: a plan in, one table of results out. The one place that runs stages after one another.

Under ``out`` every run of the plan has a folder with what the stages make: run, responses, scores. What stands is
skipped and what was cut off is resumed, because the stages do so. A run that fails is told in the table.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core import artifacts, files
from pwae_core.config.experiment import ExperimentConfig, PlannedRun, planned_runs
from pwae_core.data.responses import Named
from pwae_core.errors import Interrupted, PwaeError
from pwae_core.metrics.table import METRICS, Total
from pwae_core.models import MODELS
from pwae_core.progress import SILENT, Progress
from pwae_core.schemas import RESULTS
from pwae_core.stages.evaluate import evaluate
from pwae_core.stages.sample import sample_test_split
from pwae_core.stages.train import train


@dataclass(frozen=True)
class RunResult:
    """One run: its scores by metric, or why there are none."""

    label: str
    seed: int
    folder: str
    totals: Mapping[str, Total]
    failure: str | None


@dataclass(frozen=True)
class Row:
    """One line of the table: the mean over the seeds that came through, and their standard deviation, if several."""

    label: str
    seeds: int
    means: Mapping[str, float]
    deviations: Mapping[str, float]


@dataclass(frozen=True)
class ExperimentReport:
    """All runs, and the table that they make; ``notes`` and signatures say on which terms."""

    out: str
    title: str
    rows: tuple[Row, ...]
    runs: tuple[RunResult, ...]
    signatures: tuple[str, ...]

    @property
    def failures(self) -> list[RunResult]:
        return [run for run in self.runs if run.failure]


def experiment(
    plan: ExperimentConfig, out: Path, *, device: str = "auto", progress: Progress = SILENT
) -> ExperimentReport:
    """Trains, samples and evaluates every run of ``plan`` under ``out``; writes results.md, .json and .parquet there.

    Raises ConfigError or ArtifactError for what no run could do with, Interrupted; other failures of a run are told
    in the report.
    """
    runs = planned_runs(plan, {name: model.display_name for name, model in MODELS.items()})
    artifacts.load(plan.corpus, "corpus")
    if plan.embeddings:
        artifacts.load(plan.embeddings, "vectors")
    results = []
    for number, run in enumerate(runs, 1):
        progress.say(f"run {number} of {len(runs)}: {run.folder}")
        results.append(_result(plan, run, out / run.folder, device, progress))
        report = _report(plan, out, results)
        _write(report, out)
    return report


def _result(plan: ExperimentConfig, run: PlannedRun, folder: Path, device: str, progress: Progress) -> RunResult:
    try:
        totals, failure = _totals(plan, run, folder, device, progress), None
    except Interrupted:
        raise
    except (PwaeError, RuntimeError, MemoryError) as error:
        totals, failure = {}, " ".join(str(error).split()) or type(error).__name__
        progress.say(f"{run.folder} failed: {failure}")
    return RunResult(run.label, run.seed, run.folder, totals, failure)


def _totals(
    plan: ExperimentConfig, run: PlannedRun, folder: Path, device: str, progress: Progress
) -> Mapping[str, Total]:
    train(plan.corpus, folder / "run", run.train, embeddings=plan.embeddings, device=device, progress=progress)
    responses = folder / "responses"
    sample_test_split(folder / "run", responses, plan.sample, corpus=plan.corpus, device=device, progress=progress)
    scored = evaluate(
        [Named(responses, run.label)],
        plan.evaluate,
        embeddings=plan.embeddings,
        out=folder / "scores",
        progress=progress,
    )
    return scored.systems[0].totals


def _report(plan: ExperimentConfig, out: Path, results: Sequence[RunResult]) -> ExperimentReport:
    labels = dict.fromkeys(result.label for result in results)
    rows = tuple(_row(label, [one for one in results if one.label == label and one.totals]) for label in labels)
    signatures = dict.fromkeys(total.signature for result in results for total in result.totals.values())
    return ExperimentReport(str(out), plan.title, rows, tuple(results), tuple(signatures))


def _row(label: str, results: Sequence[RunResult]) -> Row:
    values = {
        metric: [one.totals[metric].value for one in results if metric in one.totals]
        for metric in METRICS
        if any(metric in one.totals for one in results)
    }
    deviations = {metric: stdev(found) for metric, found in values.items() if len(found) > 1}
    return Row(label, len(results), {metric: mean(found) for metric, found in values.items()}, deviations)


def cell(row: Row, metric: str) -> str:
    """A metric of a row as the tables show it: the mean, and the deviation over seeds where there are several."""
    if metric not in row.means:
        return ""
    spread = f" ± {row.deviations[metric]:.4f}" if metric in row.deviations else ""
    return f"{row.means[metric]:.4f}{spread}"


def columns(report: ExperimentReport) -> list[str]:
    """The metrics that any row has, in the table's order."""
    return [metric for metric in METRICS if any(metric in row.means for row in report.rows)]


def _write(report: ExperimentReport, out: Path) -> None:
    with files.storage_errors(out):
        files.write_bytes(out / "results.json", files.to_json(asdict(report)))
        files.write_bytes(out / "results.md", _markdown(report).encode())
        raw = io.BytesIO()
        pq.write_table(_table(report), raw)
        files.write_bytes(out / "results.parquet", raw.getvalue())


def _markdown(report: ExperimentReport) -> str:
    metrics = columns(report)
    lines = [f"# {report.title}", ""]
    lines += ["| " + " | ".join(("System", "seeds", *metrics)) + " |", "|" + "---|" * (len(metrics) + 2)]
    for row in report.rows:
        lines.append("| " + " | ".join((row.label, str(row.seeds), *(cell(row, metric) for metric in metrics))) + " |")
    failed = [f"- {run.folder} failed: {run.failure}" for run in report.failures]
    signed = [f"- `{signature}`" for signature in report.signatures]
    return "\n".join([*lines, "", *failed, *signed]) + "\n"


def _table(report: ExperimentReport) -> pa.Table:
    rows = [
        {"label": run.label, "seed": run.seed, "folder": run.folder, "metric": metric} | asdict(total)
        for run in report.runs
        for metric, total in run.totals.items()
    ]
    return pa.Table.from_pylist(rows, schema=RESULTS)
