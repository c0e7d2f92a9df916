"""JSON documents, read value by value: arrays, objects that hold arrays, objects one after another over many lines.

A document is walked along the paths that a reader asks for. The values there are passed on one by one, so memory holds
only one of them at a time.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from pwae_core.corpus.readers.values import shorten
from pwae_core.errors import InputError

Path = tuple[str, ...]
ITEM = "*"
"""Matches any item of an array in a path."""
Enter = Callable[[Path, str], bool]

CHUNK = 1 << 20
LONGEST_VALUE = 64 << 20
BLANK = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()
CUT_SHORT = "it ends in the middle; was it truncated?"


def walk(handle: BinaryIO, name: str, enter: Enter) -> Iterator[tuple[Path, Any]]:
    """The values of a document with their paths, in order; several documents may follow each other.

    ``enter(path, opening)``: whether the array (``[``) or object (``{``) at a path is walked through or passed on
    whole; the top has the path ``()``. Raises InputError if it is not JSON, not UTF-8, truncated or nested too deeply,
    or if a value exceeds 64 MiB.
    """
    text = _Text(handle, name)
    while text.peek():
        yield from _walk(text, (), enter)


def rows_of_array(path: Path, opening: str) -> bool:
    """An ``Enter``: the items of an array, or objects that follow each other."""
    return not path and opening == "["


def _walk(text: _Text, path: Path, enter: Enter) -> Iterator[tuple[Path, Any]]:
    opening = text.peek()
    if opening == "[" and enter(path, opening):
        for _ in text.parts("]"):
            yield from _walk(text, (*path, ITEM), enter)
    elif opening == "{" and enter(path, opening):
        for _ in text.parts("}"):
            key = text.value()
            if not isinstance(key, str) or text.peek() != ":":
                raise text.wrong("a name and a colon are expected")
            text.at += 1
            yield from _walk(text, (*path, key), enter)
    else:
        yield path, text.value()


class _Text:
    """The part of a document that has been read but not passed on, from ``at`` on; more is read when needed."""

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self.handle, self.name = handle, name
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.buffer, self.at, self.lines, self.over = "", 0, 1, False

    def more(self, size: int = CHUNK) -> bool:
        """Reads more; returns whether there was anything."""
        if self.over:
            return False
        data = self.handle.read(size)
        self.lines += self.buffer.count("\n", 0, self.at)
        self.over = not data
        try:
            self.buffer, self.at = self.buffer[self.at :] + self.decoder.decode(data, final=self.over), 0
        except UnicodeDecodeError as error:
            line = self.lines + self.buffer.count("\n", self.at) + data.count(b"\n", 0, max(error.start, 0))
            raise InputError(
                f"{self.name}, line {line} is not UTF-8 (byte 0x{error.object[error.start]:02x}). "
                "Convert the file to UTF-8 first."
            ) from error
        return not self.over

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            found = BLANK.match(self.buffer, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                return ""

    def parts(self, closing: str) -> Iterator[None]:
        """Stops before each part of the array or object that begins here, and after it."""
        self.at += 1
        if self.peek() == closing:
            self.at += 1
            return
        while True:
            yield
            after = self.peek()
            if after not in (",", closing):
                raise self.wrong(f"a comma or {closing} is expected" if after else CUT_SHORT)
            self.at += 1
            if after == closing:
                return

    def value(self) -> Any:
        """The value that begins here."""
        self.peek()
        size = CHUNK
        while True:
            try:
                value, end = DECODER.raw_decode(self.buffer, self.at)
                if end < len(self.buffer) or self.over:  # the rest of a number may be still to come
                    self.at = end
                    return value
            except json.JSONDecodeError as error:
                if self.over:
                    raise self.wrong(CUT_SHORT if error.pos >= len(self.buffer) else "") from error
                if len(self.buffer) - self.at > LONGEST_VALUE:
                    raise self.wrong(f"or has a value over {LONGEST_VALUE >> 20} MiB") from error
            except RecursionError as error:
                raise self.wrong("its values are nested too deeply") from error
            except ValueError as error:
                raise self.wrong("a number has thousands of digits") from error
            self.more(size)
            size *= 2

    def wrong(self, why: str) -> InputError:
        line = self.lines + self.buffer.count("\n", 0, self.at)
        shown = shorten(self.buffer[self.at : self.at + 60].strip())
        return InputError(f"{self.name}, line {line} is not valid JSON{f' ({why})' if why else ''}: {shown}.")
