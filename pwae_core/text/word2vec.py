"""Reads word vectors that others trained, in word2vec's text and binary formats, compressed or not.

The format is recognised from the content. The file is streamed: only the wanted words' vectors are kept, so a file of
many gigabytes takes no more memory than the vocabulary. A text file without the first line "words dimension" (GloVe's)
is read too; whether it is complete cannot be checked then.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwae_core.errors import InputError
from pwae_core.inputs import unpacked
from pwae_core.text.numbers import to_float

HEAD = 1 << 20
LONGEST_LINE = 1 << 22
LONGEST_WORD = 1 << 16
LONGEST_NUMBER = 18
CHUNK = 1 << 20
MORE = "more"
LARGEST = 1e9
"""Largest value: the squares of a whole table of these can be summed in float32, and no real vector is near it."""

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """The vectors found: ``vectors[id]`` of shape (dimension,). ``rows`` is the number in the whole file; ``notes`` say
    what was skipped.
    """

    dimension: int
    rows: int
    vectors: Mapping[int, Vector]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Format:
    """``announced`` is None if the file has no first line that counts its vectors."""

    announced: int | None
    dimension: int
    binary: bool


class _Row(NamedTuple):
    """``values`` are a text row's fields, or a binary row's float32 in little-endian order."""

    place: str
    word: bytes
    values: list[bytes] | bytes


def read_vectors(path: Path, ids: Mapping[str, int], advance: Callable[[int], None] = lambda _: None) -> WordVectors:
    """The vectors in ``path`` of the words in ``ids``, by id; ``advance`` gets the number of bytes read from disk.

    A word matches the file's word of the same spelling; if there is none, the first that differs only in Unicode
    composition. Rows whose word is cut inside a character, or occurred before, are skipped and reported. Raises
    InputError, with the line (text) or the row (binary), if the file cannot be read or is not a word2vec file, if a row
    has another dimension, if a value is not finite or exceeds LARGEST, or if the number of vectors is not the one
    announced in the first line.
    """
    found = _Found({word.encode("utf-8", "surrogatepass"): number for word, number in ids.items()})
    rows = told = 0
    with unpacked(path) as stream:
        shape, head = _recognise(path, stream)
        reader = _binary_rows if shape.binary else _text_rows
        for row in reader(path, _Buffer(stream, head), shape):
            rows += 1
            found.add(path, row)
            if rows % 4096 == 0:
                advance(stream.position() - told)
                told = stream.position()
    _check_count(path, shape, rows)
    return WordVectors(shape.dimension, rows, {**found.composed, **found.vectors}, found.notes())


class _Found:
    """The vectors of the words in ``wanted``: ``vectors`` of their own spelling, ``composed`` of another composition;
    and how often, and where first, a word was ``cut`` or ``repeated``.
    """

    def __init__(self, wanted: Mapping[bytes, int]) -> None:
        self.wanted = wanted
        self.by_composition = {_composed(word): number for word, number in wanted.items()}
        self.vectors: dict[int, Vector] = {}
        self.composed: dict[int, Vector] = {}
        self.cut: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()

    def add(self, path: Path, row: _Row) -> None:
        """Keeps the row's vector if its word is wanted. Raises InputError if it is not a vector of numbers."""
        number = self.wanted.get(row.word)
        if number is not None and number not in self.vectors:
            self.vectors[number] = _vector(path, row)
        elif number is not None:
            self.repeated[f"{row.word.decode()!r} in {row.place}" if not self.repeated else MORE] += 1
        elif not row.word.isascii():
            self._add_composed(path, row)

    def _add_composed(self, path: Path, row: _Row) -> None:
        try:
            number = self.by_composition.get(_composed(row.word))
        except UnicodeDecodeError:
            self.cut[f"{row.word[:40]!r} in {row.place}" if not self.cut else MORE] += 1
            return
        if number is not None:
            self.composed.setdefault(number, _vector(path, row))

    def notes(self) -> tuple[str, ...]:
        kinds = {"that is not UTF-8": self.cut, "that occurred before": self.repeated}
        return tuple(
            f"Skipped: {found.total():,} of its rows, for a word {kind} (the first: {next(iter(found))})."
            for kind, found in kinds.items()
            if found
        )


