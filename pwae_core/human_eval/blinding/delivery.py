"""The annotators' folder: made whole or not at all, and never over ratings that somebody has filled in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.files import empty, hash_file, locked, storage_errors, write_bytes


@dataclass(frozen=True)
class Delivered:
    """How a folder compares with what was exported into it: names of files."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]


def compare(folder: Path, recorded: Mapping[str, str]) -> Delivered:
    """``recorded`` maps each file that was exported to its SHA-256."""
    there = [name for name in recorded if (folder / name).is_file()]
    return Delivered(
        missing=tuple(sorted(recorded.keys() - set(there))),
        changed=tuple(sorted(name for name in there if hash_file(folder / name) != recorded[name])),
    )


def check_apart(out: Path, key: Path) -> None:
    """Raises ConfigError where who gets the annotators' folder would get the key, or the other way round."""
    sheets, secret = out.absolute().resolve(), key.absolute().resolve()
    if sheets == secret or sheets in secret.parents or secret in sheets.parents:
        raise ConfigError(f"The key at {key} and the sheets at {out} must be apart. Choose another --key.")


def check_replaceable(folder: Path, recorded: Mapping[str, str]) -> None:
    """Raises ArtifactError when ``folder`` holds anything but the unchanged files that were exported into it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ArtifactError(f"{folder} is a file. Choose another --out.")
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in recorded)
    if foreign:
        raise ArtifactError(f"{folder} holds {foreign[0]}, which is no sheet of this key. Choose another --out.")
    changed = compare(folder, recorded).changed
    if changed:
        raise ArtifactError(
            f"{folder / changed[0]} has changed since it was exported: it may hold ratings. Move it away first."
        )


@contextmanager
def staged(folder: Path, files: Mapping[str, bytes]) -> Iterator[Callable[[], object]]:
    """Writes ``files`` into a hidden folder beside ``folder``; yields what renames it to ``folder``."""
    target = folder.resolve()
    work = target.parent / f".{target.name}.partial"
    with storage_errors(folder), locked(work):
        try:
            empty(work)
            for name, data in files.items():
                write_bytes(work / name, data)
            yield lambda: work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def clear(folder: Path) -> None:
    """Removes a folder that ``check_replaceable`` allows to be replaced."""
    if folder.exists():
        shutil.rmtree(folder)


def restore(folder: Path, files: Mapping[str, bytes], missing: Iterable[str]) -> None:
    """Puts back what is missing; what is there stays as it is."""
    if not folder.exists():
        with staged(folder, files) as put_there:
            put_there()
        return
    with storage_errors(folder):
        for name in missing:
            write_bytes(folder / name, files[name])
