"""How help is laid out: options grouped by name, since a name means the same everywhere; commands grouped by task."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperGroup

OTHERS = "Options"
GROUPS: dict[str, tuple[str, ...]] = {
    "Files": (
        *(
            "--out",
            "--force",
            "--corpus",
            "--embeddings",
            "--scores",
            "--from",
            "--history-file",
            "--template",
            "--config",
        ),
        *("--run", "--key", "--html", "--markdown", "--latex", "--set", "--preset"),
    ),
    "Reading": ("--format", "--column", "--shape", "--time-zone", "--time-format"),
    "Text": ("--tokenizer", "--clean", "--lowercase", "--unfold", "--drop-user"),
    "Conversations": ("--giant-share", "--gap", "--merge-consecutive", "--min-utterances", "--min-utterances-of"),
    "Sessions": ("--min-turns", "--window", "--stride", "--vocabulary-size", "--valid", "--test", "--split-by"),
    "Decoding": (
        *("--strategy", "--top-k", "--top-p", "--temperature", "--beam-size", "--no-repeat-ngram"),
        *("--max-length", "--allow-unknown"),
    ),
    "Tests and intervals": ("--compare", "--against", "--resamples", "--permutations"),
    OTHERS: (),
    "Machine and repetition": (
        "--seed",
        "--device",
        "--jobs",
        "--batch-size",
        "--workers",
        "--threads",
        "--engine",
        "--cluster",
    ),
    "Printing and help": (
        *("--json", "--as-latex", "--show-config", "--explain", "--dry-run", "--version", "--help"),
        *("--install-completion", "--show-completion"),
    ),
}
"""The groups in order. An option that is in none of them is listed under the other options."""
PLAIN = {"str": "text", "Path": "path", "int range": "int", "float range": "float"}
RANGE = re.compile(r"(?:; )?-?[\d.]+<=?x(?:<=?-?[\d.]+)?|(?:; )?x[<>]=?-?[\d.]+")


def group_of(names: list[str]) -> str:
    """The group of an option that has any of ``names``."""
    return next((group for group, own in GROUPS.items() if not set(own).isdisjoint(names)), OTHERS)


def write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """Writes a command's arguments, then its options, group by group."""
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], **{group: [] for group in GROUPS}}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record:
            is_option = parameter.param_type_name == "option"
            sections[group_of(parameter.opts) if is_option else "Arguments"].append(_readable(*record))
    for title, records in sections.items():
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def _readable(term: str, text: str) -> tuple[str, str]:
    """A line of help without programming terms."""
    term = re.sub(r"<list\[(.*?)\]>", r"<\1>", term)
    term = re.sub(r"<(.*?)>", lambda kind: f"<{PLAIN.get(kind[1], kind[1])}>", term)
    return term, RANGE.sub("", text).replace("  []", "")


class Group(TyperGroup):
    """The ``pwae`` command, whose help lists the commands group by group."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, Any]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            groups.setdefault(command.rich_help_panel, []).append((name, command))
        width = max(len(name) for commands in groups.values() for name, _ in commands)
        for title, commands in groups.items():
            with formatter.section(title):
                shorts = (command.get_short_help_str(formatter.width - 6 - width) for _, command in commands)
                formatter.write_dl(
                    [(name.ljust(width), short) for (name, _), short in zip(commands, shorts, strict=True)]
                )
