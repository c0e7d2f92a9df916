"""``pwae experiment``: a plan in, one table of results out. The one place that runs stages after one another.

Under ``out`` every run of the plan has a folder with what the stages make: run, responses, scores. What stands is
skipped and what was cut off is resumed, because the stages do so. A run that fails is told in the table.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core import __version__, artifacts, files
from pwae_core.config.experiment import ExperimentConfig, PlannedRun, planned_runs
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, Interrupted, PwaeError
from pwae_core.metrics.table import METRICS, Total
from pwae_core.models import MODELS
from pwae_core.progress import SILENT, Progress
from pwae_core.schemas import RESULTS
from pwae_core.stages.evaluate import evaluate
from pwae_core.stages.sample import sample_test_split
from pwae_core.stages.train import train

T = TypeVar("T")


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
    """One line of the table: the mean over the seeds that came through, and their standard deviation, if several.

    ``half_widths`` of the 95% intervals over contexts are those of a single seed. ``contexts`` were scored.
    """

    label: str
    seeds: int
    contexts: int
    means: Mapping[str, float]
    deviations: Mapping[str, float]
    half_widths: Mapping[str, float]


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
    plan: ExperimentConfig, out: Path, *, device: str = "auto", force: bool = False, progress: Progress = SILENT
) -> ExperimentReport:
    """Trains, samples and evaluates every run of ``plan`` under ``out``; writes results.md, .json and .parquet there.

    ``force`` makes anew what another plan has made there. Raises ConfigError or ArtifactError for what no run could do
    with and, without ``force``, for what another plan has made; Interrupted; other failures of a run are told in the
    report.
    """
    runs = planned_runs(plan, {name: model.display_name for name, model in MODELS.items()})
    inputs = {"corpus": artifacts.load(plan.corpus, "corpus").fingerprint}
    if plan.embeddings:
        inputs["embeddings"] = artifacts.load(plan.embeddings, "vectors").fingerprint
    if not force:
        for run in runs:
            _refuse_others(plan, run, out / run.folder, inputs)
    results = []
    for number, run in enumerate(runs, 1):
        progress.say(f"run {number} of {len(runs)}: {run.folder}")
        results.append(_result(plan, run, out / run.folder, device, progress, force=force))
        report = _report(plan, out, results)
        _write(report, out)
    return report


def _refuse_others(plan: ExperimentConfig, run: PlannedRun, folder: Path, inputs: Mapping[str, str]) -> None:
    """Raises ArtifactError when what stands of a run, or stands half made, is not what the plan makes."""
    wanted: tuple[tuple[str, dict[str, Any], Mapping[str, str]], ...] = (
        ("run", run.train.model_dump(mode="json"), inputs),
        ("responses", plan.sample.model_dump(mode="json"), {}),
        (
            "scores",
            plan.evaluate.model_dump(mode="json", exclude={"tokenizer"}),
            {},
        ),  # the artifact has each system's own
    )
    for name, config, needed in wanted:
        difference = _difference(folder / name, config, needed)
        if difference:
            raise ArtifactError(
                f"{folder / name} was made by another plan ({difference}). Choose another --out, or --force to make "
                "anew what differs from the plan."
            )


def _difference(folder: Path, config: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """How these settings and inputs of the artifact at ``folder`` are other ones; empty where there is none to read."""
    path = next((folder / name for name in (artifacts.MANIFEST, artifacts.PLAN) if (folder / name).is_file()), None)
    now = {"pwae": __version__, "inputs": dict(inputs), "config": json.loads(files.to_json(dict(config)))}
    try:
        old = json.loads(path.read_bytes()) if path else {}
        known = {name: {key: old[name].get(key) for key in now[name]} for name in ("inputs", "config")}
        then = {"pwae": old["pwae"], **known}
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""  # the stage tells what is wrong with it
    return artifacts.describe_difference(then, now)


def _result(
    plan: ExperimentConfig, run: PlannedRun, folder: Path, device: str, progress: Progress, *, force: bool
) -> RunResult:
    try:
        totals, failure = _totals(plan, run, folder, device, progress, force=force), None
    except Interrupted:
        raise
    except (PwaeError, RuntimeError, MemoryError) as error:
        totals, failure = {}, " ".join(str(error).split()) or type(error).__name__
        progress.say(f"{run.folder} failed: {failure}")
    return RunResult(run.label, run.seed, run.folder, totals, failure)


def _totals(
    plan: ExperimentConfig, run: PlannedRun, folder: Path, device: str, progress: Progress, *, force: bool
) -> Mapping[str, Total]:
    trained, responses = folder / "run", folder / "responses"
    common: dict[str, Any] = {"device": device, "progress": progress}
    _forced(partial(train, plan.corpus, trained, run.train, embeddings=plan.embeddings, **common), force)
    _forced(partial(sample_test_split, trained, responses, plan.sample, corpus=plan.corpus, **common), force)
    named, scores = [Named(responses, run.label)], folder / "scores"
    score = partial(evaluate, named, plan.evaluate, embeddings=plan.embeddings, out=scores, progress=progress)
    scored = _forced(score, force)
    return scored.systems[0].totals


def _forced(stage: Callable[..., T], force: bool) -> T:
    """What the stage makes; where something else stands and ``force`` is given, in its place."""
    try:
        return stage()
    except ArtifactError:
        if not force:
            raise
        return stage(force=True)


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
    contexts = max((total.contexts for one in results for total in one.totals.values()), default=0)
    means = {metric: mean(found) for metric, found in values.items()}
    return Row(label, len(results), contexts, means, deviations, _half_widths(results))


def _half_widths(results: Sequence[RunResult]) -> dict[str, float]:
    totals = results[0].totals if len(results) == 1 else {}
    return {
        metric: (total.high - total.low) / 2
        for metric, total in totals.items()
        if total.low is not None and total.high is not None
    }


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
    lines += ["| " + " | ".join(("System", "seeds", "contexts", *metrics)) + " |", "|" + "---|" * (len(metrics) + 3)]
    for row in report.rows:
        cells = (row.label, str(row.seeds), str(row.contexts), *(_cell(row, metric) for metric in metrics))
        lines.append("| " + " | ".join(cells) + " |")
    failed = [f"- {run.folder} failed: {run.failure}" for run in report.failures]
    signed = [f"- `{signature}`" for signature in report.signatures]
    return "\n".join([*lines, "", *legend(report), "", *failed, *signed]) + "\n"


def _cell(row: Row, metric: str) -> str:
    if metric not in row.means:
        return ""
    spread = f" (σ {row.deviations[metric]:.4f})" if metric in row.deviations else ""
    spread = f" ± {row.half_widths[metric]:.4f}" if metric in row.half_widths else spread
    return f"{row.means[metric]:.4f}{spread}"


def legend(report: ExperimentReport) -> list[str]:
    """What stands beside the values of the report's tables, in a sentence each."""
    told = {
        "A row of several seeds: their mean, and σ, their standard deviation (of the sample, n - 1).": any(
            row.deviations for row in report.rows
        ),
        "±, in a row of one seed: half the width of the 95% bootstrap interval over contexts.": any(
            row.half_widths for row in report.rows
        ),
    }
    return [sentence for sentence, true in told.items() if true]


def _table(report: ExperimentReport) -> pa.Table:
    rows = [
        {"label": run.label, "seed": run.seed, "folder": run.folder, "metric": metric} | asdict(total)
        for run in report.runs
        for metric, total in run.totals.items()
    ]
    return pa.Table.from_pylist(rows, schema=RESULTS)
