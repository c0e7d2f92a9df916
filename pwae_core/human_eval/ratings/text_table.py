"""Text files as grids: CSV in any encoding and dialect that programs save."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pwae_core.errors import InputError
from pwae_core.human_eval.ratings.grid import HEADER_WITHIN, Grid, Header, filled

DELIMITERS = ",;\t|"
ENCODINGS = ("utf-8", "gb18030")  # tried in this order
WESTERN = "cp1252"  # for text that is neither, or reads as words that no language has
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decoded(data: bytes) -> str:
    """The text of a file in an unknown encoding."""
    for mark, encoding in BOMS.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    zeros = [data[start:2000:2].count(0) for start in (0, 1)]
    if max(zeros) > len(data[:2000]) // 8:
        return data.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace")
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or not _misread(text):
            return text
    return data.decode(WESTERN, "replace")


def _misread(chinese: str) -> bool:
    """Whether text read as Chinese is Western: an accented letter and the letter after it become one character, which
    stands alone and is mostly rare or inside a word.
    """
    runs = list(BEYOND_ASCII.finditer(chinese))
    return 2 * sum(_is_two_letters(one) for one in runs) > len(runs)


def _is_two_letters(run: re.Match[str]) -> bool:
    character = run[0]
    if len(character) > 1 or len(character.encode("gb18030")) > 2:
        return False
    around = run.string[run.start() - 1 : run.start()] + run.string[run.end() : run.end() + 1]
    return not character.encode("gb2312", "ignore") or (len(around) == 2 and around.isalpha())


def read_table(path: Path, text: str, header: Header) -> Grid:
    """Reads the text with the first delimiter that makes one of the first rows a header, else with the one that the
    first line has most of.

    Raises InputError if a quotation mark is misplaced or never closed, because a cell could then swallow rows.
    """
    usual = max(DELIMITERS, key=text.lstrip().partition("\n")[0].count)
    delimiter = next((one for one in DELIMITERS if _has_header(text, one, header)), usual)
    reader = _reader(text, delimiter)
    try:
        return Grid(path, "", filled(path, enumerate(reader, start=1)))
    except csv.Error as error:
        raise InputError(
            f"{path} is not valid CSV: a quotation mark before line {reader.line_num + 1} is never closed, or is "
            "inside a cell. Save it again as .csv."
        ) from error


def _reader(text: str, delimiter: str) -> Any:
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _has_header(text: str, delimiter: str, header: Header) -> bool:
    rows: Iterator[list[str]] = (row for row in _reader(text, delimiter) if any(row))
    try:
        return any(map(header, islice(rows, HEADER_WITHIN)))
    except csv.Error:
        return False
