"""Reads word vectors that others trained: word2vec's text and binary formats, gzipped or not.

The format is recognised by content. The file is streamed: only the wanted words' vectors are kept, so a file of many
gigabytes costs no more memory than the vocabulary. A text file without the first line "words dimension" (GloVe's) is
read too; that it is complete cannot be told then.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwae_core.errors import InputError

GZIP = b"\x1f\x8b"
HEAD = 1 << 20
LONGEST_LINE = 1 << 22
LONGEST_WORD = 1 << 16
CHUNK = 1 << 20

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """The vectors found: ``vectors[id]`` of shape (dimension,). ``rows`` is how many the whole file holds."""

    dimension: int
    rows: int
    vectors: Mapping[int, Vector]


@dataclass(frozen=True)
class _Format:
    """``announced`` is None where the file has no first line that counts its vectors."""

    announced: int | None
    dimension: int
    binary: bool


@dataclass(frozen=True)
class _Row:
    """``values`` are a text row's fields, or a binary row's float32 in little-endian order."""

    place: str
    word: bytes
    values: list[bytes] | bytes


def read_vectors(path: Path, ids: Mapping[str, int], advance: Callable[[int], None] = lambda _: None) -> WordVectors:
    """The vectors in ``path`` of the words in ``ids``, by id; ``advance`` is told how many bytes of disk were read.

    Raises InputError, with the line (text) or the row (binary), for a file that cannot be read or is no word2vec
    file, a word that is not UTF-8 or stands twice, a row of another dimension, a value that is no finite number, and a
    file that ends before the vectors that its first line announces.
    """
    wanted = {word.encode("utf-8", "surrogatepass"): number for word, number in ids.items()}
    places: dict[int, str] = {}
    vectors: dict[int, Vector] = {}
    rows = 0
    with _opened(path) as (stream, position):
        shape, head = _recognise(path, stream)
        reader = _binary_rows if shape.binary else _text_rows
        told = 0
        for row in reader(path, _Buffer(stream, head), shape):
            rows += 1
            _check_utf8(path, row)
            number = wanted.get(row.word)
            if number is not None:
                if number in vectors:
                    word = row.word.decode()
                    raise InputError(f"{path}, {row.place}: the word {word!r} stood in {places[number]} already.")
                places[number], vectors[number] = row.place, _vector(path, row)
            if rows % 4096 == 0:
                advance(position() - told)
                told = position()
    _check_count(path, shape, rows)
    return WordVectors(shape.dimension, rows, vectors)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BufferedIOBase, Callable[[], int]]]:
    """The file's bytes, unpacked if need be, and how far on disk they have been read."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(GZIP)) == GZIP
            raw.seek(0)
            yield (gzip.GzipFile(fileobj=raw) if packed else raw), raw.tell
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: the gzip file is damaged or cut short. Fetch it again.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error


class _Buffer:
    """A stream read in large pieces and taken in small ones."""

    def __init__(self, stream: BufferedIOBase, head: bytes) -> None:
        self.stream, self.data, self.start = stream, head, 0

    def until(self, border: bytes, at_most: int) -> bytes | None:
        """What stands before the next ``border`` (passed over); None when it is not within ``at_most`` bytes."""
        while True:
            found = self.data.find(border, self.start, self.start + at_most)
            if found >= 0:
                piece = self.data[self.start : found]
                self.start = found + len(border)
                return piece
            if len(self.data) - self.start >= at_most or not self._more():
                return None

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer at the end of the file."""
        while len(self.data) - self.start < size and self._more():
            pass
        piece = self.data[self.start : self.start + size]
        self.start += len(piece)
        return piece

    def rest(self) -> bytes:
        """What is left after the last border, when no more can be read."""
        return self.take(LONGEST_LINE)

    def _more(self) -> bool:
        piece = self.stream.read(CHUNK)
        self.data, self.start = self.data[self.start :] + piece, 0
        return bool(piece)


def _recognise(path: Path, stream: BufferedIOBase) -> tuple[_Format, bytes]:
    """The file's format, and the bytes that were read to know it, the first line passed over if it is a header."""
    head = stream.read(HEAD).removeprefix(codecs.BOM_UTF8)
    if not head:
        raise InputError(f"{path} is empty.")
    first, _, rest = head.partition(b"\n")
    fields = first.split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        announced, dimension = map(int, fields)
        if 0 < dimension <= LONGEST_LINE // 4:
            return _Format(announced, dimension, _is_binary(rest, dimension)), rest
    elif len(fields) > 2 and all(map(_is_number, fields[1:])):
        return _Format(None, len(fields) - 1, binary=False), head
    raise InputError(
        f"{path}, line 1: neither 'number-of-words dimension' nor a word and its values: no word2vec file, text or "
        f"binary. Save the vectors in word2vec's format (in gensim: save_word2vec_format)."
    )


