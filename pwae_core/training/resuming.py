"""Whether what stands at --out may be continued: runs are made in place, so that they can be watched and resumed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pwae_core.artifacts import MANIFEST, PLAN, Plan, describe_difference
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.files import locked, storage_errors, to_json, write_bytes
from pwae_core.training.checkpoints import LAST, has_checkpoint, load_state


def refuse_other_unfinished(folder: Path, plan: Plan) -> None:
    """Raises ArtifactError when ``folder`` holds an unfinished run that ``plan`` would not continue but wipe."""
    if (folder / PLAN).is_file() and not (folder / MANIFEST).is_file():
        differing = describe_difference(_read(folder / PLAN), _plain(plan))
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
    path = next((folder / name for name in (PLAN, MANIFEST) if (folder / name).is_file()), None)
    if path is None:
        raise ArtifactError(f"{folder} holds no run to resume. Leave --resume out to start one.")
    old, new = _read(path), _plain(plan)
    differing = describe_difference(_without(old, may_differ), _without(new, may_differ))
    if differing:
        raise ArtifactError(f"{folder} cannot be resumed with other settings ({differing}). Choose another --out.")
    if describe_difference(old, new):
        _refuse_less(folder, new["config"])
    with storage_errors(folder), locked(folder):
        if describe_difference(old, new):
            write_bytes(folder / PLAN, to_json(new))
        if (folder / PLAN).is_file():
            (folder / MANIFEST).unlink(missing_ok=True)


def _refuse_less(folder: Path, config: Mapping[str, Any]) -> None:
    checkpoints = folder / "checkpoints"
    if not has_checkpoint(checkpoints, LAST):
        return
    position = load_state(checkpoints, LAST)
    for key, done in (("max_steps", position["step"]), ("epochs", position["epoch"] + 1)):
        if 0 < config[key] < done:
            raise ConfigError(f"{key} {config[key]}: {folder} has trained for {done} already. Give at least as many.")


def _read(path: Path) -> dict[str, Any]:
    try:
        plan: dict[str, Any] = json.loads(path.read_bytes())
        return {"pwae": plan["pwae"], "inputs": plan["inputs"], "config": plan["config"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged. Train again with --force.") from error


def _plain(plan: Plan) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(to_json(plan.to_dict()))
    return values


def _without(plan: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {**plan, "config": {key: value for key, value in plan["config"].items() if key not in keys}}
