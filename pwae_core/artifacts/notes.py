"""Notes: the JSON files by which pwae knows what it wrote, and that nobody has changed it since.

``manifest.json`` is the note of a complete artifact, ``plan.json`` that of one being made. Both have a mark and a seal
(the hash of their content), are checked against the classes below, and are read only here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pwae_core import __version__, files
from pwae_core.errors import ArtifactError, InputError
from pwae_core.schemas import STAGE_OF_KIND

MANIFEST, PLAN, APART = "manifest.json", "plan.json", "apart.json"
MARK: Literal["made by pwae, format 1"] = "made by pwae, format 1"
BEGINNING = files.to_json({"artifact": MARK})[: -len("\n}\n")]
"""How every note begins."""


def _is_inside(name: str) -> str:
    if name in ("", ".") or name != PurePosixPath(name).as_posix() or name.startswith("/") or ".." in name.split("/"):
        raise ValueError("not the name of a file inside the folder")
    return name


Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, AfterValidator(_is_inside)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileNote(_Shape):
    """A file of an artifact: the hash of its bytes and, for a table, its rows."""

    sha256: Hash
    rows: int | None = Field(None, ge=0)


class Note(_Shape):
    """What notes of complete and of unfinished artifacts have in common."""

    artifact: Literal["made by pwae, format 1"]
    kind: str
    stage: str
    pwae: str
    config: dict[str, Any]
    inputs: dict[str, str]


class ManifestNote(Note):
    """A complete artifact. ``environment`` is what it was made with; it is not part of its identity."""

    environment: dict[str, str | int]
    facts: dict[str, Any]
    files: dict[Name, FileNote]


class PlanNote(Note):
    """An unfinished artifact. ``token`` is in the names of its temporary files; ``wrote`` are its other files so far.

    ``facts`` are those facts of the future manifest that are already known.
    """

    token: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    wrote: list[Name]
    facts: dict[str, Any] = {}


class ApartNote(_Shape):
    """Files with a complete artifact that are ours but not part of its identity, such as when it was made."""

    artifact: Literal["made by pwae, format 1"]
    files: dict[Name, Hash]


N = TypeVar("N", bound=_Shape)


@dataclass(frozen=True)
class Plan:
    """What determines an artifact: if all of it is equal, the artifact is equal.

    ``inputs`` maps a name (``corpus``, ``raw/0:part.jsonl``) to the SHA-256 of what was read.
    """

    kind: str
    config: Mapping[str, Any]
    inputs: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As it is read back from a note."""
        values: dict[str, Any] = json.loads(
            files.to_json(
                {
                    "artifact": MARK,
                    "kind": self.kind,
                    "stage": STAGE_OF_KIND.get(self.kind, ""),
                    "pwae": __version__,
                    "config": dict(self.config),
                    "inputs": dict(self.inputs),
                }
            )
        )
        return values

    def makes(self, note: Note | None) -> bool:
        """Whether ``note`` describes what this plan makes."""
        return note is not None and {key: getattr(note, key) for key in Note.model_fields} == self.to_dict()

    def unfinished(self, wrote: Sequence[str] = (), facts: Mapping[str, Any] | None = None) -> PlanNote:
        """The first note."""
        return PlanNote(**self.to_dict(), token=files.new_token(), wrote=list(wrote), facts=dict(facts or {}))


def write_plan(folder: Path, note: PlanNote) -> None:
    """Replaces the previous note by ``note``."""
    files.write_bytes(folder / PLAN, files.sealed(note.model_dump()), note.token)


def read(path: Path, shape: type[N]) -> N | None:
    """The note at ``path``; None if there is none or it was altered. Raises InputError if it cannot be read."""
    if not files.is_regular(path):
        return None
    try:
        return shape.model_validate(files.unsealed(path.read_bytes()))
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except ValidationError:
        return None


def manifest_of(folder: Path) -> ManifestNote | None:
    return read(folder / MANIFEST, ManifestNote)


def plan_of(folder: Path) -> PlanNote | None:
    return read(folder / PLAN, PlanNote)


def apart_of(folder: Path) -> ApartNote | None:
    return read(folder / APART, ApartNote)


def token_of(folder: Path) -> str:
    """The token of the temporary files of the artifact being made in ``folder``; empty if there is none."""
    plan = plan_of(folder)
    return plan.token if plan else ""


def is_torn_plan(path: Path) -> bool:
    """Whether a plan was cut off while being written: it begins like a plan but does not end."""
    if not files.is_regular(path):
        return False
    raw = path.read_bytes()
    try:
        json.loads(raw)
    except ValueError:
        return raw.startswith(BEGINNING) or BEGINNING.startswith(raw)
    return False


def damaged(path: Path) -> ArtifactError:
    """The error for a note that cannot be trusted: altered, damaged, from pwae 0.1.0 or somebody else's."""
    if _is_unsealed(path):
        return ArtifactError(
            f"{path} was made by pwae 0.1.0, whose manifests have no seal. Make the artifact again, at another --out."
        )
    return ArtifactError(
        f"{path} was altered or damaged, or was not written by pwae: its seal is missing or wrong. "
        "Move the folder away and make the artifact again."
    )


def _is_unsealed(path: Path) -> bool:
    try:
        old = json.loads(path.read_bytes()) if files.is_regular(path) else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(old, dict) and {"kind", "stage", "pwae", "config"} <= old.keys() and files.SEAL not in old


def describe_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What differs between two plans, in a few words; empty if they make the same artifact."""
    words = []
    if old["pwae"] != new["pwae"]:
        words.append(f"pwae {old['pwae']}, now {new['pwae']}")
    for part in ("inputs", "config"):
        before, after = _flat(old[part]), _flat(new[part])
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                one, two = (str(side.get(key, "none"))[:16] for side in (before, after))
                words.append(f"{part[:-1] if part == 'inputs' else part} {key}: {one}, now {two}")
    more = f" and {len(words) - 3} more" if len(words) > 3 else ""
    return "; ".join(words[:3]) + more


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
