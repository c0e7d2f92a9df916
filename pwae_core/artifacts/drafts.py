"""Artifacts that are being made: what a stage asks before it begins, and the folder that it fills."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core import files
from pwae_core.artifacts.artifact import Artifact, is_unfinished, load, refuse_other_kind
from pwae_core.artifacts.environment import environment
from pwae_core.artifacts.notes import (
    APART,
    MANIFEST,
    MARK,
    PLAN,
    Plan,
    apart_of,
    damaged,
    describe_difference,
    manifest_of,
    plan_of,
    write_plan,
)
from pwae_core.artifacts.ownership import Owned, our_files, owned
from pwae_core.artifacts.staging import Staging, refuse_foreign, refuse_here, refuse_strays, settle, staging
from pwae_core.artifacts.tables import table_writer
from pwae_core.errors import ArtifactError
from pwae_core.schemas import APART as APART_FILES
from pwae_core.schemas import ARTIFACTS, OTHER_FILES


@dataclass
class Draft:
    """An artifact being made: write its tables, then set ``facts``; leaving the ``draft`` block completes it.

    ``work`` is for files between two steps; it is removed with the draft. ``environment`` is what it is made with.
    """

    folder: Path
    plan: Plan
    work: Path
    environment: dict[str, str | int]
    facts: dict[str, Any] = field(default_factory=dict)

    def write(self, name: str, table: pa.Table) -> None:
        """Writes one whole table; its columns must be exactly the schema's (names, order, no nulls)."""
        with self.writer(name) as write:
            write(table)

    def writer(self, name: str) -> AbstractContextManager[Callable[[pa.Table], None]]:
        """``write(table)`` for tables that come in pieces; the row groups do not depend on the pieces."""
        self.claim(name)
        return table_writer(self.folder / name, ARTIFACTS[self.plan.kind][name])

    def claim(self, *names: str) -> None:
        """Announces files in a visible place before they are written.

        Raises ArtifactError if something with such a name already exists and is not ours.
        """
        plan = plan_of(self.folder)
        if plan is None:
            return  # hidden: nobody else writes there
        new = [name for name in names if name not in plan.wrote]
        for name in new:
            if os.path.lexists(self.folder / name):
                raise files.in_the_way(self.folder / name)
        if new:
            write_plan(self.folder, plan.model_copy(update={"wrote": [*plan.wrote, *new]}))

    def foretell(self, **facts: Any) -> None:
        """Sets facts that others may need before the artifact is complete."""
        self.facts |= facts
        plan = plan_of(self.folder)
        if plan and plan.facts != plan.facts | facts:
            write_plan(self.folder, plan.model_copy(update={"facts": {**plan.facts, **facts}}))


def standing(folder: Path, plan: Plan, force: bool) -> Artifact | None:
    """The artifact at ``folder`` if it is what ``plan`` would make; None if there is nothing or it may be replaced.

    Raises ArtifactError if something else is there. ``force`` allows an artifact of the same kind to be replaced, but
    nothing in it that is not as pwae wrote it, and nothing that another stage or anybody else made.
    """
    with files.storage_errors(folder):
        place = folder.resolve()
        made = settle(place, plan, force=force) or _stands(folder, place, plan, force)
    return load(folder, plan.kind) if made else None


def _stands(folder: Path, place: Path, plan: Plan, force: bool) -> bool:
    """Whether the artifact that ``plan`` makes is at ``place``, which the user calls ``folder``."""
    if files.is_vacant(place):
        refuse_here(place)
        refuse_foreign(place)
        return False
    manifest, unfinished = manifest_of(place), plan_of(place)
    note = unfinished or manifest
    if note is None:
        raise _foreign(folder)
    refuse_other_kind(folder, note, plan.kind)
    if force:
        refuse_here(place)
        refuse_strays(place, owned(place))
        refuse_foreign(place)
        return False
    if is_unfinished(place):
        return False
    difference = describe_difference(note.model_dump(), plan.to_dict())
    if difference:
        raise ArtifactError(
            f"{folder} already exists, made differently ({difference}). Choose another --out, or --force to replace it."
        )
    if unfinished:
        with files.held(place, folder):
            (place / PLAN).unlink(missing_ok=True)
    return True