def _is_binary(rest: bytes, dimension: int) -> bool:
    """Whether what follows the first word is float32 rather than digits."""
    line, _, _ = rest.partition(b"\n")
    if len(fields := line.split()) > dimension and all(map(_is_number, fields[-dimension:])):
        return False
    values = rest.partition(b" ")[2][: 4 * dimension]
    return any((byte < 32 and byte not in b"\t\r\n") or byte > 126 for byte in values)


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _text_rows(path: Path, buffer: _Buffer, shape: _Format) -> Iterator[_Row]:
    """A word may hold spaces (". . ." does in published files); more values than the dimension may not."""
    number = 1 if shape.announced is None else 2
    while True:
        line = buffer.until(b"\n", LONGEST_LINE)
        last = line is None
        line = (buffer.rest() if line is None else line).rstrip(b" \r")
        if not last or line:
            yield _text_row(path, f"line {number}", line, shape.dimension)
        if last:
            return
        number += 1


def _text_row(path: Path, place: str, line: bytes, dimension: int) -> _Row:
    word, *values = line.rsplit(b" ", dimension)
    extra = word.split(b" ")[1:]
    if len(values) != dimension or (extra and all(map(_is_number, extra))):
        found = len(line.split(b" ")) - 1
        raise InputError(f"{path}, {place}: {found} values after the word, expected {dimension}.")
    return _Row(place, word, values)


def _binary_rows(path: Path, buffer: _Buffer, shape: _Format) -> Iterator[_Row]:
    width = 4 * shape.dimension
    for number in range(1, (shape.announced or 0) + 1):
        place = f"row {number}"
        word = buffer.until(b" ", LONGEST_WORD)
        if word is None and len(buffer.rest().strip()) >= LONGEST_WORD:
            raise InputError(f"{path}, {place}: no word of a reasonable length; the rows before it are damaged.")
        if word is None:
            return
        values = buffer.take(width)
        if len(values) < width:
            return
        yield _Row(place, word.lstrip(b"\n"), values)
    if left := buffer.rest().strip(b"\n"):
        raise InputError(f"{path}: at least {len(left)} bytes follow the {shape.announced} vectors it announces.")


def _check_utf8(path: Path, row: _Row) -> None:
    try:
        row.word.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, {row.place}: the word {row.word[:40]!r} is not UTF-8. Convert the file.") from error


def _vector(path: Path, row: _Row) -> Vector:
    try:
        values = np.frombuffer(row.values, "<f4") if isinstance(row.values, bytes) else list(map(float, row.values))
    except ValueError as error:
        raise InputError(f"{path}, {row.place}: {error}.") from error
    vector = np.array(values, dtype=np.float32)
    if not np.isfinite(vector).all():
        raise InputError(f"{path}, {row.place}: the vector of {row.word.decode()!r} holds a value that is not finite.")
    return vector


def _check_count(path: Path, shape: _Format, rows: int) -> None:
    if shape.announced is not None and rows != shape.announced:
        raise InputError(f"{path}: {rows} whole vectors, the first line announces {shape.announced}: cut short?")
