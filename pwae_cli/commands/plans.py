"""``pwae plans``."""

from __future__ import annotations

from typing import Annotated

import typer

from pwae_cli import console
from pwae_core.config.experiment import near_plan, shipped_plans
from pwae_core.errors import ConfigError


def command(
    name: Annotated[
        str | None, typer.Argument(help="A plan to print, as a starting point for your own; default: list all.")
    ] = None,
) -> None:
    """List the plans of experiments that come with pwae.

    They make the paper's Tables 2, 3 and 4, at the paper's size and at a small one.
    """
    plans = shipped_plans()
    if name is None:
        rows = [(one, text.splitlines()[0].removeprefix("# ").partition(". pwae ")[0]) for one, text in plans.items()]
        console.print_table("", ("plan", "what it compares"), rows, numbers_from=2)
    elif name in plans:
        for line in plans[name].splitlines():
            console.print_line(line)
    else:
        raise ConfigError(f"There is no plan {name!r:.80}. {near_plan(name)}")
