"""The annotators' folder: written whole or not at all, and never over ratings that somebody has filled in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pwae_core.artifacts import Plan
from pwae_core.artifacts.ownership import REPLACES, Owned
from pwae_core.artifacts.staging import left_over, staging
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.files import hash_file, in_the_way, is_vacant, write_bytes

SHEETS = "sheets"
EXPORTED = "exported"
"""The annotators' files, by name and SHA-256. The key records them, and so does the plan of a folder of sheets."""


@dataclass(frozen=True)
class Delivered:
    """How a folder differs from what was exported into it, as names of files."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]


def compare(folder: Path, recorded: Mapping[str, str]) -> Delivered:
    """Compares a folder with ``recorded``, which maps each exported file to its SHA-256."""
    there = [name for name in recorded if (folder / name).is_file()]
    return Delivered(
        missing=tuple(sorted(recorded.keys() - set(there))),
        changed=tuple(sorted(name for name in there if hash_file(folder / name) != recorded[name])),
    )


def check_apart(out: Path, key: Path) -> None:
    """Raises ConfigError if whoever gets the annotators' folder would also get the key, or the other way round."""
    sheets, secret = out.absolute().resolve(), key.absolute().resolve()
    if sheets == secret or sheets in secret.parents or secret in sheets.parents:
        raise ConfigError(f"The key at {key} and the sheets at {out} must be separate. Choose another --key.")


def check_replaceable(folder: Path, recorded: Mapping[str, str]) -> None:
    """Raises ArtifactError if ``folder`` holds anything but the unchanged files that were exported into it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ArtifactError(f"{folder} is a file. Choose another --out.")
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in recorded)
    if foreign:
        raise ArtifactError(f"{folder} holds {foreign[0]}, which is not a sheet of this key. Choose another --out.")
    changed = compare(folder, recorded).changed
    if changed:
        raise ArtifactError(
            f"{folder / changed[0]} has changed since it was exported: it may hold ratings. Move it away first."
        )


@contextmanager
def staged(
    folder: Path, sheets: Mapping[str, bytes], replaced: Mapping[str, str] | None = None
) -> Iterator[Callable[[], object]]:
    """Writes ``sheets`` into a hidden folder beside ``folder``, and yields a function that moves them into place.

    ``replaced`` are the files that may be overwritten if they are unchanged. ``finish`` completes what a killed export
    leaves behind.
    """
    old = dict(replaced or {})
    plan = Plan(SHEETS, {REPLACES: old, EXPORTED: hashes(sheets)}, {})
    with staging(folder.resolve(), plan, tuple(sheets)) as stage:
        for name, data in sheets.items():
            write_bytes(stage.new / name, data, stage.note.token)
        yield lambda: stage.deliver(lambda _: Owned(old))
        stage.clear()


def hashes(sheets: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of each file."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in sheets.items()}


def finish(folder: Path, recorded: Mapping[str, str]) -> None:
    """Moves the sheets of a killed export into place if they are complete and ``recorded``; deletes them otherwise."""
    with left_over(folder.resolve()) as stage:
        if stage is None:
            return
        ready = stage.note.kind == SHEETS and stage.note.config.get(EXPORTED) == recorded
        if ready and compare(stage.new, recorded) == Delivered((), ()):
            stage.deliver(lambda _: Owned(stage.note.config[REPLACES]))
        else:
            stage.clear()


def restore(folder: Path, sheets: Mapping[str, bytes], missing: Iterable[str]) -> None:
    """Puts the missing files back and leaves all others untouched."""
    if is_vacant(folder):
        with staged(folder, sheets) as put_there:
            put_there()
        return
    with staging(folder.resolve(), Plan(SHEETS, {REPLACES: {}, EXPORTED: {}}, {}), tuple(missing)) as stage:
        for name in missing:
            write_bytes(stage.new / name, sheets[name], stage.note.token)
            if os.path.lexists(folder / name):
                raise in_the_way(folder / name)
            (stage.new / name).rename(folder / name)
        stage.clear()
