"""``pwae persona-scores``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Device, Force, Json, called, option
from pwae_cli.scores import ANSWERS, RUNS
from pwae_core.config.evaluate import TokenizerName
from pwae_core.config.persona_scores import DEFAULTS, PersonaScoresConfig
from pwae_core.grammar import counted

if TYPE_CHECKING:
    from pwae_core.stages.persona_scores import PersonaReport, SystemPersona


def command(
    corpus: Annotated[Path, typer.Option("--corpus", help="Folder written by 'pwae preprocess'.")],
    responses: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders written by 'pwae sample', or .jsonl or .parquet files of other systems: PATH or NAME=PATH."
        ),
    ] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option("--run", help="A trained run, to measure answers as other users and likelihoods. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write the scores of every context to. Default: none.")
    ] = None,
    candidates: Annotated[int, option(PersonaScoresConfig, "candidates")] = DEFAULTS.candidates,
    least: Annotated[int, option(PersonaScoresConfig, "least")] = DEFAULTS.least,
    utterances: Annotated[int, option(PersonaScoresConfig, "utterances")] = DEFAULTS.utterances,
    words: Annotated[int, option(PersonaScoresConfig, "words")] = DEFAULTS.words,
    samples: Annotated[int | None, option(PersonaScoresConfig, "samples", "--first")] = DEFAULTS.samples,
    tokenizer: Annotated[TokenizerName | None, option(PersonaScoresConfig, "tokenizer")] = DEFAULTS.tokenizer,
    common: Annotated[bool, option(PersonaScoresConfig, "common", "--common")] = DEFAULTS.common,
    limit: Annotated[int, option(PersonaScoresConfig, "limit", "--run-contexts")] = DEFAULTS.limit,
    swap_samples: Annotated[int, option(PersonaScoresConfig, "swap_samples")] = DEFAULTS.swap_samples,
    others: Annotated[int, option(PersonaScoresConfig, "others")] = DEFAULTS.others,
    checkpoint: Annotated[str, option(PersonaScoresConfig, "checkpoint")] = DEFAULTS.checkpoint,
    resamples: Annotated[int, option(PersonaScoresConfig, "resamples")] = DEFAULTS.resamples,
    seed: Annotated[int, option(PersonaScoresConfig, "seed")] = DEFAULTS.seed,
    device: Device = "auto",
    force: Force = False,
    json: Json = False,
) -> None:
    """Measure personalisation automatically.

    It uses a classifier of speakers, users' own words, and likelihoods.
    """
    config = PersonaScoresConfig.make(
        {
            "candidates": candidates,
            "least": least,
            "utterances": utterances,
            "words": words,
            "samples": samples,
            "tokenizer": tokenizer,
            "common": common,
            "limit": limit,
            "swap_samples": swap_samples,
            "others": others,
            "checkpoint": checkpoint,
            "resamples": resamples,
            "seed": seed,
        },
        called(samples="first", limit="run_contexts"),
    )
    from dataclasses import asdict

    from pwae_core.data.responses import named
    from pwae_core.stages.persona_scores import persona_scores

    report = persona_scores(
        [named(argument) for argument in responses or ()],
        corpus,
        config,
        runs=run or (),
        out=out,
        device=device,
        force=force,
        progress=console.progress(),
    )
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: PersonaReport) -> None:
    from pwae_core.metrics.bootstrap import caution

    stands = f", {report.out} already existed" if report.standing else ""
    counts = f"{counted(report.contexts, 'context')}, {counted(report.candidates, 'candidate user')}"
    title = f"{counts}, chance {report.chance:.4f}{stands}"
    _print_rows(title, ANSWERS, report.answers)
    if report.runs:
        _print_rows(f"Another user, the same contexts ({report.runs[0].contexts:,})", RUNS, report.runs)
    unheard = any("Speaker-Accuracy-Unheard" in one.totals for one in report.answers)
    others = "; Speaker-Accuracy-Unheard covers the others" if unheard else ""
    console.print_line(f"In {counted(report.heard, 'context')} the answering user has spoken before{others}.")
    if report.left_out:
        console.print_line(f"Left out, because their users are not candidates: {counted(report.left_out, 'context')}.")
    if any(total.low is not None for one in (*report.answers, *report.runs) for total in one.totals.values()):
        console.print_line(f"±: half the width of the {report.level:.0%} bootstrap interval; --json has its bounds.")
    for sentence in caution(min(one.contexts for one in (*report.answers, *report.runs))):
        console.print_line(sentence)
    for note in report.notes:
        console.print_line(note)
    console.print_line("'pwae metrics' explains what these numbers cannot show.")


def _print_rows(title: str, headings: Mapping[str, str], systems: Sequence[SystemPersona]) -> None:
    shown = [metric for metric in headings if any(metric in one.totals for one in systems)]
    rows = [[one.system, *(_cell(one, metric) for metric in shown)] for one in systems]
    console.print_table(title, ["System", *(headings[metric] for metric in shown)], rows)


def _cell(system: SystemPersona, metric: str) -> str:
    total = system.totals[metric]
    value = f"{total.value:.2f}" if metric.startswith("Perplexity") else f"{total.value:.4f}"
    if total.low is None or total.high is None:
        return value
    return f"{value}\n±{(total.high - total.low) / 2:.4f}"
