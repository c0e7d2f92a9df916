"""The files of the repository."""

from __future__ import annotations

import subprocess
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
GENERATED = (".*", "__pycache__", "*.egg-info", "build", "dist")


def files(*folders: str) -> list[str]:
    """Their paths from the root: those in git, or all that exist where this is not a clone, as in an archive."""
    if (ROOT / ".git").exists():
        command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", *folders]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return listed.rstrip("\0").split("\0")
    paths = [path for folder in folders or (".",) for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [path.relative_to(ROOT).as_posix() for path in paths if not is_generated(path.relative_to(ROOT))]


def is_generated(path: Path) -> bool:
    return any(fnmatch(part, name) for part in path.parts for name in GENERATED)
