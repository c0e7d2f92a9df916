"""What the commands share: options read off the config classes, so that no default is written twice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pwae_core.config.base import Config

Out = Annotated[Path, typer.Option("--out", help="Folder to write. It appears when it is complete.")]
Force = Annotated[bool, typer.Option("--force", help="Make it again, replacing what stands at --out.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def option(config: type[Config], field: str, *names: str, **extra: Any) -> Any:
    """The option of one config field: its help text is the field's description."""
    return typer.Option(*names, help=config.model_fields[field].description, **extra)
