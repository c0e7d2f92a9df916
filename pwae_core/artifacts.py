"""Artifacts: checked, atomic folders of Parquet tables that remember what made them.

A stage asks ``standing`` whether what it would make is there already, then fills a ``draft``: a hidden folder
beside the target that is renamed to the target when complete. A killed stage leaves only the draft, which the next
one wipes (or continues, where the stage can resume). Nothing in an artifact depends on when or by whom it was
made, so two runs of the same command can be compared byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core import __version__, files
from pwae_core.errors import ArtifactError
from pwae_core.schemas import ARTIFACTS, STAGE_OF_KIND, conform

MANIFEST = "manifest.json"
PLAN = "plan.json"
ROW_GROUP = 65_536


@dataclass(frozen=True)
class Plan:
    """What makes an artifact: everything that, when equal, makes the artifact equal.

    ``inputs`` maps a name (``corpus``, ``raw/0:part.jsonl``) to the SHA-256 of what was read.
    """

    kind: str
    config: Mapping[str, Any]
    inputs: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "stage": STAGE_OF_KIND[self.kind],
            "pwae": __version__,
            "config": dict(self.config),
            "inputs": dict(self.inputs),
        }


@dataclass(frozen=True)
class Artifact:
    """A complete artifact on disk. ``facts`` are the stage's own results: counts, vocabulary hash, coverage."""

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
        """The checked path of one of the artifact's files. Raises ArtifactError when its bytes have changed."""
        path = self.folder / name
        recorded = self.manifest["files"].get(name)
        if recorded is None or not path.is_file():
            raise ArtifactError(f"{path} is missing. Run 'pwae {self.manifest['stage']}' again with --force.")
        if files.hash_file(path) != recorded["sha256"]:
            raise ArtifactError(
                f"{path} is damaged: its bytes are not those that its manifest records. "
                f"Run 'pwae {self.manifest['stage']}' again with --force."
            )
        return path

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """One of the artifact's tables, checked against its recorded hash and its schema."""
        schema = ARTIFACTS[self.manifest["kind"]][name]
        table = pq.read_table(self.path(name), columns=columns, memory_map=True)
        expected = pa.schema([schema.field(c) for c in columns]) if columns else schema
        if not table.schema.equals(expected):
            raise ArtifactError(
                f"{self.folder / name} has the columns {table.schema.names}, expected {expected.names} with the "
                f"types of pwae {__version__}. Run 'pwae {self.manifest['stage']}' again with --force."
            )
        return table


