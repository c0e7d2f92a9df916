"""Checkpoints: a safetensors file, and a small JSON file that points at it with its hash and says where training was.

The pointer is replaced in one step after the tensors are on disk, so a checkpoint is whole or the one before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from pwae_core.errors import ArtifactError
from pwae_core.files import hash_file, to_json, write_bytes

LAST, BEST = "last", "best"


def save_checkpoint(folder: Path, name: str, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Writes the checkpoint ``name`` (last or best) of a run, replacing the one before."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{state['step']}.safetensors"
    write_bytes(path, save({key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}))
    pointer = {"file": path.name, "sha256": hash_file(path), "state": dict(state)}
    write_bytes(folder / f"{name}.json", to_json(pointer))
    for old in folder.glob(f"{name}-*.safetensors"):
        if old != path:
            old.unlink()


def has_checkpoint(folder: Path, name: str) -> bool:
    return (folder / f"{name}.json").is_file()


def load_checkpoint(folder: Path, name: str, device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the state of a checkpoint. Raises ArtifactError when it is missing or damaged."""
    pointer_path = folder / f"{name}.json"
    if not pointer_path.is_file():
        raise ArtifactError(
            f"{pointer_path} is missing: the run has no '{name}' checkpoint yet. Let 'pwae train' go on."
        )
    try:
        pointer = json.loads(pointer_path.read_bytes())
        path, expected, state = folder / pointer["file"], pointer["sha256"], dict(pointer["state"])
        if not path.is_file() or hash_file(path) != expected:
            raise _damaged(path)
        return load_file(path, device=str(device)), state
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise _damaged(pointer_path) from error


def _damaged(path: Path) -> ArtifactError:
    return ArtifactError(
        f"{path} is damaged: its bytes are not those that were saved. Train again with --force, or restore the file."
    )


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose name begins with ``prefix.``, without it."""
    return {key[len(prefix) + 1 :]: value for key, value in tensors.items() if key.startswith(prefix + ".")}


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{key}": value for key, value in tensors.items()}
