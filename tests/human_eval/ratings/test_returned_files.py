"""Returned files: whatever the bytes are, they are read or refused in one line."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pwae_core.errors import InputError
from pwae_core.human_eval.ratings import returned_files
from pwae_core.human_eval.ratings.cells import is_header
from pwae_core.human_eval.ratings.returned_files import Formula, find, read

HEADER = "item;readability;informativeness;personalisation"


def workbook() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    page = book.active
    assert page is not None
    page.append(["item", "readability"])
    page.append(["bcdf-ghjk-mnpq", 3, 2.0, True, "=A1"])
    book.create_sheet("more").append(["x"])
    book.save(buffer)
    return buffer.getvalue()


WORKBOOK = workbook()


def test_every_page_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "called.csv"
    path.write_bytes(WORKBOOK)
    first, second = read(path, is_header)
    assert (first.name, second.name) == ("called.csv, Sheet", "called.csv, more")
    assert first.rows[1] == ["bcdf-ghjk-mnpq", 3, 2, True, Formula("=A1")]
    assert second.rows == [["x"]]


@pytest.mark.parametrize("above", ["", "sep=;\r\n", "rated on Monday, by me; thanks\n\n"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_text_with_lines_above_the_header(tmp_path: Path, above: str, ending: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text((above + HEADER + "\nx;1;2;0\n").replace("\r\n", "\n").replace("\n", ending), newline="")
    (grid,) = read(path, is_header)
    assert [row for row in grid.rows if row][-2:] == [HEADER.split(";"), ["x", "1", "2", "0"]]


def is_read_or_refused(path: Path) -> bool:
    try:
        return len(read(path, is_header)) >= 1
    except InputError as error:
        return str(error).startswith((str(path), f"Cannot read {path}"))


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    assert is_read_or_refused(path)


@given(st.integers(4, len(WORKBOOK) - 1), st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_workbook_with_a_broken_byte_is_read_or_refused(tmp_path: Path, place: int, value: int) -> None:
    path = tmp_path / "any.xlsx"
    path.write_bytes(WORKBOOK[:place] + bytes([value]) + WORKBOOK[place + 1 :])
    assert is_read_or_refused(path)


def test_a_workbook_that_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(3 << 20))
    monkeypatch.setattr(returned_files, "MOST_BYTES", 2 << 20)
    with pytest.raises(InputError, match=r"bomb\.xlsx would unpack to more than 2 MiB: that is no sheet\."):
        read(path, is_header)


def test_what_a_folder_holds(tmp_path: Path) -> None:
    names = ("b.xlsx", "a.CSV", "~$b.xlsx", ".~lock.a.csv#", "INSTRUCTIONS.txt", "a.html", "tasks.json", "notes.pdf")
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "folder.csv").mkdir()
    assert [path.name for path in find([tmp_path])] == ["a.CSV", "b.xlsx"]
    assert [path.name for path in find([tmp_path / name for name in ("a.html", "b.xlsx", "notes.pdf")])] == [
        "b.xlsx",
        "notes.pdf",
    ]
