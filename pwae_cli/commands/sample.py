"""``pwae sample``"""

from __future__ import annotations

from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import OF_DECODING, Device, Force, Json, option
from pwae_core.config.sample import DecodingConfig, SampleConfig
from pwae_core.errors import InputError
from pwae_core.grammar import counted

if TYPE_CHECKING:
    from pwae_core.stages.sample import Answered, SampleReport
    from pwae_core.stages.sample_lines import LineAnswer

DEFAULTS = SampleConfig()
DECODING = DEFAULTS.decoding

Run = Annotated[Path, typer.Argument(help="Folder written by 'pwae train'.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder to write; required unless --context or --input is given.")
]
Corpus = Annotated[Path | None, typer.Option(help="The run's corpus, if it has moved.")]
TestOf = Annotated[
    Path | None,
    typer.Option("--test-of", help="Another corpus with the same vocabulary, whose test split is answered instead."),
]
Context = Annotated[
    list[str] | None,
    typer.Option("--context", help="An utterance to answer; repeat it for a conversation, oldest first."),
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input", help="Contexts to answer, one JSON object per line; - is standard input. Answers go to stdout."
    ),
]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "--keep-going", help="Continue after a line of --input that cannot be answered; the exit code is then 4."
    ),
]
User = Annotated[
    list[str] | None, typer.Option("--user", help="Who answers the --context or --input; repeat it for several people.")
]


def command(
    run: Run,
    out: Out = None,
    corpus: Corpus = None,
    test_of: TestOf = None,
    context: Context = None,
    input: Input = None,
    keep_going: KeepGoing = False,
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
    """Answer the test split, or your own contexts.

    A context can be answered as chosen users (Table 6).
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
    config = SampleConfig.make(values | {"decoding": decoding}, OF_DECODING)
    of_the_split = force or not (corpus is None and test_of is None and limit is None)
    _check(out, context, input, user, keep_going, of_the_split)
    if corpus is not None and test_of is not None:
        raise typer.BadParameter("--test-of names a corpus other than the run's: leave out --corpus.")

    from dataclasses import asdict

    if input is not None:
        _answer_lines(run, input, user or [], config, device, keep_going)
        return

    from pwae_core.stages.sample import sample_context, sample_test_split

    progress = console.progress()
    if out is not None:
        report = sample_test_split(
            run, out, config, corpus=corpus, other=test_of, device=device, force=force, progress=progress
        )
    else:
        report = sample_context(run, context or [], user or [], config, device=device, progress=progress)
    if as_json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _check(
    out: Path | None,
    context: list[str] | None,
    lines: str | None,
    user: list[str] | None,
    keep_going: bool,
    of_the_split: bool,
) -> None:
    """Raises BadParameter for options that do not go together."""
    if [bool(context), lines is not None, out is not None].count(True) != 1 or (user and out):
        raise typer.BadParameter(
            "give one of these: --out for the test split, --context (and --user) for a conversation, --input for lines."
        )
    if out is None and of_the_split:
        raise typer.BadParameter("--corpus, --test-of, --limit and --force are for the test split: leave them out.")
    if keep_going and lines is None:
        raise typer.BadParameter("--keep-going is for --input: leave it out.")


def _answer_lines(
    run: Path, source: str, users: list[str], config: SampleConfig, device: str, keep_going: bool
) -> None:
    """Prints each batch's answers at once.

    Raises InputError for a line that cannot be answered: immediately, or at the end if ``keep_going``.
    """
    from pwae_core.stages.sample_lines import sample_lines

    path = None if source == "-" else Path(source)
    told: set[str] = set()
    failed = 0
    with closing(sample_lines(run, path, users, config, device=device)) as batches:
        for batch in batches:
            failed += _print_batch(batch, told, keep_going)
    if failed:
        raise InputError(f"{counted(failed, 'line')} of --input could not be answered; the others were.")


def _print_batch(batch: list[LineAnswer | InputError], told: set[str], keep_going: bool) -> int:
    """Prints a batch's answers and errors in order. Returns the number of errors."""
    for failed, group in groupby(batch, key=lambda one: isinstance(one, InputError)):
        if not failed:
            _print_lines([one for one in group if not isinstance(one, InputError)], told)
            continue
        for error in group:
            if not keep_going and isinstance(error, InputError):
                raise error
            console.error(str(error))
    return sum(isinstance(one, InputError) for one in batch)


def _print_lines(answers: list[LineAnswer], told: set[str]) -> None:
    for remark in dict.fromkeys(remark for one in answers for remark in one.remarks if remark):
        if remark not in told:
            console.progress().say(remark)
            told.add(remark)
    rows = ({"session_id": one.session_id, "user_id": one.user_id, "responses": one.responses} for one in answers)
    console.print_json_lines([{key: value for key, value in row.items() if value is not None} for row in rows])


def _print(report: SampleReport) -> None:
    if report.out:
        state = "already exist" if report.standing else "written"
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
    """(who, what) for each answer, or a single row if all answers are the same."""
    number = len(answered.responses)
    if number > 1 and len(set(answered.responses)) == 1:
        return [(f"{answered.user}\n(the same {number} times)", answered.responses[0])]
    return [(answered.user if place == 0 else "", text) for place, text in enumerate(answered.responses)]