@dataclass
class Draft:
    """An artifact being made: write its tables, then set ``facts``; leaving the ``draft`` block completes it."""

    folder: Path
    plan: Plan
    facts: dict[str, Any] = field(default_factory=dict)
    _rows: dict[str, int] = field(default_factory=dict)

    def write(self, name: str, table: pa.Table) -> None:
        """Writes one whole table; its columns must be exactly the schema's (names, order, no nulls)."""
        with self.writer(name) as write:
            write(table)

    @contextmanager
    def writer(self, name: str) -> Iterator[Any]:
        """Yields ``write(table)`` for tables that come in pieces; the row groups do not depend on the pieces."""
        schema = ARTIFACTS[self.plan.kind][name]
        pending: list[pa.Table] = []
        count = 0
        with pq.ParquetWriter(self.folder / name, schema, compression="zstd") as parquet:

            def flush(at_least: int) -> None:
                nonlocal pending
                table = pa.concat_tables(pending) if pending else schema.empty_table()
                start = 0
                while table.num_rows - start >= at_least:
                    parquet.write_table(table.slice(start, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                    start += ROW_GROUP
                pending = [table.slice(start)] if start < table.num_rows else []

            def write(table: pa.Table) -> None:
                nonlocal count
                pending.append(conform(table, schema, name))
                count += table.num_rows
                if sum(t.num_rows for t in pending) >= ROW_GROUP:
                    flush(ROW_GROUP)

            yield write
            flush(1)
        self._rows[name] = count


def load(folder: Path, kind: str) -> Artifact:
    """The artifact at ``folder``. Raises ArtifactError when there is none, or it is of another kind."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(_missing(folder, kind))
    raw = path.read_bytes()
    manifest = _parsed(raw)
    if manifest is None or not {"facts", "files"} <= manifest.keys():
        raise ArtifactError(f"{path} is damaged: not a manifest of pwae. Make the artifact again with --force.")
    if manifest["kind"] != kind:
        raise ArtifactError(
            f"{folder} holds {manifest['kind']} (of 'pwae {manifest['stage']}'), expected {kind} "
            f"(of 'pwae {STAGE_OF_KIND[kind]}')."
        )
    return Artifact(folder, manifest, hashlib.sha256(raw).hexdigest())


def _parsed(raw: bytes) -> dict[str, Any] | None:
    """The plan or manifest in ``raw``, None where it is neither."""
    try:
        note: dict[str, Any] = json.loads(raw)
        nested = [note["inputs"], note["config"], note.get("facts", {}), note.get("files", {})]
        names = [note["kind"], note["stage"], note["pwae"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    whole = all(isinstance(part, dict) for part in nested) and all(isinstance(name, str) for name in names)
    return note if whole else None


def _missing(folder: Path, kind: str) -> str:
    stage = STAGE_OF_KIND[kind]
    if (folder / PLAN).is_file():
        return f"{folder} is an unfinished {kind}. Run the same 'pwae {stage}' command again to complete it."
    if _draft_folder(folder).is_dir():
        return f"{folder} was not completed by 'pwae {stage}'. Run that command again."
    return f"{folder} holds no {kind}. Run 'pwae {stage}' first."


def standing(folder: Path, plan: Plan, force: bool) -> Artifact | None:
    """The artifact at ``folder`` if it is what ``plan`` would make, None if there is nothing or it may be replaced.

    Raises ArtifactError when something else stands there. ``force`` lets an artifact of the same kind be replaced,
    damaged or made differently; never what another stage or anybody else made.
    """
    if _is_vacant(folder) or (_is_ours(folder, plan.kind) and force):
        return None
    if not (folder / MANIFEST).is_file():
        if _is_ours(folder, plan.kind):
            return None
        raise ArtifactError(f"{folder} exists and is not an artifact of pwae. Choose another --out.")
    artifact = load(folder, plan.kind)
    difference = describe_difference(artifact.manifest, json.loads(files.to_json(plan.to_dict())))
    if difference:
        raise ArtifactError(
            f"{folder} stands, made differently ({difference}). Choose another --out, or --force to replace it."
        )
    (folder / PLAN).unlink(missing_ok=True)
    return artifact


def _is_vacant(folder: Path) -> bool:
    """Whether nothing is there, or nothing but a plan that was being written when its process was killed."""
    return not folder.exists() or (folder.is_dir() and {path.name for path in folder.iterdir()} <= {f".{PLAN}.new"})


def _is_ours(folder: Path, kind: str) -> bool:
    """Whether ``folder`` holds a ``kind``: complete, unfinished, or with a manifest that can no longer be read."""
    notes = [folder / name for name in (MANIFEST, PLAN) if (folder / name).is_file()]
    parsed = [_parsed(path.read_bytes()) for path in notes]
    if not any(parsed):
        return bool(notes) and any((folder / name).is_file() for name in ARTIFACTS[kind])
    return any(note["kind"] == kind for note in parsed if note)


def describe_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What differs between two plans, in a few words; empty when they make the same artifact."""
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


def _draft_folder(folder: Path) -> Path:
    folder = folder.resolve()
    return folder.parent / f".{folder.name}.partial"


@contextmanager
def draft(folder: Path, plan: Plan, *, resume: bool = False, in_place: bool = False) -> Iterator[Draft]:
    """A new artifact: filled in the block, completed when the block ends, absent when it raises.

    ``resume`` goes on with what an interrupted draft of the same plan left; anything else found there is wiped.
    ``in_place`` works in the target folder itself (a training run can be watched); it is complete when it has a
    manifest. Either keeps its work when the block raises. Raises StorageError when the folder cannot be written, or
    another process is writing it.
    """
    folder = folder.resolve()
    work = folder if in_place else _draft_folder(folder)
    with files.storage_errors(folder), files.locked(work):
        try:
            _prepare(work, plan, resume)
            made = Draft(work, plan)
            yield made
            _seal(made)
        except BaseException:
            if not (resume or in_place):
                files.empty(work)
                work.rmdir()
            raise
        if not in_place:
            files.replace_folder(folder, work)


def _prepare(work: Path, plan: Plan, resume: bool) -> None:
    plan_file = work / PLAN
    wanted = files.to_json(plan.to_dict())
    if resume and plan_file.is_file() and plan_file.read_bytes() == wanted:
        files.remove_neighbours(work)
        (work / MANIFEST).unlink(missing_ok=True)
        return
    files.empty(work)
    files.write_bytes(plan_file, wanted)


def _seal(made: Draft) -> None:
    recorded: dict[str, dict[str, object]] = {}
    for path in sorted(made.folder.rglob("*")):
        name = path.relative_to(made.folder).as_posix()
        if path.is_file() and name != PLAN:
            recorded[name] = {"sha256": files.hash_file(path)}
            if path.suffix == ".parquet":
                recorded[name]["rows"] = made._rows.get(name, pq.read_metadata(path).num_rows)
    files.write_bytes(
        made.folder / MANIFEST, files.to_json(made.plan.to_dict() | {"facts": made.facts, "files": recorded})
    )
    (made.folder / PLAN).unlink()


def same_vocabulary(one: Artifact, two: Artifact) -> None:
    """Refuses two artifacts that do not speak the same vocabulary, naming both. Raises ArtifactError."""
    if one.facts["vocabulary"] != two.facts["vocabulary"]:
        raise ArtifactError(
            f"{one.folder} (vocabulary {one.facts['vocabulary'][:12]}) and {two.folder} (vocabulary "
            f"{two.facts['vocabulary'][:12]}) were made from different vocabularies. Use artifacts of one corpus."
        )
