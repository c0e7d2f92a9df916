"""What the commands share: options read from the config classes, so that no default is written twice; and checks of
arguments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from pwae_cli import console
from pwae_cli.grouping import write_options
from pwae_core.config.base import Config
from pwae_core.config.places import Place, dotted
from pwae_core.config.sample import READ_BY, DecodingConfig
from pwae_core.config.train import PRESETS
from pwae_core.errors import ConfigError, StorageError

LONGEST_NAME = 255
"""The most bytes in a file's name, on all common file systems."""


def completing(choices: Iterable[str]) -> Any:
    """Shell completion for an option with these ``choices``."""
    known = list(choices)
    return lambda incomplete: [choice for choice in known if choice.startswith(incomplete)]


Out = Annotated[Path, typer.Option("--out", help="Folder to write. It appears when it is complete.")]
Device = Annotated[
    str, typer.Option("--device", help="auto, cpu or cuda.", autocompletion=completing(("auto", "cpu", "cuda")))
]
Preset = Annotated[
    str,
    typer.Option("--preset", help=f"Settings to start from: {', '.join(PRESETS)}.", autocompletion=completing(PRESETS)),
]
Force = Annotated[bool, typer.Option("--force", help="Make it again, replacing what exists at --out.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


RENAMED: dict[str, dict[str, str]] = {
    "preprocess": {"--users": "--min-utterances-of"},
    "data-check": {"--page": "--html"},
    "embed-words": {"--window": "--word-window", "--workers": "--threads"},
    "models": {"--words": "--vocabulary-size"},
    "adapt": {"--history": "--history-file", "--candidates": "--start-users"},
    "evaluate": {"--samples": "--first", "--base": "--against", "--trials": "--permutations"},
    "persona-scores": {"--samples": "--first", "--limit": "--run-contexts"},
    "report": {"--contexts": "--table6-contexts", "--users": "--table6-users", "--samples": "--answers"},
    "prompts": {"--shape": "--prompt-shape"},
    "human-eval-score": {"--latex": "--as-latex"},
}
"""What options were called in version 0.1, by command. These names still work, with a warning."""


SAMPLING = tuple((f"--{name.replace('_', '-')}", f"--strategy {' or '.join(by)}") for name, by in READ_BY.items())
NEEDED: dict[str, tuple[tuple[str, str], ...]] = {
    "preprocess": (
        ("--cluster", "--engine ray"),
        ("--workers", "--engine local"),
        ("--seed", "--split-by session or conversation"),
    ),
    "sample": SAMPLING,
    "chat": SAMPLING,
    "demo": SAMPLING,
    "diagnose": (("--force", "--out"),),
    "evaluate": (("--permutations", "--compare"), ("--force", "--out")),
    "persona-scores": (("--run-contexts --swap-samples --others --checkpoint", "--run"), ("--force", "--out")),
    "human-eval-export": (("--ties", "--mode pairs"), ("--together", "--raters")),
    "human-eval-score": (("--force", "--out"),),
}
"""Options without effect unless another one is given, or has a certain value, by command."""
EXCLUDED: dict[str, tuple[tuple[str, str], ...]] = {
    "preprocess": (
        ("--out --force --vocabulary --workers --engine --cluster", "--explain"),
        ("--vocabulary-size", "--vocabulary"),
    ),
    "embed-words": (
        (
            "--dimension --architecture --word-window --negative --epochs --learning-rate --subsampling --threads",
            "--from",
        ),
    ),
    "experiment": (("--jobs", "--dry-run"),),
    "human-eval-score": (("--as-latex", "--json"),),
}
"""Options without effect if another one is given, by command."""


def option(config: type[Config], field: str, *names: str, repeatable: bool = False, **extra: Any) -> Any:
    """The option for a config field. Its help text is the field's description; a shell completes its choices."""
    told = f"{config.model_fields[field].description}{' Repeatable.' if repeatable else ''}"
    choices = [choice for choice in get_args(config.model_fields[field].annotation) if isinstance(choice, str)]
    if choices:
        extra.setdefault("autocompletion", completing(choices))
    return typer.Option(*names, help=told, **extra)


def called(**names: str) -> Place:
    """Where a user wrote the fields of a config whose options have other ``names``."""
    return lambda loc: names.get(dotted(loc), dotted(loc))


OF_DECODING = called(**{f"decoding.{name}": name for name in DecodingConfig.model_fields})
"""Where ``sample``, ``chat`` and ``demo`` have the settings of decoding."""


class Command(TyperCommand):
    """A subcommand. It starts only if its arguments are text, and its paths are names that files can have."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_today(RENAMED.get(str(self.name), {}), args, ctx.resilient_parsing)))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        write_options(self, ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Raises ConfigError for an argument that cannot be text or a path, except raw data, which may have any name.

        Raises StorageError if the current folder no longer exists.
        """
        try:
            Path.cwd()
        except FileNotFoundError as error:
            raise StorageError("The current folder no longer exists. Change to another one.") from error
        for parameter in self.params:
            if parameter.name == "raw":
                continue
            shown = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.opts[0].upper()
            for value in _words(ctx.params.get(parameter.name)):
                _check_argument(shown, value)
        _check_effect(ctx, str(self.name))
        with console.kept_stdout():
            return super().invoke(ctx)


def _today(renamed: dict[str, str], args: list[str], silent: bool) -> Iterable[str]:
    """The arguments under their present names. Unless ``silent``, it prints a line about each old name."""
    options = True
    for argument in args:
        options = options and argument != "--"
        name, equals, value = argument.partition("=")
        new = renamed.get(name) if options else None
        if new and not silent:
            console.error(f"{name} is now called {new}; the old name will be removed in a later version.")
        yield f"{new}{equals}{value}" if new else argument


def _words(value: object) -> Iterable[str | Path]:
    if isinstance(value, str | Path):
        return (value,)
    return value if isinstance(value, list | tuple) else ()


def _check_effect(ctx: Any, command: str) -> None:
    """Raises ConfigError for options that the user gave and that have no effect."""
    given = _given(ctx)
    for table, beside, without in ((NEEDED, False, "without"), (EXCLUDED, True, "with")):
        for names, other in table.get(command, ()):
            name, _, values = other.partition(" ")
            idle = [given[one] for one in names.split() if one in given]
            if idle and _is_on(ctx, name, values) == beside:
                has, it = ("has", "it") if len(idle) == 1 else ("have", "them")
                raise ConfigError(f"{' and '.join(idle)} {has} no effect {without} {other}. Leave {it} out.")


def _given(ctx: Any) -> dict[str, str]:
    """The options that the user gave, and how: ``--no-ties`` for ``--ties``."""
    given = {}
    for one in ctx.command.params:
        if getattr(ctx.get_parameter_source(one.name), "name", "DEFAULT") != "DEFAULT":
            no = one.secondary_opts if ctx.params[one.name] is False else ()
            given[one.opts[0]] = (no or one.opts)[0]
    return given


def _is_on(ctx: Any, name: str, values: str) -> bool:
    """Whether an option has one of the ``values`` (``a or b``); if there are none, whether it has any."""
    value = next(ctx.params[one.name] for one in ctx.command.params if name in one.opts)
    return str(value) in values.split(" or ") if values else value not in (None, [], ()) and value is not False


def _check_argument(shown: str, value: str | Path) -> None:
    """Raises ConfigError for a value that is not valid. A path is checked in full, from the root of the file system."""
    text = str(value)
    if "\0" in text:
        raise ConfigError(f"{shown} {text!r:.80}: no name or text can contain a zero byte. Remove it.")
    if not isinstance(value, Path):
        _check_text(shown, text)
        return
    whole = os.path.abspath(value)  # noqa: PTH100 - without following links
    _check_text(shown, whole)
    if value.parts[:1] == ("~",) and not Path("~").exists():
        raise ConfigError(
            f"{shown} {text:.200}: the shell left ~ as it is. Write the path without quotes, after a space, or in full."
        )
    if whole == os.sep:
        raise ConfigError(f"{shown} {text:.80}: that is the root of the file system. Name a folder in it.")
    longest = max((len(part.encode()) for part in value.parts), default=0)
    if longest > LONGEST_NAME:
        raise ConfigError(f"{shown}: a name of {longest} bytes; names have at most {LONGEST_NAME}. Shorten it.")


def _check_text(shown: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{shown} {text!r:.200}: bytes that are not UTF-8. Rename or convert it.") from error
