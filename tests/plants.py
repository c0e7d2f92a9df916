"""Files of the user's at every place that a command writes or removes: whatever the command does, they stay."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenarios import Scenario

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
MINE = b'{"mine": 1}\n'
_watched: list[set[str]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if _watched and (opened or event in CHANGES):
        places = arguments[:2] if event == "os.rename" else arguments[:1]
        _watched[-1].update(str(place) for place in places if isinstance(place, str | Path))


sys.addaudithook(_note)


@contextmanager
def watching() -> Iterator[set[str]]:
    """The paths that are written or removed in the block."""
    found: set[str] = set()
    _watched.append(found)
    try:
        yield found
    finally:
        _watched.pop()


def fresh(one: Scenario, arena: Path, pwae: Callable[..., Any], *, begun: bool) -> None:
    """The arena as the command finds it: with what the commands before make, if it is ``begun``."""
    shutil.rmtree(arena, ignore_errors=True)
    arena.mkdir()
    for name, source in one.copies.items():
        shutil.copytree(source, arena / name)
    if begun:
        for command in one.before:
            pwae(*command).succeeds()


def run(one: Scenario, pwae: Callable[..., Any], *options: object) -> Any:
    return pwae(*one.command, *options, stdin=one.stdin.read_bytes() if one.stdin else b"")


def places(one: Scenario, arena: Path, pwae: Callable[..., Any]) -> list[str]:
    """Every name in the arena that the command writes or removes, and those that it might."""
    fresh(one, arena, pwae, begun=True)
    with watching() as touched:
        run(one, pwae).succeeds()
    names = {os.path.relpath(path, arena) for path in touched if path.startswith(f"{arena}/")}
    made = {path.relative_to(arena).as_posix() for path in arena.rglob("*") if path.is_file()}
    for out in one.outs:
        folder, _, name = out.rpartition("/")
        beside = f"{folder}/." if folder else "."
        inner = [file.removeprefix(f"{out}/") for file in made if file.startswith(f"{out}/")]
        names |= {f"{beside}{name}.{end}" for end in ("partial", "old", "new")}
        names |= {f"{beside}{name}.partial/{part}/{file}" for part in ("new", "old", "work") for file in inner}
        names |= {f"{beside}{name}.old/{file}" for file in inner}
        names |= {f"{out}/{file}" for file in ("NOTES.md", "plan.json", "manifest.json", ".manifest.json.new")}
    return sorted(names | made)


def plant(path: Path) -> tuple[bytes, int, int]:
    """Puts a file of the user's there, also in the place of one of ours; returns what must stay."""
    for parent in reversed(path.parents):
        if parent.exists() and not parent.is_dir():
            return b"", 0, 0
    if path.is_dir():
        return b"", 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(MINE)
    return look(path)


def look(path: Path) -> tuple[bytes, int, int]:
    if not path.is_file():
        return b"", 0, 0
    return path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino


def lost(
    one: Scenario, arena: Path, pwae: Callable[..., Any], names: list[str], *, begun: bool, force: bool
) -> list[str]:
    """Those of the planted files that are no longer as they were, and what else is wrong."""
    fresh(one, arena, pwae, begun=begun)
    planted = {name: plant(arena / name) for name in names}
    forced = ("--force",) if force and "--force" not in one.command else ()
    done = run(one, pwae, *forced)
    wrong = [name for name, before in planted.items() if before[1] and look(arena / name) != before]
    told = done.stderr.splitlines()
    if "Traceback" in done.stderr or (done.exit_code and not told[-1].startswith("pwae: ")):
        wrong.append(f"{names[:2]}: {told[-3:]}")
    return wrong


def takes_force(one: Scenario) -> bool:
    return one.command[0] != "data-check" and "--resume" not in one.command
