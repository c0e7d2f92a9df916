"""``pwae experiment``"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Device, Json
from pwae_cli.scores import OF_EXPERIMENTS, OWN, number, own, shown
from pwae_core.config.experiment import read_plan
from pwae_core.grammar import counted

if TYPE_CHECKING:
    from pwae_core.experiment import ExperimentReport, Row
    from pwae_core.experiment.preview import Planned, Preview


def command(
    plan: Annotated[Path, typer.Argument(help="TOML file of the plan, or one that 'pwae plans' lists.")],
    out: Annotated[
        Path,
        typer.Option("--out", help="Folder for all runs and the table. Run the same command again to complete it."),
    ],
    corpus: Annotated[
        Path | None, typer.Option(help="Folder written by 'pwae preprocess', instead of the plan's.")
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(help="Folder written by 'pwae embed-words', instead of the plan's.")
    ] = None,
    device: Device = "auto",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Runs made at a time, each in a process of its own.")] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Make a run at --out again if a different plan made it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what exists and what would be trained; write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train, sample and evaluate everything in a plan.

    The results go into one table. Run the command again to continue.
    """
    config = read_plan(plan, {"corpus": corpus, "embeddings": embeddings})

    from dataclasses import asdict

    from pwae_core.experiment import experiment, preview

    if dry_run:
        seen = preview(config, out, device=device, force=force)
        console.print_json(asdict(seen)) if as_json else _print_preview(seen)
        return
    report = experiment(config, out, device=device, jobs=jobs, force=force, progress=console.progress())
    if as_json:
        console.print_json(asdict(report))
    else:
        _print(report)
    if report.failures:
        names = ", ".join(run.folder for run in report.failures)
        console.error(f"{len(report.failures)} of {len(report.runs)} runs failed ({names}); {out}/results.md says why.")
        raise typer.Exit(1)


def _print(report: ExperimentReport) -> None:
    from pwae_core.experiment import columns, legend, remarks
    from pwae_core.experiment.results import METRICS

    console.print_line(f"{report.title}: {report.out}/results.md")
    there = columns(report)
    for title, headings in {**OF_EXPERIMENTS, OWN: own(there, METRICS)}.items():
        metrics = shown(headings, there)
        rows = [(_system(row, metrics), *(_cell(row, metric) for metric in metrics)) for row in report.rows]
        if metrics:
            console.print_table(title, ("System", *metrics.values()), rows)
    for sentence in (*legend(report), *remarks(report)):
        console.print_line(sentence)


def _print_preview(seen: Preview) -> None:
    rows = [(run.folder, ", ".join(run.exists) or "nothing", *_training(run)) for run in seen.runs]
    console.print_table(f"{seen.title}: {seen.out}", ("run", "exists", "training", "time"), rows, numbers_from=3)
    for place in (f"{run.folder}/{part}" for run in seen.runs for part in run.in_the_way):
        console.print_line(f"{place} is damaged, or was not made by pwae: the run would fail. Move it away first.")
    left = sum(not run.trained for run in seen.runs)
    time = "for an unknown time" if seen.seconds is None else f"for about {console.duration(seen.seconds)}"
    console.print_line(f"{left} of {counted(len(seen.runs), 'run')} would be trained{f', {time}' if left else ''}.")


def _training(run: Planned) -> tuple[str, str]:
    """What happens to a run's training, and how long it takes or took."""
    begun = f"continues after iteration {run.begun:,}" if run.begun else "to be done"
    time = "unknown" if run.seconds is None else console.duration(run.seconds)
    return ("done", time) if run.trained else (begun, time if run.seconds is None else f"about {time}")


def _system(row: Row, metrics: Iterable[str]) -> str:
    from pwae_core.experiment import contexts_of

    contexts = contexts_of(row, metrics)
    return f"{row.label}\n{counted(row.seeds, 'seed')},\n{contexts} {'context' if contexts == '1' else 'contexts'}"


def _cell(row: Row, metric: str) -> str:
    if metric not in row.means:
        return ""
    value = number(metric, row.means[metric])
    if metric in row.deviations:
        return f"{value}\nσ{number(metric, row.deviations[metric])}"
    return f"{value}\n±{number(metric, row.half_widths[metric])}" if metric in row.half_widths else value
