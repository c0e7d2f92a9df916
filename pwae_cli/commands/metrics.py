"""``pwae metrics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pwae_cli import console
from pwae_cli.options import Json

if TYPE_CHECKING:
    from pwae_core.metrics.explained import Explanation


def command(
    names: Annotated[list[str] | None, typer.Argument(help="Metrics to explain; default: all.")] = None,
    json: Json = False,
) -> None:
    """Explain the metrics: formula, source, pitfalls."""
    from dataclasses import asdict

    from pwae_core.metrics.own import explain

    explained = explain(names or ())
    if json:
        console.print_json([asdict(one) for one in explained])
    else:
        for one in explained:
            _print(one)


def _print(one: Explanation) -> None:
    console.print_line(f"{one.name}: {', '.join(one.columns)}  (pwae {one.command})")
    for line in one.formula:
        console.print_line(f"    {line}")
    console.print_line(f"  Source: {one.source}.")
    for trap in one.traps:
        console.print_line(f"  ! {trap}")
    console.print_line()
