"""``pwae train``"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Force, Json, option
from pwae_core.config.resolve import resolve
from pwae_core.config.train import PRESETS, ModelConfig, TrainConfig


class Part(StrEnum):
    """What Table 4 takes away."""

    PRIOR = "prior"
    FUSION = "fusion"


Corpus = Annotated[
    Path | None, typer.Argument(help="Folder of 'pwae preprocess'; needed unless --show-config is given.")
]
Embeddings = Annotated[Path | None, typer.Option(help="Folder of 'pwae embed-words'; without it words start random.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder of the run, likewise. A run that was cut off there is continued.")
]
Preset = Annotated[str, typer.Option(help=f"Settings to start from: {', '.join(PRESETS)}.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file of settings, over the preset's.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, as key=value; can be repeated. See --show-config.")
]
Without = Annotated[
    list[Part] | None,
    typer.Option(help="Table 4: PersonaWAE without its personalised prior, or its fusion; repeatable."),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the run at --out; epochs, max_steps and patience may be changed.")
]
ShowConfig = Annotated[bool, typer.Option("--show-config", help="Print the settings as JSON and stop.")]


def command(
    corpus: Corpus = None,
    out: Out = None,
    embeddings: Embeddings = None,
    model: Annotated[str | None, option(ModelConfig, "name", "--model")] = None,
    preset: Preset = "paper",
    config: ConfigFile = None,
    settings: Settings = None,
    components: Annotated[int | None, option(ModelConfig, "components")] = None,
    without: Without = None,
    epochs: Annotated[int | None, option(TrainConfig, "epochs")] = None,
    max_steps: Annotated[int | None, option(TrainConfig, "max_steps")] = None,
    batch_size: Annotated[int | None, option(TrainConfig, "batch_size")] = None,
    seed: Annotated[int | None, option(TrainConfig, "seed")] = None,
    device: Device = "auto",
    resume: Resume = False,
    force: Force = False,
    show_config: ShowConfig = False,
    as_json: Json = False,
) -> None:
    """Train PersonaWAE on a corpus, or one of its peers.

    PersonaWAE is section 3 of the paper, its peers are the other systems of Table 2.

    On several devices: torchrun --nproc-per-node 4 -m pwae_cli train CORPUS --out RUN ...
    """
    given = {
        "model.name": model,
        "model.components": components,
        **{f"model.without_{part.value}": True for part in without or []},
        "epochs": epochs,
        "max_steps": max_steps,
        "batch_size": batch_size,
        "seed": seed,
    }
    resolved = resolve(preset, config, settings or [], given)
    if show_config:
        console.print_json(resolved.model_dump(mode="json"))
        return
    if corpus is None or out is None:
        raise typer.BadParameter("give CORPUS and --out; only --show-config does without.")

    from dataclasses import asdict

    from pwae_core.stages.train import train
    from pwae_core.training.group import speaks

    report = train(
        corpus,
        out,
        resolved,
        embeddings=embeddings,
        device=device,
        resume=resume,
        force=force,
        progress=console.progress(),
    )
    if not speaks():
        return
    if as_json:
        console.print_json(asdict(report))
        return
    rows: list[tuple[str, object]] = [
        ("parameters", report.parameters),
        ("training sessions", report.train_sessions),
        (f"of these cut at {resolved.model.max_length} tokens", report.cut_responses),
        ("users who were never trained", report.untrained_users),
        ("iterations", report.steps),
        ("ended", report.ended),
        ("best iteration", report.best_step),
        *((f"validation {name}{_unit(name)}", f"{value:.4f}") for name, value in report.valid.items()),
    ]
    state = "stands already" if report.standing else "trained"
    console.print_table(f"{report.system} {state}: {report.out}", ("", ""), rows)
    for note in report.notes:
        console.print_line(note)


def _unit(measure: str) -> str:
    return " (nats a token)" if measure.endswith("nll") else ""
