"""Files that annotators send back, as grids of cells: XLSX and CSV in whatever dialect a spreadsheet saved it.

What a file is, is told by its bytes, not by its name. Nothing here knows what the cells mean.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwae_core.errors import InputError

DELIMITERS = ",;\t|"
ENCODINGS = ("utf-8", "gb18030")  # tried in this order; what is neither is read as Latin-1
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MOST_BYTES = 1 << 30  # of an unpacked workbook
ENDINGS = (".xlsx", ".csv", ".tsv", ".txt")
LEFT_OUT = (".html", ".json", ".xml")  # a page itself holds no ratings, and neither do the tasks of other tools
NO_SHEETS = ("INSTRUCTIONS.txt",)  # stands in the annotators' folder, beside the sheets
HEADER_WITHIN = 20  # rows; people write something above it

Header = Callable[[Sequence[object]], bool]  # whether a row has the columns' names


@dataclass(frozen=True)
class Formula:
    """A cell that computes its value."""

    text: str


@dataclass(frozen=True)
class Grid:
    """One page of a file. ``page`` is the worksheet's name, "" in a text file; ``rows`` from the first on."""

    path: Path
    page: str
    rows: Sequence[Sequence[object]]

    @property
    def name(self) -> str:
        return f"{self.path.name}, {self.page}" if self.page else self.path.name


def find(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: in a folder, those that can be sheets. Raises InputError where there are none."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise InputError(f"{path} does not exist.")
        inside = [path] if path.is_file() else sorted(path.iterdir())
        own = [one for one in inside if _may_be_a_sheet(one) or (one == path and path.suffix.lower() not in LEFT_OUT)]
        if not own and path.is_dir():
            raise InputError(f"{path} holds no .xlsx or .csv file.")
        found |= dict.fromkeys(one for one in own if one.name not in NO_SHEETS)
    if not found:
        raise InputError("None of the files is a sheet. Give the .xlsx or .csv files that were sent back.")
    return list(found)


def _may_be_a_sheet(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in ENDINGS and not path.name.startswith(("~$", "."))


def read(path: Path, header: Header) -> list[Grid]:
    """Every page of a file. Raises InputError for a file that is neither XLSX nor text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    if data.startswith(ZIP):
        return list(_workbook(path, data))
    if data.startswith(OLE) or b"\x00\x00\x00" in data[:4096]:
        raise InputError(f"{path} is neither XLSX nor CSV, or has a password. Save it as .xlsx without one.")
    return [_dialects(path, _decoded(data), header)]


def _workbook(path: Path, data: bytes) -> Iterator[Grid]:
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise InputError(f"{path} would unpack to more than {MOST_BYTES >> 20} MiB: that is no sheet.")
            if "xl/workbook.xml" not in archive.namelist():
                raise InputError(f"{path} is no XLSX workbook. Save it as .xlsx or .csv.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that openpyxl drops when it writes; nothing is written
            book = openpyxl.load_workbook(io.BytesIO(data))
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001, RUF100 - openpyxl raises whatever a broken part makes it stumble over
        raise InputError(f"{path} is a damaged workbook ({type(error).__name__}). Save it again as .xlsx.") from error
    if not book.worksheets:
        raise InputError(f"{path} has no worksheet. Give the workbook with the page of the items.")
    for page in book.worksheets:
        yield Grid(path, page.title, [[_value(cell) for cell in row] for row in page.iter_rows()])


def _value(cell: Any) -> object:
    return Formula(str(cell.value)) if cell.data_type == "f" else cell.value


def _decoded(data: bytes) -> str:
    for mark, encoding in BOMS.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    zeros = [data[start:2000:2].count(0) for start in (0, 1)]
    if max(zeros) > len(data[:2000]) // 8:
        return data.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace")
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _dialects(path: Path, text: str, header: Header) -> Grid:
    """The text read with the delimiter that makes a header of one of its first rows; else with a comma."""
    grids = [Grid(path, "", rows) for delimiter in DELIMITERS if (rows := _rows(text, delimiter)) is not None]
    if not grids:
        raise InputError(f"{path} is no CSV: a quotation mark in it is never closed. Save it again as .csv.")
    return next((grid for grid in grids if any(map(header, grid.rows[:HEADER_WITHIN]))), grids[0])


def _rows(text: str, delimiter: str) -> list[list[str]] | None:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return None
