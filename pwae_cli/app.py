"""The ``pwae`` command, with one subcommand per stage. A known error is one line on stderr and an exit code."""

from __future__ import annotations

import io
import sys
from functools import cache
from typing import Annotated, Any

import typer

from pwae_cli import console
from pwae_cli.commands import (
    adapt,
    chat,
    data_check,
    demo,
    diagnose,
    doctor,
    embed_words,
    evaluate,
    experiment,
    human_eval_export,
    human_eval_score,
    metrics,
    models,
    persona_scores,
    plans,
    preprocess,
    prompts,
    report,
    sample,
    train,
)
from pwae_cli.grouping import Group
from pwae_cli.options import Command
from pwae_core import __version__, plugins
from pwae_core.errors import PwaeError

INTERRUPTED, READER_GONE = 130, 141
WIDEST = 160
"""The most columns that help uses; otherwise it is as wide as the terminal."""
USAGE_ERROR: Any = typer.BadParameter.__base__  # Typer has no public name for it

app = typer.Typer(
    name="pwae",
    help="PersonaWAE (Chan et al., EMNLP 2019): personalised responses with an augmented Wasserstein autoencoder.",
    no_args_is_help=True,
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
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


COMMANDS = {
    "Data": {"preprocess": preprocess, "data-check": data_check, "embed-words": embed_words},
    "Models": {"models": models, "train": train, "adapt": adapt, "diagnose": diagnose},
    "Responses": {"sample": sample, "chat": chat, "demo": demo, "prompts": prompts},
    "Scores": {"evaluate": evaluate, "persona-scores": persona_scores, "metrics": metrics},
    "Human evaluation": {"human-eval-export": human_eval_export, "human-eval-score": human_eval_score},
    "Whole studies": {"plans": plans, "experiment": experiment, "report": report},
    "This installation": {"doctor": doctor},
}
"""The commands' modules, in the groups of the help."""
for _group, _modules in COMMANDS.items():
    for _name, _module in _modules.items():
        app.command(_name, cls=Command, rich_help_panel=_group)(_module.command)


@cache
def built() -> Any:
    """The app as a command with its subcommands; Typer itself would build them anew for every run."""
    return typer.main.get_command(app)


def main() -> None:
    """The console script: runs the app, and turns a known error into one line and its exit code."""
    try:
        with console.open_streams():
            code = _run()
    except BrokenPipeError:
        code = READER_GONE
    except PwaeError as error:  # waiting output could not be printed
        code = _told(error)
    sys.exit(code)


def _run() -> int:
    """Runs the app, reports known errors and returns the exit code.

    Raises BrokenPipeError if stdout's reader has gone.
    """
    try:
        code = int(built()(prog_name="pwae", standalone_mode=False) or 0)
    except USAGE_ERROR as error:
        shown = io.StringIO()
        error.show(shown)
        console.usage(shown.getvalue())
        return int(error.exit_code)
    except SystemExit as stop:  # how Typer and Rich exit when a pipe breaks, and perhaps a plugin's system
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        if blamed := plugins.known(stop):
            return _told(blamed)
        raise
    except BrokenPipeError:
        raise
    except PwaeError as error:
        return _told(error)
    except Exception as error:
        console.flush()  # if stdout itself failed, this says so
        known = plugins.known(error)
        if known is None:
            raise
        return _told(known)
    if code == INTERRUPTED:
        console.error("Interrupted; nothing half-written is in place. Run the same command again.")
    return code


def _told(error: PwaeError) -> int:
    if not error.told:
        console.error(str(error))
    return error.exit_code
