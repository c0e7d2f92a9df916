"""``pwae sample``"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Force, Json, option
from pwae_core.config.sample import DecodingConfig, SampleConfig
from pwae_core.grammar import counted

if TYPE_CHECKING:
    from pwae_core.stages.sample import Answered, SampleReport

DEFAULTS = SampleConfig()
DECODING = DEFAULTS.decoding

Run = Annotated[Path, typer.Argument(help="Folder of 'pwae train'.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder to write; needed unless a --context is given.")]
Corpus = Annotated[Path | None, typer.Option(help="The run's corpus, where it is no longer at its old place.")]
Context = Annotated[
    list[str] | None, typer.Option("--context", help="An utterance to answer; repeated: a conversation, oldest first.")
]
User = Annotated[list[str] | None, typer.Option("--user", help="Who answers the --context; repeated: each of them.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


def command(
    run: Run,
    out: Out = None,
    corpus: Corpus = None,
    context: Context = None,
    user: User = None,
    samples: Annotated[int, option(SampleConfig, "samples")] = DEFAULTS.samples,
    limit: Annotated[int | None, option(SampleConfig, "limit")] = DEFAULTS.limit,
    batch_size: Annotated[int, option(SampleConfig, "batch_size")] = DEFAULTS.batch_size,
    checkpoint: Annotated[str, option(SampleConfig, "checkpoint")] = DEFAULTS.checkpoint,
    strategy: Annotated[str, option(DecodingConfig, "strategy")] = DECODING.strategy,
    top_k: Annotated[int, option(DecodingConfig, "top_k")] = DECODING.top_k,
    top_p: Annotated[float, option(DecodingConfig, "top_p")] = DECODING.top_p,
    temperature: Annotated[float, option(DecodingConfig, "temperature")] = DECODING.temperature,
    beam_size: Annotated[int, option(DecodingConfig, "beam_size")] = DECODING.beam_size,
    no_repeat_ngram: Annotated[int, option(DecodingConfig, "no_repeat_ngram")] = DECODING.no_repeat_ngram,
    max_length: Annotated[int, option(DecodingConfig, "max_length")] = DECODING.max_length,
    allow_unknown: Annotated[bool, option(DecodingConfig, "allow_unknown")] = DECODING.allow_unknown,
    seed: Annotated[int, option(SampleConfig, "seed")] = DEFAULTS.seed,
    device: Device = "auto",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Draw responses to the test split or a typed context.

    A typed context can be answered as chosen users (Table 6).
    """
    decoding = {
        "strategy": strategy,
        "top_k": top_k,
        "top_p": top_p,
        "temperature": temperature,
        "beam_size": beam_size,
        "no_repeat_ngram": no_repeat_ngram,
        "max_length": max_length,
        "allow_unknown": allow_unknown,
    }
    values = {"samples": samples, "limit": limit, "batch_size": batch_size, "checkpoint": checkpoint, "seed": seed}
    config = SampleConfig.make(values | {"decoding": decoding})
    if bool(context) == (out is not None) or (user and not context):
        raise typer.BadParameter("give either --out, for the test split, or --context and --user, for a conversation.")
    if context and (corpus is not None or limit is not None or force):
        raise typer.BadParameter("--corpus, --limit and --force are for the test split: leave them out with --context.")

    from dataclasses import asdict

    from pwae_core.stages.sample import sample_context, sample_test_split

    progress = console.progress()
    if out is not None:
        report = sample_test_split(run, out, config, corpus=corpus, device=device, force=force, progress=progress)
    else:
        report = sample_context(run, context or [], user or [], config, device=device, progress=progress)
    if as_json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: SampleReport) -> None:
    if report.out:
        state = "stand already" if report.standing else "written"
        counts = f"{counted(report.contexts, 'context')} x {counted(report.samples, 'response')}"
        what = f"{counts} ({report.decoding})"
        console.print_line(f"{report.system}: {what} {state}: {report.out}")
    for context, group in groupby(report.shown, key=lambda answered: answered.context):
        rows: list[tuple[str, str]] = []
        for answered in group:
            rows += [("ground truth", answered.reference)] if answered.reference else []
            rows += _answers(answered)
        console.print_line()
        for utterance in context:
            console.print_line(f"- {utterance}")
        console.print_table("", ("who", f"{report.system} ({report.decoding})"), rows, numbers_from=2)
    for note in report.notes:
        console.print_line(note)


def _answers(answered: Answered) -> list[tuple[str, str]]:
    """Who and what, a row for each answer; a single row where all are the same."""
    number = len(answered.responses)
    if number > 1 and len(set(answered.responses)) == 1:
        return [(f"{answered.user}\n(the same {number} times)", answered.responses[0])]
    return [(answered.user if place == 0 else "", text) for place, text in enumerate(answered.responses)]
