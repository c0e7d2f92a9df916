"""``pwae adapt``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Device, Json, called, option
from pwae_core.config.adapt import DEFAULTS, AdaptConfig


def command(
    run: Annotated[Path, typer.Argument(help="Folder written by 'pwae train'.")],
    history: Annotated[
        Path,
        typer.Option(
            "--history-file",
            help="Text file with one of the person's utterances per line, optionally after the message it answers and "
            "a tab.",
        ),
    ],
    user: Annotated[str | None, typer.Option(help="Name for the person; default: the file's name.")] = None,
    steps: Annotated[int, option(AdaptConfig, "steps")] = DEFAULTS.steps,
    rate: Annotated[float, option(AdaptConfig, "rate")] = DEFAULTS.rate,
    candidates: Annotated[int, option(AdaptConfig, "candidates", "--start-users")] = DEFAULTS.candidates,
    seed: Annotated[int, option(AdaptConfig, "seed")] = DEFAULTS.seed,
    device: Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace an adapted person of the same name.")] = False,
    as_json: Json = False,
) -> None:
    """Adapt a run to a person it was not trained on.

    A few utterances are enough; 'pwae sample --user' then answers as that person.
    """
    config = AdaptConfig.make(
        {"steps": steps, "rate": rate, "candidates": candidates, "seed": seed}, called(candidates="start_users")
    )

    from dataclasses import asdict

    from pwae_core.stages.adapt import adapt

    name = history.stem if user is None else user
    report = adapt(run, history, name, config, device=device, force=force, progress=console.progress())
    if as_json:
        console.print_json(asdict(report))
        return
    rows: list[tuple[str, object]] = [
        ("utterances", report.utterances),
        ("their words", report.words),
        ("of these, unknown to the run", f"{report.unknown_words:,} ({report.unknown_words / report.words:.0%})"),
        ("nats per token as nobody in particular", f"{report.before:.4f}"),
        ("nats per token as themselves", f"{report.after:.4f}"),
    ]
    who = f"{report.user}{' (replaced)' if report.replaced else ''}"
    console.print_table(f"{report.system} knows {who}: {report.run}", ("", ""), rows)
