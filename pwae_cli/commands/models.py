"""``pwae models``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Json, Preset
from pwae_core import plugins
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.config.resolve import resolve

WORDS = PreprocessConfig().vocabulary_size


def command(
    preset: Preset = "paper",
    config: Annotated[
        Path | None, typer.Option("--config", help="TOML file of settings that override the preset.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="One setting, as key=value. Repeatable.")] = None,
    words: Annotated[int, typer.Option("--vocabulary-size", min=1, max=10**9, help="Words of the vocabulary.")] = WORDS,
    users: Annotated[int, typer.Option(min=0, max=10**9, help="Users of the corpus.")] = 10_000,
    as_json: Json = False,
) -> None:
    """List the systems that 'pwae train' can train.

    These are the systems of Table 2 and those of plugins.
    """
    resolved = resolve(preset, config, settings or [])

    from dataclasses import asdict

    from pwae_core.stages.models import list_systems

    systems = list_systems(resolved, words, users)
    others = plugins.installed("system")
    if as_json:
        console.print_json([*map(asdict, systems), *({"name": one.name, "plugin": one.label} for one in others)])
        return
    own = ", with your settings" if config or settings else ""
    sizes = f"the sizes of the {preset} preset{own}, {words:,} words and {users:,} users"
    title = f"Systems, with their parameters at {sizes}"
    columns = ("--model", "in Table 2", "reference", "knows about the user", "decoding", "parameters")
    rows = [
        (
            ", ".join((one.name, *one.aliases)),
            one.paper,
            one.reference,
            one.user_information,
            "deterministic" if one.deterministic else "by z",
            one.parameters,
        )
        for one in systems
    ]
    console.print_table(title, columns, rows, numbers_from=5)
    for one in others:
        console.print_line(f"{one.name}: plugin of {one.label}")
