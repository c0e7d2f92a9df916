"""``pwae data-check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Json
from pwae_core.grammar import counted

if TYPE_CHECKING:
    from pwae_core.stages.data_check import DataCheckReport


def command(
    corpus: Annotated[Path, typer.Argument(help="Folder written by 'pwae preprocess'.")],
    page: Annotated[
        Path | None, typer.Option("--html", help="Also write an HTML page with plots, in one file.")
    ] = None,
    json: Json = False,
) -> None:
    """Check a corpus before training.

    It looks at users, lengths, words, duplicates, language, and leaks between the splits.
    """
    from dataclasses import asdict

    from pwae_core.stages.data_check import data_check

    report = data_check(corpus, page, progress=console.progress())
    if json:
        console.print_json(asdict(report))
    else:
        _print(report)


def _print(report: DataCheckReport) -> None:
    found = report.found
    console.print_line(
        f"Corpus {report.corpus}: {counted(found.users, 'user')}, tokenizer {report.facts['tokenizer']}."
    )
    columns = ["split", "sessions", "users", "unknown tokens", "repeated responses", "also in training", "by new users"]
    shares = ("unknown_tokens", "repeated_responses", "responses_of_training", "users_without_training")
    rows = [
        (name, one.sessions, one.users, *(f"{getattr(one, share):.2%}" for share in shares))
        for name, one in found.splits.items()
    ]
    console.print_table("Splits (shares of responses, or of their tokens)", columns, rows)
    spreads = {
        "training sessions a user": found.sessions_a_user,
        "utterances a user": found.utterances_a_user,
        "history utterances a user": found.history_a_user,
        "tokens a response": found.splits["train"].response_tokens,
        "tokens a context utterance": found.splits["train"].context_tokens,
    }
    table = [(name, one.mean, one.median, one.p95, one.largest) for name, one in spreads.items()]
    console.print_table("Spreads", ["", "mean", "median", "95%", "largest"], table)
    covered = ", ".join(f"{int(words):,} words {share:.1%}" for words, share in found.coverage)
    console.print_line(f"Training tokens covered by the most frequent: {covered}.")
    console.print_line(
        "Script of the vocabulary's words in training: "
        + ", ".join(f"{name} {share:.1%}" for name, share in found.scripts.items())
        + "."
    )
    for text, count in found.repeated[:5]:
        console.print_line(f"Repeated {count:,} times: {text}")
    for sentence in found.advice:
        console.print_line(f"Check: {sentence}")
    if report.page:
        console.print_line(f"Page: {report.page}")
