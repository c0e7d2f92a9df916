"""Bytes on disk: hashes, files written whole or not at all, the operating system's refusals in one line."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pwae_core.errors import InputError, StorageError


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turns the operating system's refusals to write under ``folder`` into one StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "the disk is full; free some space",
            errno.EDQUOT: "your disk quota is used up; free some space",
            errno.EACCES: "the folder may not be written; choose another --out",
            errno.EPERM: "the folder may not be written; choose another --out",
            errno.EROFS: "the file system is read-only; choose another --out",
            errno.ENOTDIR: "part of the path is a file; choose another --out",
            errno.EEXIST: "a file of that name stands there; choose another --out",
        }.get(error.errno or 0)
        if advice is None:
            raise
        raise StorageError(f"Cannot write {folder}: {advice}.") from error


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Raises InputError when it cannot be read."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error


def hash_strings(strings: Iterable[str]) -> str:
    """The SHA-256 of a sequence of strings, the order and the borders between them included."""
    digest = hashlib.sha256()
    for text in strings:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def to_json(value: object) -> bytes:
    """The one way this project writes JSON to disk: sorted keys, UTF-8, a final newline."""
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: a neighbour is written, synced and renamed."""
    neighbour = path.with_name(f".{path.name}.new")
    with neighbour.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    neighbour.rename(path)
