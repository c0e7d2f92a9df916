"""The ``pwae`` command: one subcommand per stage. A known error is one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from pwae_cli import console
from pwae_cli.commands import (
    adapt,
    chat,
    data_check,
    diagnose,
    embed_words,
    evaluate,
    experiment,
    human_eval_export,
    human_eval_score,
    metrics,
    models,
    persona_scores,
    preprocess,
    prompts,
    report,
    sample,
    train,
)
from pwae_core import __version__
from pwae_core.errors import PwaeError

app = typer.Typer(
    name="pwae",
    help="PersonaWAE (Chan et al., EMNLP 2019): personalised responses with an augmented Wasserstein autoencoder.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(show: bool) -> None:
    if show:
        console.print_line(f"pwae {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Each subcommand is a stage: it reads artifacts (folders of Parquet), writes one, and can be rerun alone."""


app.command("preprocess")(preprocess.command)
app.command("data-check")(data_check.command)
app.command("embed-words")(embed_words.command)
app.command("models")(models.command)
app.command("train")(train.command)
app.command("sample")(sample.command)
app.command("adapt")(adapt.command)
app.command("chat")(chat.command)
app.command("diagnose")(diagnose.command)
app.command("evaluate")(evaluate.command)
app.command("persona-scores")(persona_scores.command)
app.command("experiment")(experiment.command)
app.command("report")(report.command)
app.command("prompts")(prompts.command)
app.command("metrics")(metrics.command)
app.command("human-eval-export")(human_eval_export.command)
app.command("human-eval-score")(human_eval_score.command)


def main() -> None:
    """The console script: runs the app, turns known errors into one line and their exit code."""
    console.accept_any_text()
    try:
        try:
            app(prog_name="pwae")
        finally:
            sys.stdout.flush()
    except PwaeError as error:
        if not error.told:
            console.error(str(error))
        sys.exit(error.exit_code)
    except SystemExit as stop:
        if stop.code == 130:
            console.error("Interrupted; nothing half-written was left. Run the same command again.")
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
