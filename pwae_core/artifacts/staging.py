"""How something new gets into place: it is made in a hidden folder beside its target, then renamed.

The hidden folder ``.NAME.partial`` holds a plan, which says whose it is, ``new`` (what is being made), ``work`` (files
between two steps) and ``old`` (what ``new`` has replaced, until it is removed). Whatever a kill leaves, ``settle`` or
the next ``staging`` completes or removes. A folder or file of that name that is not ours is never touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pwae_core import files
from pwae_core.artifacts.notes import PLAN, Plan, PlanNote, manifest_of, plan_of
from pwae_core.artifacts.ownership import NEW, OLD, WORK, Owned, empty, first_stray, owned, staged, staging_folder
from pwae_core.errors import ArtifactError, PwaeError, StorageError

FILE = "file"
"""The kind of a single file that is not an artifact."""


@dataclass(frozen=True)
class Staging:
    """A staging folder, locked. ``note`` is its plan."""

    target: Path
    folder: Path
    note: PlanNote

    @property
    def new(self) -> Path:
        return self.folder / NEW

    @property
    def old(self) -> Path:
        return self.folder / OLD

    @property
    def work(self) -> Path:
        return self.folder / WORK

    def is_complete(self) -> bool:
        """Whether ``new`` is already an artifact that only has to be moved into place."""
        return manifest_of(self.new) is not None

    def deliver(self, mine: Callable[[Path], Owned] = owned) -> None:
        """Moves ``new`` into place. Raises ArtifactError if something there is not ``mine``."""
        refuse_here(self.target)
        if not files.is_vacant(self.target):
            with files.held(self.target, self.target):
                refuse_strays(self.target, mine(self.target))
                self.target.rename(self.old)
        self.finish()

    def finish(self) -> None:
        """The second half of ``deliver``, which cannot be undone."""
        self.new.rename(self.target)
        self.clear()

    def clear(self) -> None:
        """Removes everything in the staging folder. Raises ArtifactError, before that, if anything is not ours."""
        empty(self.folder, staged(self.folder) or Owned())


def refuse_strays(folder: Path, mine: Owned) -> None:
    """Raises ArtifactError if something in ``folder`` is not ours, naming the first."""
    stray = first_stray(folder, mine)
    if stray:
        raise files.in_the_way(stray)


def refuse_here(target: Path) -> None:
    """Raises ArtifactError if the current folder is the one to be replaced, or is in it."""
    if target.exists() and Path.cwd().is_relative_to(target):
        raise ArtifactError(
            f"You are in {target}, which would be replaced. Change to another folder, or choose another --out."
        )


def refuse_foreign(target: Path) -> None:
    """Raises ArtifactError if the staging folder of ``target``, or something in it, is not ours."""
    folder = staging_folder(target)
    if not os.path.lexists(folder):
        return
    mine = staged(folder)
    if mine is None:
        raise files.in_the_way(folder)
    refuse_strays(folder, mine)


@contextmanager
def staging(target: Path, plan: Plan, holds: tuple[str, ...], *, resume: bool = False) -> Iterator[Staging]:
    """The staging folder of ``target``: a new one or, with ``resume``, what a kill left of the same plan.

    ``holds`` are the names that ``new`` will have in it. An error clears the folder, unless ``new`` is complete, or it
    is a StorageError or Ctrl-C that may be resumed. Raises ArtifactError if the folder is not ours, StorageError if
    another process is using it.
    """
    folder = staging_folder(target)
    with files.storage_errors(target):
        refuse_foreign(target)
        with files.locked(folder, target):
            stage = _begun(target, plan, holds, resume)
            try:
                yield stage
            except BaseException as error:
                if not (stage.is_complete() or (resume and isinstance(error, StorageError | KeyboardInterrupt))):
                    with suppress(PwaeError, OSError):
                        stage.clear()
                raise


def _begun(target: Path, plan: Plan, holds: tuple[str, ...], resume: bool) -> Staging:
    folder = staging_folder(target)
    found = _settled(target)
    if found and not (resume and plan.makes(found.note)):
        found.clear()
        found = None
    if not found:
        note = plan.unfinished(holds)
        files.write_new(folder / PLAN, files.sealed(note.model_dump()))
        found = Staging(target, folder, note)
    found.new.mkdir(exist_ok=True)
    return found


def settle(target: Path, plan: Plan | None = None, *, force: bool = False) -> bool:
    """Completes a replacement beside ``target`` that a kill interrupted, or that was about to begin.

    Returns whether that made ``target`` what ``plan`` makes. ``force`` allows what is there to be replaced. Raises
    StorageError if another process is using it.
    """
    changed = (staging_folder(target) / OLD).exists()
    with left_over(target) as stage:
        ready = stage and plan and plan.makes(stage.note) and plan.makes(manifest_of(stage.new))
        if stage and ready and (force or files.is_vacant(target)):
            stage.deliver()
            changed = True
    return changed and plan is not None and plan.makes(manifest_of(target))


@contextmanager
def left_over(target: Path) -> Iterator[Staging | None]:
    """What a kill left to be done beside ``target``; None if nothing."""
    folder = staging_folder(target)
    if not os.path.lexists(folder) or staged(folder) is None:
        yield None
        return
    with files.storage_errors(target), files.locked(folder, target):
        yield _settled(target)


def _settled(target: Path) -> Staging | None:
    """What remains to be done in the locked staging folder once an interrupted replacement is completed."""
    folder = staging_folder(target)
    note = plan_of(folder)
    if note is None:
        empty(folder, staged(folder) or Owned())  # at most a plan whose writing was cut off
        return None
    stage = Staging(target, folder, note)
    if note.kind == FILE or not stage.new.exists():
        stage.clear()
    elif stage.old.exists():
        stage.finish()
    else:
        return stage
    return None


def put(path: Path, data: bytes, is_ours: Callable[[Path], bool]) -> None:
    """Writes a file whole or not at all; an existing one is replaced only if it ``is_ours``. A link is followed.

    Raises ArtifactError if the existing file is not ours, StorageError if it cannot be written.
    """
    target = path.resolve()
    with staging(target, Plan(FILE, {}, {}), (target.name,)) as stage:
        made = stage.new / target.name
        files.write_bytes(made, data, stage.note.token)
        if os.path.lexists(target) and not (files.is_regular(target) and is_ours(target)):
            raise files.in_the_way(path)
        made.replace(target)
        stage.clear()
