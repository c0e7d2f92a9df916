"""Whether what stands at --out may be continued: runs are made in place, so that they can be watched and resumed."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pwae_core.artifacts import MANIFEST, PLAN, Plan, describe_difference
from pwae_core.artifacts.artifact import is_unfinished
from pwae_core.artifacts.notes import Note, damaged, manifest_of, plan_of
from pwae_core.artifacts.ownership import owned
from pwae_core.artifacts.staging import put
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.files import held, in_the_way, sealed, storage_errors
from pwae_core.training.checkpoints import LAST, has_checkpoint, load_state


def refuse_other_unfinished(folder: Path, plan: Plan) -> None:
    """Raises ArtifactError when ``folder`` holds an unfinished run that ``plan`` would not continue but remove."""
    unfinished = plan_of(folder)
    if unfinished and is_unfinished(folder):
        differing = describe_difference(unfinished.model_dump(), plan.to_dict())
        if differing:
            raise ArtifactError(
                f"{folder} holds an unfinished run, made differently ({differing}). "
                "Choose another --out, or --force to replace it."
            )


def reopen(folder: Path, plan: Plan, may_differ: Collection[str]) -> None:
    """Lets the run at ``folder``, finished or not, go on under ``plan``.

    ``plan`` may differ from the plan that made the run only in the config keys ``may_differ``. Raises ArtifactError
    when there is nothing to go on with, or more differs; ConfigError for less training than was done already.
    """
    old, new = _note(folder).model_dump(), plan.to_dict()
    differing = describe_difference(_without(old, may_differ), _without(new, may_differ))
    if differing:
        raise ArtifactError(f"{folder} cannot be resumed with other settings ({differing}). Choose another --out.")
    if describe_difference(old, new):
        _refuse_less(folder, new["config"])
        with storage_errors(folder), held(folder, folder):
            note = plan.unfinished(_written(folder))
            put(folder / PLAN, sealed(note.model_dump()), lambda _: plan_of(folder) is not None)


def _note(folder: Path) -> Note:
    """What is said of the run at ``folder``. Raises ArtifactError where there is none."""
    note = plan_of(folder) or manifest_of(folder)
    if note is None:
        there = [name for name in (MANIFEST, PLAN) if (folder / name).exists()]
        if there:
            raise damaged(folder / there[0])
        raise ArtifactError(f"{folder} holds no run to resume. Leave --resume out to start one.")
    return note


def _written(folder: Path) -> list[str]:
    """What of a run will be written over. Raises ArtifactError for a file that is not as it was written."""
    plan, manifest, mine = plan_of(folder), manifest_of(folder), owned(folder)
    if plan or not manifest:
        return plan.wrote if plan else []
    for name in manifest.files:
        if os.path.lexists(folder / name) and not mine.file(folder, name):
            raise in_the_way(folder / name)
    return ["checkpoints", *manifest.files]


def _refuse_less(folder: Path, config: Mapping[str, Any]) -> None:
    checkpoints = folder / "checkpoints"
    if not has_checkpoint(checkpoints, LAST):
        return
    position = load_state(checkpoints, LAST)
    for key in ("max_steps", "epochs", "patience"):
        least = position[f"least_{key.removeprefix('max_')}"]
        if 0 < config[key] < least:
            raise ConfigError(f"{key} {config[key]}: what {folder} has done already takes {least}. Give as many.")


def _without(plan: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {**plan, "config": {key: value for key, value in plan["config"].items() if key not in keys}}
