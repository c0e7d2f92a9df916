"""``pwae experiment``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Json
from pwae_core.config.experiment import read_plan


def command(
    plan: Annotated[Path, typer.Argument(help="TOML file of the plan; see examples/plans.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of all runs and of the table. Run again to complete it.")],
    corpus: Annotated[Path | None, typer.Option(help="Folder of 'pwae preprocess', instead of the plan's.")] = None,
    embeddings: Annotated[
        Path | None, typer.Option(help="Folder of 'pwae embed-words', instead of the plan's.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Make anew what another plan has made at --out.")] = False,
    as_json: Json = False,
) -> None:
    """Train, sample and evaluate everything that a plan names, into one table of results."""
    config = read_plan(plan, {"corpus": corpus, "embeddings": embeddings})

    from dataclasses import asdict

    from pwae_core.experiment import cell, columns, experiment

    report = experiment(config, out, device=device, force=force, progress=console.progress())
    if as_json:
        console.print_json(asdict(report))
    else:
        metrics = columns(report)
        rows = [(row.label, row.seeds, *(cell(row, metric) for metric in metrics)) for row in report.rows]
        console.print_table(f"{report.title}: {out}/results.md", ("System", "seeds", *metrics), rows)
    if report.failures:
        names = ", ".join(run.folder for run in report.failures)
        console.error(f"{len(report.failures)} of {len(report.runs)} runs failed ({names}); {out}/results.md says why.")
        raise typer.Exit(1)
