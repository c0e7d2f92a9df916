"""Checkpoints: a safetensors file, and a small JSON file that points to it, with its hash and the position in training.

The tensors are first written to disk under a name of their own; then the pointer is replaced in one step. So a
checkpoint is either complete or still the previous one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from pwae_core.artifacts import token_of
from pwae_core.artifacts.ownership import bears_its_hash, is_sealed
from pwae_core.errors import ArtifactError
from pwae_core.files import hash_file, in_the_way, sealed, unsealed, write_bytes

LAST, BEST = "last", "best"
T = TypeVar("T")


def save_checkpoint(folder: Path, name: str, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Writes the checkpoint ``name`` of a run, replacing the previous one.

    Raises ArtifactError, and writes nothing, if a file that is not ours has its name.
    """
    folder.mkdir(exist_ok=True)
    token = token_of(folder.parent)
    data = save({key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()})
    digest = hashlib.sha256(data).hexdigest()
    path = folder / f"{name}-{state['step']}-{digest[:8]}.safetensors"
    pointer = folder / f"{name}.json"
    for place, is_ours in ((path, bears_its_hash), (pointer, is_sealed)):
        if os.path.lexists(place) and not is_ours(place):
            raise in_the_way(place)
    write_bytes(path, data, token)
    write_bytes(pointer, sealed({"file": path.name, "sha256": digest, "state": dict(state)}), token)
    for old in folder.glob(f"{name}-*.safetensors"):
        if old != path and bears_its_hash(old):
            old.unlink()


def copy_checkpoint(folder: Path, name: str, copy: str) -> None:
    """Makes ``copy`` point to the checkpoint ``name``. Raises ArtifactError if that is missing or damaged."""
    save_checkpoint(folder, copy, *load_checkpoint(folder, name, torch.device("cpu")))


def drop_checkpoint(folder: Path, name: str) -> None:
    """Removes a checkpoint, if it exists."""
    pointer = folder / f"{name}.json"
    if is_sealed(pointer):
        pointer.unlink()
    for path in folder.glob(f"{name}-*.safetensors"):
        if bears_its_hash(path):
            path.unlink()


def has_checkpoint(folder: Path, name: str) -> bool:
    return (folder / f"{name}.json").is_file()


def load_checkpoint(folder: Path, name: str, device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the state of a checkpoint. Raises ArtifactError if it is missing or damaged.

    The tensors are aligned to 64 bytes, as new ones are: otherwise matrix products may round differently.
    """
    pointer = _read_pointer(folder, name)
    path = folder / pointer["file"]
    if not path.is_file() or hash_file(path) != pointer["sha256"]:
        raise _damaged(path)
    try:
        return {name: tensor.clone() for name, tensor in load_file(path, str(device)).items()}, pointer["state"]
    except SafetensorError as error:
        raise _damaged(path) from error


def shapes(folder: Path, name: str) -> dict[str, list[int]]:
    """The shapes of a checkpoint's tensors, by name. Raises ArtifactError if it is missing or damaged."""
    path = folder / _read_pointer(folder, name)["file"]
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_slice(key).get_shape() for key in file.keys()}  # noqa: SIM118 - it is no dictionary
    except (OSError, SafetensorError) as error:
        raise _damaged(path) from error


def load_state(folder: Path, name: str) -> dict[str, Any]:
    """Only the state of a checkpoint. Raises ArtifactError if it is missing or damaged."""
    state: dict[str, Any] = _read_pointer(folder, name)["state"]
    return state


def _read_pointer(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    if not path.is_file():
        raise ArtifactError(f"{path} is missing: the run has no '{name}' checkpoint yet. Let 'pwae train' continue.")
    pointer = unsealed(path.read_bytes())
    if pointer is None or not {"file", "sha256", "state"} <= pointer.keys():
        raise _damaged(path)
    return pointer


def _damaged(path: Path) -> ArtifactError:
    return ArtifactError(
        f"{path} is damaged: its bytes are not those that were saved. Restore it, or move it away and train again with "
        "--force."
    )


def part(tensors: Mapping[str, T], prefix: str) -> dict[str, T]:
    """The tensors (or what is known of them) whose names begin with ``prefix.``, by their names without it."""
    return {key[len(prefix) + 1 :]: value for key, value in tensors.items() if key.startswith(prefix + ".")}


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{key}": value for key, value in tensors.items()}
