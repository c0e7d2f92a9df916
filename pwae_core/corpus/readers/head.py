"""The beginning of a file, in every form by which a format may be recognised."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from pwae_core.corpus.readers import documents
from pwae_core.errors import InputError
from pwae_core.inputs import unpacked

SIZE = 64 << 10
LONGEST_LINE = 1 << 20
LINES = 20
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Head:
    """``data``: the first 64 KiB or the first line, decompressed; ``packed``: whether the file is compressed."""

    name: str
    data: bytes
    packed: bool = False

    @property
    def blank(self) -> bool:
        return not self.data.removeprefix(codecs.BOM_UTF8).strip()

    @cached_property
    def text(self) -> str:
        """The beginning as text, empty if it is not text; what cannot be decoded is U+FFFD. A few NULs are text."""
        if self.data.startswith(UTF_16):
            return self.data.decode("utf-16", "replace").lstrip()
        text = self.data.decode("utf-8-sig", "replace").lstrip()
        nulls = text.count("\0")
        return "" if nulls > len(text) // 100 or (nulls and "\ufffd" in text[:-1]) else text

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The first twenty lines that are not blank."""
        return tuple(islice((line for line in self.text.split("\n") if line.strip()), LINES))

    @cached_property
    def in_lines(self) -> bool:
        """Whether the first line is a JSON object on its own, or is meant to be one."""
        if not self.text.startswith("{") or not self.lines:
            return False
        return isinstance(_parsed(self.lines[0]), dict) or self.lines[0].rstrip().endswith("}")

    @cached_property
    def records(self) -> tuple[Mapping[str, Any], ...]:
        """The first objects: of JSON lines, of an array, or one after another; of a table, only its header."""
        if self.in_lines:
            found = [_parsed(line) for line in self.lines]
        elif self.text.startswith(("[", "{")):
            found = [value for _, value in self.walked(documents.rows_of_array)]
        else:
            found = [dict.fromkeys(self.header)]
        return tuple(one for one in found if isinstance(one, dict))

    @cached_property
    def members(self) -> Mapping[str, Any]:
        """The top of one JSON object: names with their values (None if a value is cut off)."""
        found: dict[str, Any] = {}

        def enter(path: documents.Path, opening: str) -> bool:
            if len(path) == 1:
                found.setdefault(path[0])
            return not path or (len(path) == 1 and opening == "[")

        if self.text.startswith("{"):
            whole = [(path[0], value) for path, value in self.walked(enter) if len(path) == 1]
            found |= {name: value for name, value in whole if found.get(name) is None}
        return found

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The first line's fields, with the delimiter that gives the most."""
        first = self.text.splitlines()[:1]
        rows = [fields(first[0], one) for one in DELIMITERS] if first else [[]]
        return tuple(field.strip() for field in max(rows, key=len))

    def walked(self, enter: documents.Enter) -> list[tuple[documents.Path, Any]]:
        """The values of a JSON document (see ``documents.walk``) that are complete in the beginning."""
        found: list[tuple[documents.Path, Any]] = []
        try:
            for one in documents.walk(io.BytesIO(self.text.encode("utf-8", "replace")), self.name, enter):
                found.append(one)
        except InputError:
            pass
        return found


def fields(line: str, delimiter: str) -> list[str]:
    """The fields of a line of a table; none if it is not one."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def look(path: Path, name: str) -> Head:
    """The beginning of a file. Raises InputError if it cannot be read."""
    with unpacked(path, name) as handle:
        data = handle.read(SIZE)
        if b"\n" not in data and data.lstrip()[:1] == b"{":
            data += handle.readline(LONGEST_LINE)
        return Head(name, data, bool(handle.packing))


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
