"""What in a folder is ours and may be removed: what a note of ours describes, unchanged, and nothing else.

A complete artifact owns the files that its manifest and its note of files apart list, as long as they have the recorded
bytes. An unfinished one owns what its plan says was written, what has its token in its name, and what proves itself in
a folder of which the plan says so: JSON with a seal, and files with the hash of their bytes in their name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pwae_core import files
from pwae_core.artifacts.notes import APART, MANIFEST, PLAN, apart_of, is_torn_plan, manifest_of, plan_of
from pwae_core.schemas import PEOPLE

REPLACES = "replaces"
"""The setting of a plan that lists files at the target, with hashes, that are not an artifact."""
NOTES = {APART: apart_of, MANIFEST: manifest_of, PLAN: plan_of}
NEW, OLD, WORK = "new", "old", "work"
"""Folders in a staging folder: what is being made, what it replaces, files between two steps."""
WORK_FILES = re.compile(r"\.?[a-z][\w.-]*\.(arrow|json|npy|txt|new)")
HASHED = re.compile(r"-([0-9a-f]{8})\.[a-z]+$")


@dataclass(frozen=True)
class Owned:
    """What is ours in one folder: files by name, some with the hash of their bytes, or by a token or seal.

    ``proves_itself``: so is what proves itself, directly in a folder among ``names``.
    ``within`` are folders in it that have owners of their own.
    """

    hashes: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    token: str = ""
    pattern: re.Pattern[str] | None = None
    proves_itself: bool = False
    within: Mapping[str, Owned] = field(default_factory=dict)

    def file(self, folder: Path, name: str) -> bool:
        """Whether the file ``name`` in ``folder``, as it is now, is ours."""
        path = folder / name
        if not files.is_regular(path):
            return False
        if name in self.hashes:
            return files.hash_file(path) == self.hashes[name]
        return (
            name in self.names
            or (name in NOTES and NOTES[name](folder) is not None)
            or (bool(self.token) and name.endswith(f".{self.token}.new"))
            or (self.pattern is not None and self.pattern.fullmatch(name) is not None)
            or (self.proves_itself and self._holds(name) and (bears_its_hash(path) or is_sealed(path)))
        )

    def _holds(self, name: str) -> bool:
        """Whether ``name`` is directly in a folder that is ours by name."""
        return PurePosixPath(name).parent.as_posix() in self.names

    def folder(self, name: str) -> bool:
        """Whether a folder ``name`` is ours, if everything in it is."""
        known = (*self.hashes, *self.names)
        return name in self.names or any(name in map(str, PurePosixPath(one).parents) for one in known)


def bears_its_hash(path: Path) -> bool:
    """Whether ``path`` is called NAME-HASH.SUFFIX, where HASH begins the hash of its bytes."""
    found = HASHED.search(path.name)
    return found is not None and files.is_regular(path) and files.hash_file(path)[:8] == found.group(1)


def is_sealed(path: Path) -> bool:
    """Whether ``path`` is JSON with a correct seal."""
    return path.suffix == ".json" and files.is_regular(path) and files.unsealed(path.read_bytes()) is not None


def staging_folder(target: Path) -> Path:
    """The hidden folder beside ``target`` in which ``target`` is made."""
    return target.parent / f".{target.name}.partial"


def owned(folder: Path) -> Owned:
    """What is ours in the artifact at ``folder``, by its notes; nothing if no note can be trusted."""
    manifest, plan = manifest_of(folder), plan_of(folder)
    if plan:
        return Owned(names=frozenset(plan.wrote), token=plan.token, proves_itself=True, within=_within(folder))
    if manifest is None:
        return Owned(within=_within(folder))
    hashes = {name: entry.sha256 for name, entry in manifest.files.items()}
    return Owned(apart_files(folder) | hashes, within=_within(folder))


def apart_files(folder: Path) -> dict[str, str]:
    """The files with the complete artifact at ``folder`` that are not part of it, and their hashes."""
    note = apart_of(folder)
    return dict(note.files) if note else {}


def _within(folder: Path) -> dict[str, Owned]:
    """A run's folder of adapted people, and the hidden folders in which it, or a plan, is being made."""
    found = {one.name: staged(one) for one in (staging_folder(folder / PEOPLE), staging_folder(folder / PLAN))}
    manifest = manifest_of(folder / PEOPLE)
    if manifest and manifest.kind == PEOPLE:
        found[PEOPLE] = owned(folder / PEOPLE)
    elif files.is_vacant(folder / PEOPLE):
        found[PEOPLE] = Owned()
    return {name: one for name, one in found.items() if one is not None}


def staged(folder: Path) -> Owned | None:
    """What is ours in a staging folder, whose plan may be half written; None if it is somebody else's."""
    if files.is_vacant(folder):
        return Owned()
    if folder.is_symlink() or not folder.is_dir():
        return None
    plan = plan_of(folder)
    if plan is None:
        alone = [path.name for path in folder.iterdir()] == [PLAN]
        return Owned(names=frozenset({PLAN})) if alone and is_torn_plan(folder / PLAN) else None
    replaced = plan.config.get(REPLACES)
    return Owned(
        within={
            NEW: Owned(names=frozenset(plan.wrote), token=plan.token),
            OLD: owned(folder / OLD) if replaced is None else Owned(replaced),
            WORK: Owned(pattern=WORK_FILES),
        }
    )


def first_stray(folder: Path, mine: Owned) -> Path | None:
    """The first thing in ``folder`` that is not ours; None if everything is."""
    return next((path for path, is_ours in _walk(folder, mine) if not is_ours), None)


def our_files(folder: Path, mine: Owned) -> list[str]:
    """The files of ``folder`` that are ours, by name, without its notes and the folders with owners of their own."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if files.is_regular(path)]
    apart = {*NOTES, *mine.within}
    return sorted(name for name in names if name.split("/")[0] not in apart and mine.file(folder, name))


def _walk(folder: Path, mine: Owned, inside: str = "") -> Iterator[tuple[Path, bool]]:
    """Everything in ``folder``, and whether it is ours: contents before their folder, notes last."""
    for entry in sorted(os.scandir(folder / inside), key=lambda one: (one.name in NOTES, one.name)):
        name = f"{inside}{entry.name}"
        path = folder / name
        if not entry.is_dir(follow_symlinks=False):
            yield path, mine.file(folder, name)
        elif name in mine.within:
            yield from _walk(path, mine.within[name])
            yield path, True
        else:
            yield from _walk(folder, mine, f"{name}/")
            yield path, mine.folder(name)


def remove(folder: Path, mine: Owned) -> None:
    """Removes ``folder`` and everything in it, notes last. First raises ArtifactError if anything is not ours."""
    empty(folder, mine)
    folder.rmdir()


def empty(folder: Path, mine: Owned) -> None:
    """Removes everything in ``folder``; raises as ``remove`` does."""
    found = list(_walk(folder, mine))
    for path, is_ours in found:
        if not is_ours:
            raise files.in_the_way(path)
    for path, _ in found:
        path.unlink() if files.is_regular(path) else path.rmdir()
