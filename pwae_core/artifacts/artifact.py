"""Complete artifacts: opened, with everything that is read from them checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core import __version__, files
from pwae_core.artifacts.notes import MANIFEST, Note, damaged, manifest_of, plan_of
from pwae_core.artifacts.ownership import staging_folder
from pwae_core.errors import ArtifactError
from pwae_core.schemas import ARTIFACTS, STAGE_OF_KIND


@dataclass(frozen=True)
class Artifact:
    """A complete artifact on disk. ``facts`` are the stage's own results: counts, vocabulary hash, coverage.

    ``fingerprint`` is the SHA-256 of the manifest without the environment, so it does not depend on where it was made.
    """

    folder: Path
    manifest: Mapping[str, Any]
    fingerprint: str

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.manifest["facts"]
        return facts

    @property
    def config(self) -> Mapping[str, Any]:
        config: Mapping[str, Any] = self.manifest["config"]
        return config

    def rows(self, name: str) -> int:
        return int(self.manifest["files"][name]["rows"])

    def path(self, name: str) -> Path:
        """The path of one of the artifact's files, checked. Raises ArtifactError if its bytes have changed."""
        path = self.folder / name
        recorded = self.manifest["files"].get(name)
        if recorded is None or not path.is_file():
            raise ArtifactError(f"{path} is missing. Run 'pwae {self.manifest['stage']}' again with --force.")
        if files.hash_file(path) != recorded["sha256"]:
            raise ArtifactError(
                f"{path} is damaged: its bytes are not those that its manifest records. "
                f"Move it away. Run 'pwae {self.manifest['stage']}' again with --force."
            )
        return path

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """One of the artifact's tables, checked against its recorded hash and its schema."""
        schema = ARTIFACTS[self.manifest["kind"]][name]
        table = pq.read_table(self.path(name), columns=columns, memory_map=True)
        expected = pa.schema([schema.field(c) for c in columns]) if columns is not None else schema
        if not table.schema.equals(expected):
            raise ArtifactError(
                f"{self.folder / name} has the columns {table.schema.names}, expected {expected.names} with the "
                f"types of pwae {__version__}. Run 'pwae {self.manifest['stage']}' again with --force."
            )
        return table


def load(folder: Path, kind: str) -> Artifact:
    """The artifact at ``folder``. Raises ArtifactError if there is none, or if it is of another kind or altered."""
    manifest = manifest_of(folder)
    if manifest is None:
        raise (
            damaged(folder / MANIFEST) if os.path.lexists(folder / MANIFEST) else ArtifactError(_missing(folder, kind))
        )
    if is_unfinished(folder):
        raise ArtifactError(_missing(folder, kind))
    refuse_other_kind(folder, manifest, kind)
    content = manifest.model_dump(exclude_unset=True)
    itself = {key: value for key, value in content.items() if key != "environment"}
    return Artifact(folder, content, hashlib.sha256(files.to_json(itself)).hexdigest())


def kind_of(folder: Path) -> str:
    """The kind of the artifact at ``folder``, by its manifest. Raises ArtifactError if it cannot be read."""
    manifest = manifest_of(folder)
    if manifest is None:
        raise damaged(folder / MANIFEST)
    if manifest.kind not in STAGE_OF_KIND:
        raise ArtifactError(f"{folder} holds {manifest.kind!r}, which this version of pwae does not know.")
    return manifest.kind


def is_unfinished(folder: Path) -> bool:
    """Whether a plan in ``folder`` is for something that its manifest, if there is one, does not describe."""
    plan, manifest = plan_of(folder), manifest_of(folder)
    if plan is None:
        return False
    return manifest is None or any(getattr(plan, key) != getattr(manifest, key) for key in Note.model_fields)


def refuse_other_kind(folder: Path, note: Note, kind: str) -> None:
    if note.kind != kind:
        raise ArtifactError(
            f"{folder} holds {note.kind} (of 'pwae {note.stage}'), expected {kind} (of 'pwae {STAGE_OF_KIND[kind]}')."
        )


def _missing(folder: Path, kind: str) -> str:
    stage = STAGE_OF_KIND[kind]
    if plan_of(folder):
        return f"{folder} is an unfinished {kind}. Run the same 'pwae {stage}' command again to complete it."
    place = folder.resolve()
    if place.name and plan_of(staging_folder(place)):
        return f"{folder} was not completed by 'pwae {stage}'. Run that command again."
    return f"{folder} holds no {kind}. Run 'pwae {stage}' first."


def same_vocabulary(one: Artifact, two: Artifact) -> None:
    """Raises ArtifactError, which names both, if two artifacts have different vocabularies."""
    if one.facts["vocabulary"] != two.facts["vocabulary"]:
        raise ArtifactError(
            f"{one.folder} (vocabulary {one.facts['vocabulary'][:12]}) and {two.folder} (vocabulary "
            f"{two.facts['vocabulary'][:12]}) were made from different vocabularies. Use artifacts of one corpus."
        )
