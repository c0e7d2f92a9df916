"""``pwae experiment``: from a plan to one table of results. Only this place runs several stages in a row.

Under ``out``, every run of the plan has a folder for what its stages make: run, responses, scores. The stages skip what
exists and resume what was cut off. A run that fails is reported in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pwae_core import plugins
from pwae_core.artifacts import Plan, load
from pwae_core.artifacts.staging import staging
from pwae_core.config.experiment import ExperimentConfig, PlannedRun
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, Interrupted
from pwae_core.experiment.checks import check, failure_told, refuse_other_plans, runs_of
from pwae_core.experiment.results import ExperimentReport, RunResult, refuse_others, report_of, write
from pwae_core.experiment.side_by_side import Do, Results, side_by_side
from pwae_core.models import system_of
from pwae_core.progress import SILENT, Progress
from pwae_core.stages.diagnose import diagnose
from pwae_core.stages.evaluate import evaluate
from pwae_core.stages.persona_scores import persona_scores
from pwae_core.stages.sample import sample_test_split
from pwae_core.stages.train import train

T = TypeVar("T")


def experiment(
    plan: ExperimentConfig,
    out: Path,
    *,
    device: str = "auto",
    jobs: int = 1,
    force: bool = False,
    progress: Progress = SILENT,
) -> ExperimentReport:
    """Trains, samples and evaluates every run of ``plan`` under ``out``; writes results.md, .json and .parquet there.

    With several ``jobs``, that many runs are made at a time, each in a process of its own. ``force`` makes again what
    another plan made there. Before the first run, it raises what ``check`` raises, and ArtifactError for result files
    that no experiment wrote and, without ``force``, for parts that another plan made. The report lists runs that fail
    later; of their errors, only Interrupted is raised.
    """
    runs = runs_of(plan)
    refuse_others(out)
    inputs = check(plan, runs, device)
    if not force:
        refuse_other_plans(plan, runs, out, inputs)
    do = partial(_result, plan, out, device, force)
    results: dict[int, RunResult] = {}
    with staging((out / "results").resolve(), Plan("results", {}, {}), ()) as alone:
        made = side_by_side(runs, do, jobs, progress) if jobs > 1 else _in_turn(runs, do, progress)
        with closing(made):
            for place, result in made:
                results[place] = result
                report = report_of(plan, out, [results[done] for done in sorted(results)])
                write(report, out)
        alone.clear()
    return report


def _in_turn(runs: Sequence[PlannedRun], do: Do, progress: Progress) -> Results:
    for place, run in enumerate(runs):
        progress.say(f"run {place + 1} of {len(runs)}: {run.folder}")
        yield place, do(run, progress)


def _result(
    plan: ExperimentConfig, out: Path, device: str, force: bool, run: PlannedRun, progress: Progress
) -> RunResult:
    folder = out / run.folder
    try:
        return _measured(plan, run, folder, device, progress, force=force)
    except Interrupted:
        raise
    except (Exception, SystemExit) as error:
        known = plugins.known(error)
        if known is None and not isinstance(error, RuntimeError):
            raise
        message = " ".join(str(known or error).split()) or type(error).__name__
        failure = failure_told(message, out)
        progress.say(f"{run.folder} failed: {failure}")
        return RunResult(run.label, run.seed, run.folder, {}, failure)


def _measured(
    plan: ExperimentConfig, run: PlannedRun, folder: Path, device: str, progress: Progress, *, force: bool
) -> RunResult:
    trained, responses = folder / "run", folder / "responses"
    common: dict[str, Any] = {"device": device, "progress": progress}
    learn = partial(train, plan.corpus, trained, run.train, embeddings=plan.embeddings, **common)
    answer = partial(sample_test_split, trained, responses, plan.sample, corpus=plan.corpus, **common)
    learned = _forced(learn, force)
    try:
        answered = _forced(answer, force)
    except ArtifactError:
        if not force or _is_whole(trained):
            raise
        learned, answered = learn(force=True), _forced(answer, force)
    named, scores = [Named(responses, run.label)], folder / "scores"
    score = partial(evaluate, named, plan.evaluate, embeddings=plan.embeddings, out=scores, progress=progress)
    totals = dict(_forced(score, force).systems[0].totals)
    if plan.persona_scores:
        out = folder / "persona-scores"
        judge = partial(persona_scores, named, plan.corpus, plan.persona_scores, runs=[trained], out=out, **common)
        judged = _forced(judge, force)
        for row in (judged.answers[-1], *judged.runs):  # the first of the answers are the real ones
            totals |= row.totals
    if plan.diagnose and system_of(run.train.model.name).latent:
        out = folder / "diagnosis"
        look = partial(diagnose, trained, plan.diagnose, corpus=plan.corpus, out=out, **common)
        totals |= _forced(look, force).totals(plan.diagnose)
    return RunResult(run.label, run.seed, run.folder, totals, None, (*learned.warnings, *answered.notes))


def _forced(stage: Callable[..., T], force: bool) -> T:
    """What the stage makes. ``force`` lets it replace something else that is there."""
    try:
        return stage()
    except ArtifactError:
        if not force:
            raise
        return stage(force=True)


def _is_whole(trained: Path) -> bool:
    """Whether all files of a run are as they were written."""
    try:
        run = load(trained, "run")
        for name in run.manifest["files"]:
            run.path(name)
    except ArtifactError:
        return False
    return True
