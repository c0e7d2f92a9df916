"""Bytes on disk: hashes, files that are written whole or not at all, errors of the operating system in one line."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pwae_core.errors import ArtifactError, InputError, StorageError
from pwae_core.inputs import opened

SEAL = "seal"


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turns any operating-system error on writing under ``folder`` into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "the disk is full; free some space",
            errno.EDQUOT: "your disk quota is exhausted; free some space",
            errno.EFBIG: "a file would exceed the size limit here; choose another --out",
            errno.EACCES: "you may not write to the folder; choose another --out",
            errno.EPERM: "you may not write to the folder; choose another --out",
            errno.EROFS: "the file system is read-only; choose another --out",
            errno.ENOTDIR: "part of the path is a file; choose another --out",
            errno.EEXIST: "a file of that name exists; choose another --out",
            errno.ENOTEMPTY: "something else was put there in the meantime; move it away and run the same command "
            "again",
            errno.ENAMETOOLONG: "the name is too long; choose another --out",
        }.get(error.errno or 0)
        if advice is None:
            raise
        raise StorageError(f"Cannot write {folder}: {advice}.") from error


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Raises InputError if it cannot be read or is not a file."""
    try:
        with opened(path) as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error


def hash_strings(strings: Iterable[str]) -> str:
    """The SHA-256 of a sequence of strings, including their order and the borders between them."""
    digest = hashlib.sha256()
    for text in strings:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def to_json(value: object) -> bytes:
    """The one way this project writes JSON to disk: sorted keys, UTF-8, a final newline."""
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's own escape


def sealed(content: Mapping[str, Any]) -> bytes:
    """``content`` as JSON with a seal: the SHA-256 of the JSON without it."""
    return to_json({**content, SEAL: hashlib.sha256(to_json(content)).hexdigest()})


def unsealed(raw: bytes) -> dict[str, Any] | None:
    """What ``sealed`` was given; None if a single bit of ``raw`` differs from what it wrote."""
    try:
        content = json.loads(raw)
        seal = content.pop(SEAL)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return content if isinstance(seal, str) and sealed(content) == raw else None


def write_bytes(path: Path, data: bytes, token: str = "") -> None:
    """Writes a file whole or not at all: a temporary file beside it is written, synced and renamed, or removed on
    failure.

    A temporary file that a kill leaves behind is recognised by ``token``, which no other file has.
    """
    neighbour = path.with_name(f".{path.name}.{token or new_token()}.new")
    write_new(neighbour, data)
    try:
        neighbour.rename(path)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise


def write_new(path: Path, data: bytes) -> None:
    """Writes and syncs a new file. Raises FileExistsError if it exists."""
    with path.open("xb") as handle:
        try:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        except BaseException:
            path.unlink()
            raise


def new_token() -> str:
    """A random name that no file has by accident."""
    return secrets.token_hex(8)


def is_regular(path: Path) -> bool:
    """Whether this is a regular file itself, not a link to one or a folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_vacant(path: Path) -> bool:
    """Whether nothing exists there, or only an empty folder."""
    return not os.path.lexists(path) or (path.is_dir() and not path.is_symlink() and not any(path.iterdir()))


@contextmanager
def locked(folder: Path, target: Path) -> Iterator[None]:
    """Locks ``folder`` against other processes. It is created if necessary, and removed at the end if it is empty.

    Raises StorageError, which names ``target``, if another process has locked it.
    """
    handle = None
    while handle is None:
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
        handle = _hold(folder, target)
    try:
        yield
    finally:
        with suppress(OSError):  # something is in it still
            folder.rmdir()
        os.close(handle)


@contextmanager
def held(folder: Path, target: Path) -> Iterator[None]:
    """Locks an existing ``folder`` against other processes, even if it is moved. Raises StorageError."""
    handle = _hold(folder, target)
    if handle is None:
        raise StorageError(f"Another process has moved {target} away. Run the same command again.")
    try:
        yield
    finally:
        os.close(handle)


def _hold(folder: Path, target: Path) -> int | None:
    """A descriptor that locks ``folder``; None if another process has just removed or moved it."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise in_the_way(folder) if error.errno in (errno.ENOTDIR, errno.ELOOP) else error from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine, there = os.fstat(handle), folder.stat()
    except BlockingIOError as error:
        os.close(handle)
        raise StorageError(f"Another process is writing {target}. Wait for it, or choose another --out.") from error
    except FileNotFoundError:
        os.close(handle)
        return None
    if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino):
        os.close(handle)
        return None
    return handle


def in_the_way(path: Path) -> ArtifactError:
    """The error about something that pwae did not write, where it has to write or remove a file."""
    return ArtifactError(
        f"{path} is in the way, and pwae did not write it, or it has changed since. Move it away first."
    )
