"""Distributions that bring parts for pwae, as pip lays them down, without pip."""

from __future__ import annotations

from itertools import count
from pathlib import Path

NUMBERS = count()
"""No two modules of one name: Python imports each once."""


def write_plugin(
    folder: Path,
    kind: str,
    entry: str,
    code: str,
    distribution: str = "acme",
    version: str = "1.2",
    module: str = "",
) -> Path:
    """A distribution in ``folder`` whose entry point ``entry`` is ``PART`` of a module that holds ``code``.

    With a ``module``, it is that one, which the caller writes.
    """
    own = module or f"{distribution}_{kind}_{next(NUMBERS)}"
    folder.mkdir(exist_ok=True)
    if not module:
        (folder / f"{own}.py").write_text(code, encoding="utf-8")
    info = folder / f"{distribution}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    with (info / "entry_points.txt").open("a") as points:
        points.write(f"[pwae.{kind}s]\n{entry} = {own}:PART\n")
    return folder