def _foreign(folder: Path) -> ArtifactError:
    for name in (MANIFEST, PLAN):
        if folder.is_dir() and os.path.lexists(folder / name):
            return damaged(folder / name)
    return ArtifactError(f"{folder} exists and is not an artifact of pwae. Choose another --out.")


def draft(folder: Path, plan: Plan, *, resume: bool = False, in_place: bool = False) -> AbstractContextManager[Draft]:
    """A new artifact: filled in the block, completed when the block ends, absent if it raises.

    ``resume`` continues what a kill left of a draft of the same plan; anything else of ours there is removed.
    ``in_place`` works in the target folder itself, so a training run can be watched; it is complete when it has a
    manifest, and it keeps its work if the block raises. Raises ArtifactError if something is in the way, StorageError
    if the folder cannot be written or another process is writing it.
    """
    return (_in_place if in_place else _hidden)(folder.resolve(), plan, resume)


@contextmanager
def _hidden(folder: Path, plan: Plan, resume: bool) -> Iterator[Draft]:
    with staging(folder, plan, _names(plan), resume=resume) as stage:
        _tidy(stage.new, stage.note.token)
        stage.work.mkdir(exist_ok=True)
        made = Draft(stage.new, plan, stage.work, environment(plan.kind))
        yield made
        _complete(made, Owned(names=frozenset(_names(plan))), stage.note.token)
        stage.deliver()


@contextmanager
def _in_place(folder: Path, plan: Plan, resume: bool) -> Iterator[Draft]:
    with files.storage_errors(folder), ExitStack() as lock:
        with staging(folder, plan, ()) as stage:
            if not (resume and plan.makes(plan_of(folder))):
                _begin(stage, lock)
            else:
                lock.enter_context(files.held(folder, folder))
            stage.clear()
        settle(folder / PLAN)
        token = _reopened(folder)
        made = Draft(folder, plan, folder, environment(plan.kind))
        yield made
        _complete(made, owned(folder), token)
        (folder / PLAN).unlink()


def _begin(stage: Staging, lock: ExitStack) -> None:
    """Replaces what was there by a folder with nothing but a plan; the lock on it moves with it."""
    write_plan(stage.new, stage.note)
    lock.enter_context(files.held(stage.new, stage.target))
    stage.deliver()


def _reopened(folder: Path) -> str:
    """The token of the artifact being made in ``folder``, after removing what a kill left and any earlier manifest."""
    plan = plan_of(folder)
    if plan is None or (manifest_of(folder) is None and os.path.lexists(folder / MANIFEST)):
        raise damaged(folder / (MANIFEST if plan else PLAN))
    _tidy(folder, plan.token)
    return plan.token


def _tidy(folder: Path, token: str) -> None:
    """Removes a half-written file that a kill left, and the earlier manifest."""
    for path in folder.rglob(f".*.{token}.new"):
        path.unlink()
    (folder / MANIFEST).unlink(missing_ok=True)


def _names(plan: Plan) -> tuple[str, ...]:
    return (*ARTIFACTS[plan.kind], *OTHER_FILES.get(plan.kind, ()))


def _complete(made: Draft, mine: Owned, token: str) -> None:
    recorded: dict[str, dict[str, object]] = {}
    apart: dict[str, str] = {}
    for name in our_files(made.folder, mine):
        if name.split("/")[0] in APART_FILES.get(made.plan.kind, ()):
            apart[name] = files.hash_file(made.folder / name)
            continue
        path = made.folder / name
        recorded[name] = {"sha256": files.hash_file(path)}
        if path.suffix == ".parquet":
            recorded[name]["rows"] = pq.read_metadata(path).num_rows
    if apart:
        if os.path.lexists(made.folder / APART) and apart_of(made.folder) is None:
            raise files.in_the_way(made.folder / APART)
        files.write_bytes(made.folder / APART, files.sealed({"artifact": MARK, "files": apart}), token)
    if os.path.lexists(made.folder / MANIFEST):
        raise files.in_the_way(made.folder / MANIFEST)
    content = {**made.plan.to_dict(), "environment": made.environment, "facts": made.facts, "files": recorded}
    files.write_bytes(made.folder / MANIFEST, files.sealed(content), token)
