"""Opens the user's files. A pipe, a device, a folder or an impossible name is refused at once, in one line, so nothing
hangs or is read for ever. ``opened`` is for files that are read in pieces, ``unpacked`` for those that may be
compressed, ``text`` for small ones that are read whole, ``arriving`` for lines that are answered while more are still
to come.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import select
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from backports import zstd

from pwae_core.errors import InputError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST_TEXT = 64 << 20
"""Maximum bytes of a file that is read whole: settings, a template, somebody's utterances."""

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    **{bytes((number, 0x2A, 0x4D, 0x18)): "zstd" for number in range(0x50, 0x60)},  # skippable frames may come first
}
ENDINGS = (".gz", ".bz2", ".xz", ".zst")
LARGEST_WINDOW = 31
"""Base 2 logarithm of the largest zstd window that is decompressed: Reddit dumps need it, and 2 GiB of memory."""

CHUNK = 1 << 16


def without_packing(path: Path) -> Path:
    """What the file would be called if it were not compressed."""
    return path.with_suffix("") if path.suffix in ENDINGS else path


def opened(path: Path, shown: str = "") -> io.BufferedReader:
    """A regular file, open for reading; ``shown`` is what messages call it, by default its path.

    Raises InputError if it cannot be read, and at once if it is not a regular file.
    """
    name = shown or str(path)
    try:
        kind = _other_kind(path.stat().st_mode)
        if kind:
            raise InputError(f"{name} is {kind}, not a file. {_advice(kind)}")
        return path.open("rb")
    except OSError as error:
        raise _unreadable(name, error) from error
    except ValueError as error:
        raise InputError(f"{name!r} is not a file name: {error}.") from error


def unpacked(path: Path, shown: str = "") -> Unpacked:
    """A regular file as a stream of bytes, decompressed if its first bytes are those of gzip, bzip2, xz or zstd.

    Raises InputError as ``opened`` does; reading raises it if the compressed data is damaged or truncated.
    """
    raw = opened(path, shown)
    name = shown or str(path)
    try:
        return Unpacked(raw, name)
    except OSError as error:
        raw.close()
        raise _unreadable(name, error) from error


