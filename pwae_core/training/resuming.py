"""Whether the run at --out may be continued. Runs are made in place, so they can be watched and resumed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pwae_core.artifacts import MANIFEST, PLAN, Artifact, Plan, describe_difference, load
from pwae_core.artifacts.artifact import is_unfinished, refuse_other_kind
from pwae_core.artifacts.notes import ManifestNote, PlanNote, damaged, manifest_of, plan_of
from pwae_core.artifacts.ownership import apart_files, owned
from pwae_core.artifacts.staging import put
from pwae_core.config.train import BUDGET
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.files import held, in_the_way, sealed, storage_errors
from pwae_core.models.base import Model
from pwae_core.schemas import PEOPLE
from pwae_core.training.checkpoints import LAST, has_checkpoint, load_state, part, shapes
from pwae_core.training.growing import LOG
from pwae_core.training.own_corpus import followed
from pwae_core.training.runs import other_weights

CHECKPOINTS = "checkpoints"
KINDS = {"corpus": "corpus", "embeddings": "vectors"}
"""The kind of each input of a run."""


# -- the same command again


def refuse_other_unfinished(folder: Path, plan: Plan) -> None:
    """Raises ArtifactError if ``folder`` holds an unfinished run that ``plan`` would remove instead of continuing
    it.
    """
    unfinished = plan_of(folder)
    if unfinished and is_unfinished(folder):
        differing = describe_difference(unfinished.model_dump(), plan.to_dict())
        if differing:
            raise ArtifactError(
                f"{folder} holds an unfinished run, made differently ({differing}). "
                "Choose another --out, or --force to replace it."
            )


def refuse_other_budget(folder: Path, plan: Plan) -> None:
    """Raises ArtifactError, which mentions --resume, if the run at ``folder`` differs from ``plan`` in budget alone."""
    note = plan_of(folder) or manifest_of(folder)
    old, new = note.model_dump() if note else {}, plan.to_dict()
    if note is None or note.kind != plan.kind or describe_difference(_without_budget(old), _without_budget(new)):
        return
    if differing := describe_difference(old, new):
        changed = [f"--set {key}={new['config'][key]}" for key in BUDGET if old["config"][key] != new["config"][key]]
        holds = "holds an unfinished run, made" if is_unfinished(folder) else "already exists, made"
        raise ArtifactError(
            f"{folder} {holds} differently ({differing}). To continue it like this: "
            f"'pwae train --resume {shlex.quote(str(folder))} {' '.join(changed)}'. Or choose another --out."
        )


# -- --resume


def recorded(folder: Path) -> ManifestNote | PlanNote:
    """What the run at ``folder``, finished or not, records about itself. Raises ArtifactError if there is none."""
    note = plan_of(folder) or manifest_of(folder)
    if note is None:
        there = [name for name in (MANIFEST, PLAN) if os.path.lexists(folder / name)]
        if there:
            raise damaged(folder / there[0])
        raise ArtifactError(f"{folder} holds no run to resume. Leave --resume out to start one.")
    refuse_other_kind(folder, note, "run")
    return note


def find_input(folder: Path, note: ManifestNote | PlanNote, name: str, given: Path | None) -> Artifact | None:
    """An input of the run at ``folder``: where it is ``given``, or where the run was trained on it.

    None if the run has no such input. Raises ArtifactError if it is missing, or is not the run's.
    """
    if name not in note.inputs:
        if given is not None:
            raise ArtifactError(f"{folder} was trained without {name}. Leave --{name} out.")
        return None
    say = "Give it as CORPUS, with --out" if name == "corpus" else "Give --embeddings"
    place = given or followed(folder, note.facts.get(f"{name}_path"))
    if place is None:
        raise ArtifactError(f"{folder} does not say where its {name} is. {say}.")
    if given is None and not place.exists():
        raise ArtifactError(f"{place}, where {folder} had its {name}, does not exist. {say}.")
    found = load(place, KINDS[name])
    if found.fingerprint != note.inputs[name]:
        raise ArtifactError(
            f"{folder} cannot be resumed with other settings (input {name}: {note.inputs[name][:16]}, now "
            f"{found.fingerprint[:16]}): {place} is not what it was trained on. {say}."
        )
    return found


def goes_on(folder: Path, plan: Plan) -> bool:
    """Whether the run at ``folder``, finished or not, can continue under ``plan``, which has another budget.

    ``plan`` may differ from the plan that made the run only in the budget; False if it does not differ. Raises
    ArtifactError if there is nothing to continue, or if more differs; ConfigError if it asks for less training than was
    already done.
    """
    note = recorded(folder)
    old, new = note.model_dump(), plan.to_dict()
    differing = describe_difference(_without_budget(old), _without_budget(new))
    if differing:
        raise ArtifactError(f"{folder} cannot be resumed with other settings ({differing}). Choose another --out.")
    if not describe_difference(old, new):
        return False
    _refuse_less(folder, new["config"])
    _refuse_adapted(folder)
    return True


def reopen(folder: Path, plan: Plan, model: Model, *, resumed: bool) -> None:
    """If it is ``resumed``, lets the run at ``folder``, finished or not, continue under ``plan``.

    Raises as ``goes_on`` does; and ArtifactError for weights that are not those of a ``model``.
    """
    if not resumed or not goes_on(folder, plan):
        _refuse_other_weights(folder, model)
    else:
        note = recorded(folder)
        with storage_errors(folder), held(folder, folder):
            facts = {key: note.facts[key] for name in KINDS if (key := f"{name}_path") in note.facts}
            begun = plan.unfinished(_written(folder), facts)
            _refuse_other_weights(folder, model)
            put(folder / PLAN, sealed(begun.model_dump()), lambda _: plan_of(folder) is not None)


def _refuse_other_weights(folder: Path, model: Model) -> None:
    """Raises ArtifactError if the system of the run at ``folder``, a plugin's, has become another one."""
    note, checkpoints = plan_of(folder) or manifest_of(folder), folder / CHECKPOINTS
    if note is None or not has_checkpoint(checkpoints, LAST):
        return
    if part(shapes(checkpoints, LAST), "model") != {name: [*one.shape] for name, one in model.state_dict().items()}:
        raise ArtifactError(f"{other_weights(folder, note.model_dump())}, or choose another --out.")


