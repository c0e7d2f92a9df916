"""Bytes on disk: hashes, files written whole or not at all, the operating system's refusals in one line."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
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
            errno.EFBIG: "a file would grow larger than is allowed here; choose another --out",
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
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's own escape


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: a neighbour is written, synced and renamed."""
    neighbour = path.with_name(f".{path.name}.new")
    with neighbour.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    neighbour.rename(path)


def remove_neighbours(folder: Path) -> None:
    """Removes what ``write_bytes`` left under ``folder`` when it was killed."""
    for path in folder.rglob(".*.new"):
        path.unlink()


def empty(folder: Path) -> None:
    """Removes everything in ``folder``."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def replace_folder(target: Path, new: Path) -> None:
    """Renames ``new`` to ``target``; what stood there is removed after that."""
    old = target.with_name(f".{target.name}.old")
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes ``folder`` if need be and keeps other processes out of it. Raises StorageError when one is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(f"Another process is writing {folder}. Wait for it, or choose another --out.") from error
        yield
    finally:
        os.close(handle)