class Unpacked(io.BufferedReader):
    """A file that is decompressed while it is read. ``packing`` is gzip, bzip2, xz or zstd; empty: not compressed."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        head = file.read(max(map(len, MAGIC)))
        file.seek(0)
        self.packing = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "")
        self._file = file
        super().__init__(_Checked(_stream(file, self.packing), name, self.packing), 1 << 18)

    def position(self) -> int:
        """How many bytes of the file on disk have been read."""
        return self._file.tell()

    def close(self) -> None:
        super().close()
        self._file.close()


class _Checked(io.RawIOBase):
    """A stream whose errors are InputErrors that name the file."""

    def __init__(self, stream: Any, name: str, packing: str) -> None:
        self.stream, self.shown, self.packing = stream, name, packing

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        try:
            return int(self.stream.readinto(buffer))
        except OSError as error:
            if error.errno:
                raise _unreadable(self.shown, error) from error
            raise self._damaged() from error
        except (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError) as error:
            raise self._damaged() from error

    def _damaged(self) -> InputError:
        return InputError(f"{self.shown}: the {self.packing} data is damaged or truncated. Fetch it again.")


def _stream(file: BinaryIO, packing: str) -> Any:
    if packing == "gzip":
        return gzip.GzipFile(fileobj=file)
    if packing == "bzip2":
        return bz2.BZ2File(file)
    if packing == "xz":
        return lzma.LZMAFile(file)
    if packing == "zstd":
        return zstd.ZstdFile(file, options={zstd.DecompressionParameter.window_log_max: LARGEST_WINDOW})
    return file


def text(path: Path) -> str:
    """A small file of UTF-8 text, with or without a byte order mark; pipes are read too (``<(...)``). Its
    lines end with ``\\n``, whatever ends them in the file.

    Raises InputError if it cannot be read, is larger than LARGEST_TEXT, or is not UTF-8 (with the line).
    """
    raw = _whole(path)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: not UTF-8 text. Save the file as UTF-8.") from error


def _whole(path: Path) -> bytes:
    pipe = _is_pipe(path)
    with _open_pipe(path) if pipe else opened(path) as handle:
        try:
            raw = handle.read(LARGEST_TEXT + 1)
        except OSError as error:
            raise _unreadable(str(path), error) from error
    if pipe and not raw:
        raise InputError(f"{path} is a pipe without data. Is anything writing to it?")
    if len(raw) > LARGEST_TEXT:
        raise InputError(f"{path} is larger than {LARGEST_TEXT >> 20} MiB. Is it the right file?")
    return raw


class Arriving:
    """The lines of ``stream`` as they arrive: a batch is what has arrived so far. Messages call the stream ``name``.

    A stream that does not block is made to: otherwise a pause would look like its end.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        with suppress(OSError, ValueError):  # bytes in memory, a packed file
            os.set_blocking(stream.fileno(), True)
        self.stream, self.name = stream, name
        self._waiting, self._ended, self._line = bytearray(), False, 0

    def some(self, most: int, longest: int) -> list[tuple[int, bytes]]:
        """The next lines and their numbers; none at the end. Waits for one line, and returns at most ``most`` of those
        that have arrived. Lines are cut at ``longest`` bytes.

        Raises InputError if the stream cannot be read.
        """
        lines: list[tuple[int, bytes]] = []
        while len(lines) < most:
            line = self._next(longest, wait=not lines)
            if line is None:
                break
            self._line += 1
            lines.append((self._line, line))
        return lines

    def _next(self, longest: int, *, wait: bool) -> bytes | None:
        """The next line; None at the end, or if it has not arrived and must not be waited for."""
        kept, searched = b"", 0
        while (end := self._waiting.find(b"\n", searched)) < 0 and not self._ended:
            if len(kept) + len(self._waiting) >= longest:
                kept = (kept + bytes(self._waiting))[:longest]
                self._waiting.clear()
            elif not wait and not self._is_there():
                return None
            searched = len(self._waiting)
            self._read()
        end = len(self._waiting) if end < 0 else end + 1
        line = (kept + bytes(self._waiting[:end]))[:longest]
        del self._waiting[:end]
        return line or None

    def _read(self) -> None:
        try:
            piece = self.stream.read1(CHUNK)  # type: ignore[attr-defined]
        except OSError as error:
            raise _unreadable(self.name, error) from error
        self._ended = not piece
        self._waiting += piece

    def _is_there(self) -> bool:
        """Whether reading would return at once, with data or the end. ``read1`` leaves nothing behind in a buffer."""
        try:
            return bool(select.select([self.stream], [], [], 0)[0])
        except (OSError, ValueError):  # nothing that the operating system knows: bytes in memory, a packed file
            return True


@contextmanager
def arriving(path: Path) -> Iterator[Arriving]:
    """The lines of a file, compressed or not, or of a named pipe that has a writer. Raises InputError."""
    with _open_pipe(path) if _is_pipe(path) else unpacked(path) as stream:
        yield Arriving(stream, str(path))


def _is_pipe(path: Path) -> bool:
    try:
        return path.is_fifo()
    except OSError:
        return False


def _open_pipe(path: Path) -> BinaryIO:
    """A pipe that has a writer; one without a writer counts as ended instead of being waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _unreadable(str(path), error) from error
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def _other_kind(mode: int) -> str:
    """What kind of thing this is if it is not a regular file; empty for a regular file."""
    kinds = {
        stat.S_IFREG: "",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")


def _advice(kind: str) -> str:
    return "Save its output to a file, and name that file." if kind == "a pipe" else "Name a file."


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError(f"Cannot read {name}: {error.strerror or error}.")
