"""XLSX workbooks as grids of the cells that exist, wherever a stray one is."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pwae_core.errors import InputError
from pwae_core.human_eval.ratings.grid import MOST_COLUMNS, MOST_ROWS, Formula, Grid, filled

MOST_UNPACKED = 1 << 27  # bytes
MOST_TAGS = 1_000_000  # XML tags; a cell takes three or four
OTHER_BOOKS = {"content.xml", "Index/Document.iwa", "xl/workbook.bin"}  # OpenDocument, Numbers, binary Excel


def read_workbook(path: Path, data: bytes) -> list[Grid]:
    """Every worksheet. Raises InputError if it is not an XLSX workbook, is damaged, or unpacks to too much."""
    import openpyxl

    try:
        _check_archive(path, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about features that openpyxl loses when writing; nothing is written here
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
            grids = [Grid(path, page.title, filled(path, _rows(page))) for page in book.worksheets]
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001, RUF100 - openpyxl raises whatever a broken part makes it stumble over
        raise InputError(f"{path} is a damaged workbook ({type(error).__name__}). Save it again as .xlsx.") from error
    if not grids:
        raise InputError(f"{path} has no worksheet. Give the workbook with the page of the items.")
    return grids


def _check_archive(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        size = sum(part.file_size for part in archive.infolist())
        if size > MOST_UNPACKED:
            raise InputError(f"{path} would unpack to {size >> 20:,} MiB: that is not a sheet.")
        tags = sum(_tags(archive, name) for name in names)
    if tags > MOST_TAGS:
        raise InputError(f"{path} has too many cells for a sheet. Delete the rows below the items, or save it as .csv.")
    if "xl/workbook.xml" not in names:
        what = "another kind of workbook" if names.intersection(OTHER_BOOKS) else "no XLSX workbook"
        raise InputError(f"{path} is {what}. Save it as .xlsx or .csv.")


def _tags(archive: zipfile.ZipFile, name: str) -> int:
    with archive.open(name) as part:
        return sum(piece.count(b"<") for piece in iter(lambda: part.read(1 << 20), b""))


def _rows(page: Any) -> Iterator[tuple[int, list[object]]]:
    """The rows by number. The limits are given because openpyxl otherwise believes the size that the file claims."""
    from openpyxl.cell.read_only import EMPTY_CELL

    missing = None
    for number, row in enumerate(page.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS), start=1):
        if row is missing:  # openpyxl gives the same object for every row that the file leaves out
            continue
        if all(cell is EMPTY_CELL for cell in row):
            missing = row
        else:
            yield number, [None if cell is EMPTY_CELL else _value(cell) for cell in row]


def _value(cell: Any) -> object:
    if cell.data_type != "f":
        value: object = cell.value
        return value
    return Formula(str(getattr(cell.value, "text", cell.value)))
