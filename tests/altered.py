"""Artifacts as somebody would alter them who also renews the seal: for tests of what is told by more than a seal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pwae_core import files


def resealed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes the content of a sealed file and seals it anew."""
    content = files.unsealed(path.read_bytes())
    assert content is not None
    change(content)
    path.write_bytes(files.sealed(content))
