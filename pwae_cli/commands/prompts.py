"""``pwae prompts``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pwae_cli import console
from pwae_cli.options import Json, called, option
from pwae_core.config.prompts import DEFAULTS, PromptsConfig

if TYPE_CHECKING:
    from pwae_core.stages.prompts import PromptsReport

Corpus = Annotated[Path, typer.Argument(help="Folder written by 'pwae preprocess'.")]
Lines = Annotated[Path, typer.Option("--out", help="The JSONL file to write: one prompt per line.")]
Template = Annotated[
    Path | None,
    typer.Option(
        "--template",
        help="Text with {context}, {history}, {responder}; everything above a line --- is the system message.",
    ),
]
Again = Annotated[bool, typer.Option("--force", help="Replace existing prompts.")]


def command(
    corpus: Corpus,
    out: Lines,
    template: Template = None,
    limit: Annotated[int | None, option(PromptsConfig, "limit")] = DEFAULTS.limit,
    history: Annotated[int, option(PromptsConfig, "history")] = DEFAULTS.history,
    samples: Annotated[int, option(PromptsConfig, "samples")] = DEFAULTS.samples,
    shape: Annotated[Literal["messages", "prompt"], option(PromptsConfig, "shape", "--prompt-shape")] = DEFAULTS.shape,
    characters: Annotated[int, option(PromptsConfig, "characters")] = DEFAULTS.characters,
    seed: Annotated[int, option(PromptsConfig, "seed")] = DEFAULTS.seed,
    force: Again = False,
    json: Json = False,
) -> None:
    """Write the test contexts as language-model prompts.

    Each prompt has the responder's history, so a language model can be compared with your runs.
    """
    config = PromptsConfig.make(
        {
            "limit": limit,
            "history": history,
            "samples": samples,
            "shape": shape,
            "characters": characters,
            "seed": seed,
        },
        called(shape="prompt_shape"),
    )
    from dataclasses import asdict

    from pwae_core.stages.prompts import prompts

    report = prompts(corpus, out, config, template=template, force=force, progress=console.progress())
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: PromptsReport) -> None:
    state = " (already existed)" if report.standing else ""
    rows: list[tuple[str, object]] = [
        ("prompts", report.prompts),
        ("  whose responder has no history", report.without_history),
        ("answers to ask for, each", report.samples),
        ("characters in total", report.characters),
    ]
    console.print_table(f"{report.out}{state}", ["", "value"], rows)
    console.print_line("The first of them:")
    console.print_line()
    console.print_line(report.first)
