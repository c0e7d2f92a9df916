"""``pwae diagnose``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Device, Force, Json, option
from pwae_core.config.diagnose import DEFAULTS, DiagnoseConfig


def command(
    run: Annotated[Path, typer.Argument(help="Folder written by 'pwae train'.")],
    corpus: Annotated[Path | None, typer.Option(help="The run's corpus, if it has moved.")] = None,
    contexts: Annotated[int, option(DiagnoseConfig, "contexts")] = DEFAULTS.contexts,
    samples: Annotated[int, option(DiagnoseConfig, "samples")] = DEFAULTS.samples,
    checkpoint: Annotated[str, option(DiagnoseConfig, "checkpoint")] = DEFAULTS.checkpoint,
    least_distinct: Annotated[float, option(DiagnoseConfig, "least_distinct")] = DEFAULTS.least_distinct,
    least_active: Annotated[float, option(DiagnoseConfig, "least_active")] = DEFAULTS.least_active,
    least_sensitivity: Annotated[float, option(DiagnoseConfig, "least_sensitivity")] = DEFAULTS.least_sensitivity,
    most_prior_gap: Annotated[float, option(DiagnoseConfig, "most_prior_gap")] = DEFAULTS.most_prior_gap,
    seed: Annotated[int, option(DiagnoseConfig, "seed")] = DEFAULTS.seed,
    device: Device = "auto",
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write the numbers to. Default: none.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Check whether a run's z carries information.

    It warns of signs that the posterior has collapsed, or that the prior is far from it.
    """
    config = DiagnoseConfig.make(
        {
            "contexts": contexts,
            "samples": samples,
            "checkpoint": checkpoint,
            "least_distinct": least_distinct,
            "least_active": least_active,
            "least_sensitivity": least_sensitivity,
            "most_prior_gap": most_prior_gap,
            "seed": seed,
        }
    )

    from dataclasses import asdict

    from pwae_core.stages.diagnose import diagnose

    report = diagnose(run, config, corpus=corpus, out=out, device=device, force=force, progress=console.progress())
    if as_json:
        console.print_json(asdict(report))
        return
    rows: list[tuple[str, object]] = [
        ("contexts x samples", f"{report.contexts} x {report.samples}"),
        ("distinct responses per context", f"{report.distinct:.1%}"),
        ("active dimensions of z", f"{report.active} of {report.dimensions}"),
        ("cost of another session's z (nats per token)", f"{report.sensitivity:.4f}"),
        ("energy distance between prior and posterior", f"{report.prior_gap:.4f}"),
    ]
    console.print_table(f"{report.system}: {report.run}", ("", ""), rows)
    for warning in report.warnings:
        console.print_line(f"Warning: {warning}")