def _written(folder: Path) -> list[str]:
    """The files of a run that will be overwritten. Raises ArtifactError for one that is not as it was written, and for
    one that is missing and needed.
    """
    plan, manifest, mine = plan_of(folder), manifest_of(folder), owned(folder)
    if plan or not manifest:
        return plan.wrote if plan else []
    names = [*manifest.files, *apart_files(folder)]
    for name in names:
        if os.path.lexists(folder / name):
            if not mine.file(folder, name):
                raise in_the_way(folder / name)
        elif name == LOG or name.startswith(f"{CHECKPOINTS}/"):
            raise ArtifactError(f"{folder / name} is missing. Restore it: {folder} cannot go on without it.")
    return [CHECKPOINTS, *names]


def _refuse_less(folder: Path, config: Mapping[str, Any]) -> None:
    checkpoints = folder / CHECKPOINTS
    if not has_checkpoint(checkpoints, LAST):
        return
    position = load_state(checkpoints, LAST)
    for key in ("max_steps", "epochs", "patience"):
        least = position[f"least_{key.removeprefix('max_')}"]
        if 0 < config[key] < least:
            raise ConfigError(f"{key} {config[key]}: what {folder} has done already takes {least}. Give as many.")


def _refuse_adapted(folder: Path) -> None:
    """Raises ArtifactError if people were adapted to the run as it is: they would not fit a longer one."""
    if manifest_of(folder / PEOPLE):
        raise ArtifactError(
            f"{folder / PEOPLE} holds people that the run was adapted to as it is now. Move that folder away to let "
            "the run go on, and run 'pwae adapt' again afterwards."
        )


def _without_budget(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {**plan, "config": {key: value for key, value in plan["config"].items() if key not in BUDGET}}
