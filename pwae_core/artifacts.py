"""Artifacts: checked, atomic folders of Parquet tables that remember what made them.

A stage asks ``standing`` whether what it would make is there already, then fills a ``draft``: a hidden folder
beside the target that is renamed to the target when complete. A killed stage leaves only the draft, which the next
one wipes (or continues, where the stage can resume). Nothing in an artifact depends on when or where it was made,
so two runs of the same stage can be compared byte for byte.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core import __version__
from pwae_core.errors import ArtifactError, StorageError
from pwae_core.files import hash_file, storage_errors, to_json, write_bytes
from pwae_core.schemas import ARTIFACTS

MANIFEST = "manifest.json"
PLAN = "plan.json"
ROW_GROUP = 65_536
STAGE_OF_KIND = {
    "corpus": "preprocess",
    "vectors": "embed-words",
    "run": "train",
    "responses": "sample",
    "scores": "evaluate",
    "human-eval-key": "human-eval-export",
}


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
        if hash_file(path) != recorded["sha256"]:
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


def conform(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """``table`` with exactly ``schema``'s types. Columns must match by name and order; nulls only where allowed."""
    if table.schema.names != schema.names:
        raise ValueError(f"{name}: columns {table.schema.names}, expected {schema.names}")
    for column in schema:
        if not column.nullable and table[column.name].null_count:
            raise ValueError(f"{name}: column {column.name} has nulls")
    return table.cast(schema)


def load(folder: Path, kind: str) -> Artifact:
    """The artifact at ``folder``. Raises ArtifactError when there is none, or it is of another kind."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(_missing(folder, kind))
    raw = path.read_bytes()
    try:
        manifest = json.loads(raw)
        found = manifest["kind"], manifest["stage"], manifest["files"], manifest["facts"], manifest["config"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged: not a manifest of pwae. Make the artifact again.") from error
    if found[0] != kind:
        raise ArtifactError(
            f"{folder} holds a {found[0]} (of 'pwae {found[1]}'), expected a {kind} (of 'pwae {STAGE_OF_KIND[kind]}')."
        )
    return Artifact(folder, manifest, hashlib.sha256(raw).hexdigest())


def _missing(folder: Path, kind: str) -> str:
    stage = STAGE_OF_KIND[kind]
    if (folder / PLAN).is_file():
        return f"{folder} is an unfinished {kind}. Run the same 'pwae {stage}' command again to complete it."
    if _draft_folder(folder).is_dir():
        return f"{folder} was not completed by 'pwae {stage}'. Run that command again."
    return f"{folder} holds no {kind}. Run 'pwae {stage}' first."


def standing(folder: Path, plan: Plan, force: bool) -> Artifact | None:
    """The artifact at ``folder`` if it is what ``plan`` would make, None if there is nothing or ``force`` is set.

    Raises ArtifactError when something else stands there: nothing is overwritten unasked.
    """
    if force or not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    if not (folder / MANIFEST).is_file():
        if (folder / PLAN).is_file():
            return None
        raise ArtifactError(f"{folder} exists and is not an artifact of pwae. Choose another --out.")
    artifact = load(folder, plan.kind)
    difference = describe_difference(artifact.manifest, plan.to_dict())
    if difference:
        raise ArtifactError(
            f"{folder} stands, made differently ({difference}). Choose another --out, or --force to replace it."
        )
    return artifact


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
    return folder.with_name(f".{folder.name}.partial")


@contextmanager
def draft(folder: Path, plan: Plan, *, resume: bool = False, in_place: bool = False) -> Iterator[Draft]:
    """A new artifact: filled in the block, completed when the block ends, absent when it raises.

    ``resume`` keeps what an interrupted draft of the same plan left; anything else that is found there is wiped.
    ``in_place`` works in the target folder itself (a training run can be watched); it is complete when it has a
    manifest. Raises StorageError when the folder cannot be written, or another process is writing it.
    """
    folder = folder.absolute()
    work = folder if in_place else _draft_folder(folder)
    with storage_errors(folder), _locked(work):
        _prepare(work, plan, resume)
        made = Draft(work, plan)
        try:
            yield made
        except BaseException:
            if not resume:
                _empty(work)
                work.rmdir()
            raise
        _seal(made)
        if not in_place:
            _swap(work, folder)


def _prepare(work: Path, plan: Plan, resume: bool) -> None:
    plan_file = work / PLAN
    wanted = to_json(plan.to_dict())
    if resume and plan_file.is_file() and plan_file.read_bytes() == wanted:
        (work / MANIFEST).unlink(missing_ok=True)
        return
    _empty(work)
    write_bytes(plan_file, wanted)


def _empty(work: Path) -> None:
    for path in work.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _seal(made: Draft) -> None:
    files: dict[str, dict[str, object]] = {}
    for path in sorted(made.folder.rglob("*")):
        name = path.relative_to(made.folder).as_posix()
        if path.is_file() and name != PLAN and not name.startswith("unhashed/"):
            files[name] = {"sha256": hash_file(path)}
            if path.suffix == ".parquet":
                files[name]["rows"] = made._rows.get(name, pq.read_metadata(path).num_rows)
    write_bytes(made.folder / MANIFEST, to_json(made.plan.to_dict() | {"facts": made.facts, "files": files}))
    (made.folder / PLAN).unlink()


def _swap(work: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    work.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(work: Path) -> Iterator[None]:
    work.mkdir(parents=True, exist_ok=True)
    handle = os.open(work, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageError(f"Another process is writing {work}. Wait for it, or choose another --out.") from error
        yield
    finally:
        os.close(handle)


def same_vocabulary(one: Artifact, two: Artifact) -> None:
    """Refuses two artifacts that do not speak the same vocabulary, naming both. Raises ArtifactError."""
    if one.facts["vocabulary"] != two.facts["vocabulary"]:
        raise ArtifactError(
            f"{one.folder} (vocabulary {one.facts['vocabulary'][:12]}) and {two.folder} (vocabulary "
            f"{two.facts['vocabulary'][:12]}) were made from different vocabularies. Use artifacts of one corpus."
        )