def _composed(word: bytes) -> str:
    """The word in Unicode's composed form (NFC). Raises UnicodeDecodeError for one that is cut inside a character."""
    return unicodedata.normalize("NFC", word.decode())


class _Buffer:
    """A stream that is read in large pieces and consumed in small ones."""

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self.stream, self.data, self.start = stream, head, 0

    def until(self, border: bytes, at_most: int) -> bytes | None:
        """What precedes the next ``border`` (which is skipped); None if that is not within ``at_most`` bytes."""
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
        """What remains after the last border, once no more can be read."""
        return self.take(LONGEST_LINE)

    def _more(self) -> bool:
        piece = self.stream.read(CHUNK)
        self.data, self.start = self.data[self.start :] + piece, 0
        return bool(piece)


def _recognise(path: Path, stream: BinaryIO) -> tuple[_Format, bytes]:
    """The file's format, and the bytes that were read to recognise it, without a header line."""
    head = stream.read(HEAD).removeprefix(codecs.BOM_UTF8)
    if not head:
        raise InputError(f"{path} is empty.")
    first, _, rest = head.partition(b"\n")
    fields = first.split()
    if len(fields) == 2 and all(field.isdigit() and len(field) <= LONGEST_NUMBER for field in fields):
        announced, dimension = map(int, fields)
        if 0 < dimension <= LONGEST_LINE // 4:
            return _Format(announced, dimension, _is_binary(rest, dimension)), rest
    elif len(fields) > 2 and all(map(_is_number, fields[1:])):
        return _Format(None, len(fields) - 1, binary=False), head
    raise InputError(
        f"{path}, line 1: neither 'number-of-words dimension' nor a word and its values: not a word2vec file, text or "
        f"binary. Unpack it if it is an archive (ZIP, tar). Otherwise save the vectors in word2vec's format (in "
        f"gensim: save_word2vec_format)."
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
        to_float(field)
    except ValueError:
        return False
    return True


def _text_rows(path: Path, buffer: _Buffer, shape: _Format) -> Iterator[_Row]:
    """Spaces or tabs, as many as there are, separate the values. A word may contain spaces (". . ." does in published
    files), but a row may not have more values than the dimension. Blank lines may end a file.
    """
    number, blank = (0 if shape.announced is None else 1), 0
    while True:
        line = buffer.until(b"\n", LONGEST_LINE)
        last = line is None
        line = (buffer.rest() if line is None else line).rstrip()
        number += 1
        if line:
            if blank:
                raise InputError(f"{path}, line {blank}: it is blank, and vectors follow it. Remove the line.")
            yield _text_row(path, f"line {number}", line, shape.dimension)
        if last:
            return
        blank = blank or (0 if line else number)


def _text_row(path: Path, place: str, line: bytes, dimension: int) -> _Row:
    word, *values = line.rsplit(None, dimension)
    if line[:1].isspace() and len(values) == dimension - 1:
        word, values = b"", [word, *values]
    extra = word.split()[1:]
    if len(values) != dimension or (extra and all(map(_is_number, extra))):
        found = len(line.split()) - 1
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
    if left := buffer.rest().strip():
        raise InputError(f"{path}: at least {len(left)} bytes follow the {shape.announced} vectors it announces.")


def _vector(path: Path, row: _Row) -> Vector:
    try:
        values = np.frombuffer(row.values, "<f4") if isinstance(row.values, bytes) else list(map(to_float, row.values))
    except ValueError as error:
        raise InputError(f"{path}, {row.place}: {error}.") from error
    vector = np.array(values, dtype=np.float64)
    if not (np.abs(vector) <= LARGEST).all():
        wrong, word = vector[~(np.abs(vector) <= LARGEST)][0], row.word.decode()
        raise InputError(
            f"{path}, {row.place}: the vector of {word!r} holds {wrong:g}, beyond ±{LARGEST:g}. Is the file damaged?"
        )
    return vector.astype(np.float32)


def _check_count(path: Path, shape: _Format, rows: int) -> None:
    if shape.announced is not None and rows != shape.announced:
        raise InputError(f"{path}: {rows} whole vectors, the first line announces {shape.announced}: truncated?")
