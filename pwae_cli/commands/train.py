"""``pwae train``"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pwae_cli import console
from pwae_cli.options import Device, Force, Json, Preset, option
from pwae_core import plugins
from pwae_core.config.resolve import resolve, resolve_resumed
from pwae_core.config.train import BUDGET, SYSTEMS, ModelConfig, TrainConfig
from pwae_core.errors import ConfigError

if TYPE_CHECKING:
    from pwae_core.stages.train import TrainReport


class Part(StrEnum):
    """The parts that Table 4 leaves out."""

    PRIOR = "prior"
    FUSION = "fusion"


Corpus = Annotated[
    Path | None,
    typer.Argument(help="Folder written by 'pwae preprocess'; with --resume and without --out, the run to continue."),
]
Embeddings = Annotated[
    Path | None, typer.Option(help="Folder written by 'pwae embed-words'; without it, word vectors start at random.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder of the run. An interrupted run there is continued.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file of settings that override the preset.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, as key=value. Repeatable. See --show-config.")
]
Without = Annotated[
    list[Part] | None,
    typer.Option(help="Table 4: PersonaWAE without its personalised prior or its fusion. Repeatable."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help=f"Continue a run with its own settings and inputs: --resume RUN. You may change: {', '.join(BUDGET)}.",
    ),
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write event files for TensorBoard into the run (needs tensorboardX).")
]
ShowConfig = Annotated[bool, typer.Option("--show-config", help="Print the settings as JSON and stop.")]


def _systems(incomplete: str) -> list[str]:
    """Shell completions for --model."""
    known = (*SYSTEMS, *(one.name for one in plugins.installed("system")))
    return [name for name in known if name.startswith(incomplete)]


def command(
    context: typer.Context,
    corpus: Corpus = None,
    out: Out = None,
    embeddings: Embeddings = None,
    model: Annotated[str | None, option(ModelConfig, "name", "--model", autocompletion=_systems)] = None,
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
    tensorboard: TensorBoard = False,
    resume: Resume = False,
    force: Force = False,
    show_config: ShowConfig = False,
    as_json: Json = False,
) -> None:
    """Train PersonaWAE or another system on a corpus.

    PersonaWAE is described in section 3 of the paper; the other systems are those of Table 2.

    To train a run for longer: pwae train --resume RUN --epochs 50

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
    layers: dict[str, Any] = {"file": config, "settings": settings or [], "overrides": given}
    how: dict[str, Any] = {"embeddings": embeddings, "device": device, "tensorboard": tensorboard}
    how["progress"] = console.progress()
    if resume:
        if force:
            raise ConfigError("--resume continues the run at --out, --force replaces it. Give one of them.")
        run, moved = (out, corpus) if out else (corpus, None)
        if run is None:
            raise typer.BadParameter("--resume: name the run.")
        named = context.get_parameter_source("preset")
        over = partial(resolve_resumed, preset if named and named.name != "DEFAULT" else None, **layers)
        if show_config:
            from pwae_core.training.resuming import recorded

            console.print_json(over(recorded(run).config).model_dump(mode="json"))
            return
        from pwae_core.stages import train as stage

        report = stage.resume(run, over, corpus=moved, **how)
    else:
        resolved = resolve(preset, **layers)
        if show_config:
            console.print_json(resolved.model_dump(mode="json"))
            return
        if corpus is None or out is None:
            raise typer.BadParameter(
                "give CORPUS and --out; only --show-config works without them. To continue a run: --resume RUN."
            )
        from pwae_core.stages import train as stage

        report = stage.train(corpus, out, resolved, force=force, **how)
    from pwae_core.training.group import speaks

    if speaks():
        _show(report, as_json)


def _show(report: TrainReport, as_json: bool) -> None:
    if as_json:
        console.print_json(asdict(report))
        return
    rows: list[tuple[str, object]] = [
        ("parameters", report.parameters),
        ("training sessions", report.train_sessions),
        ("of these, cut at model.max_length", report.cut_responses),
        ("users of whom nothing was learned", report.untrained_users),
        ("iterations", report.steps),
        ("ended", report.ended),
        ("best iteration", report.best_step),
        *((f"validation {name}{_unit(name)}", f"{value:.4f}") for name, value in report.valid.items()),
    ]
    state = "already exists" if report.standing else "trained"
    console.print_table(f"{report.system} {state}: {report.out}", ("", ""), rows)
    for note in report.notes:
        console.print_line(note)
    for warning in report.warnings:
        console.print_line(f"Warning: {warning}")


def _unit(measure: str) -> str:
    return " (nats per token)" if measure.endswith("nll") else ""
