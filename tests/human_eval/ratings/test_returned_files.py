"""Returned files: whatever the bytes are, they are read or refused in one line."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from pathlib import Path

import openpyxl
import pytest
from forms import ENGLISH
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pwae_core.errors import InputError
from pwae_core.human_eval.ratings import grid, returned_files, workbook
from pwae_core.human_eval.ratings.cells import is_header
from pwae_core.human_eval.ratings.grid import Formula, Grid
from pwae_core.human_eval.ratings.returned_files import Found, find, load
from pwae_core.human_eval.ratings.returned_files import read as read_bytes

HEADER = "item;readability;informativeness;personalisation"


def read(path: Path) -> list[Grid]:
    return read_bytes(path, load(path), lambda row: is_header(row, ENGLISH))


def test_reading_a_short_file_leaves_others_readable(tmp_path: Path) -> None:
    """The longest field of a CSV is a limit of the whole process."""
    (tmp_path / "a.csv").write_text(f"{HEADER}\nbcdf;3;2;1\n")
    before = csv.field_size_limit()
    read(tmp_path / "a.csv")
    assert csv.field_size_limit() >= before


def made_workbook() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    page = book.active
    assert page is not None
    page.append(["item", "readability"])
    page.append(["bcdf-ghjk-mnpq", 3, 2.0, True, "=A1"])
    book.create_sheet("more").append(["x"])
    book.save(buffer)
    return buffer.getvalue()


WORKBOOK = made_workbook()


def test_every_page_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "called.csv"
    path.write_bytes(WORKBOOK)
    first, second = read(path)
    assert (first.name, second.name) == ("called.csv, Sheet", "called.csv, more")
    assert first.rows[2] == ["bcdf-ghjk-mnpq", 3, 2, True, Formula("=A1")]
    assert second.rows == {1: ["x"]}


@pytest.mark.parametrize("above", ["", "sep=;\r\n", "rated on Monday, by me; thanks\n\n"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_text_with_lines_above_the_header(tmp_path: Path, above: str, ending: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text((above + HEADER + "\nx;1;2;0\n").replace("\r\n", "\n").replace("\n", ending), newline="")
    (grid,) = read(path)
    assert list(grid.rows.values())[-2:] == [HEADER.split(";"), ["x", "1", "2", "0"]]


def is_read_or_refused(path: Path) -> bool:
    try:
        return len(read(path)) >= 1
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
        archive.writestr("xl/workbook.xml", b"<" * (3 << 20))
    with pytest.raises(
        InputError, match=r"bomb\.xlsx has too many cells for a sheet\. Delete the rows below the items"
    ):
        read(path)
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 2 << 20)
    with pytest.raises(InputError, match=r"bomb\.xlsx would unpack to 3 MiB: that is not a sheet\."):
        read(path)


@pytest.mark.parametrize(("stray", "rows"), [("XFD999999", 2), ("XFD3", 2), ("A1048576", 3), ("C999999", 3)])
def test_only_the_cells_that_exist_are_read(tmp_path: Path, stray: str, rows: int) -> None:
    """A cell far below is a row of its own; one far to the right is in no column that is read."""
    book = openpyxl.load_workbook(io.BytesIO(WORKBOOK))
    book["Sheet"][stray] = "x"
    book.save(tmp_path / "stray.xlsx")
    found = read(tmp_path / "stray.xlsx")[0].rows
    assert len(found) == rows
    assert found[2] == ["bcdf-ghjk-mnpq", 3, 2, True, Formula("=A1")]
    assert sum(map(len, found.values())) <= 10


def test_a_workbook_whose_rows_have_absurd_numbers(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<row r="2"', b'<row r="4000000000"'))
    assert list(read(path)[0].rows) == [1]


def test_formulas_of_every_kind(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page["A1"] = "=1+0"
    page["B1"] = openpyxl.worksheet.formula.ArrayFormula("B1:B2", "=A1:A2*2")
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx")[0].rows[1] == [Formula("=1+0"), Formula("=A1:A2*2")]


def test_a_quotation_mark_that_swallows_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for text in ('x;1;2;"0\ny;1;2;1\n', 'x;1;2;"0" or so\n'):
        path.write_text(HEADER + "\n" + text)
        with pytest.raises(
            InputError, match=r"a\.csv is not valid CSV: a quotation mark before line \d is never closed, or"
        ):
            read(path)


def test_a_remark_of_many_pages(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEADER};comment\nx;1;2;0;{'long ' * 50_000}\n")
    assert read(tmp_path / "a.csv")[0].rows[2][4] == "long " * 50_000


def test_a_text_file_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MOST_ROWS", 100)
    monkeypatch.setattr(returned_files, "MOST_BYTES", 2 << 20)
    (tmp_path / "rows.csv").write_text("a\n" * 101)
    with pytest.raises(InputError, match=r"rows\.csv has more than 100 rows: that is not a sheet\."):
        read(tmp_path / "rows.csv")
    (tmp_path / "large.csv").write_bytes(b"," * (2 << 20) + b",")
    with pytest.raises(InputError, match=r"large\.csv is larger than 2 MiB: that is not a sheet\."):
        read(tmp_path / "large.csv")
    (tmp_path / "wide.csv").write_bytes(b"a" + b"," * 100_000 + b"a")
    assert read(tmp_path / "wide.csv")[0].rows == {1: ["a"]}


def test_other_workbooks_are_told_from_damaged_ones(tmp_path: Path) -> None:
    for name, words in (("content.xml", "another kind of workbook"), ("x.xml", "no XLSX workbook")):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, "<a/>")
        with pytest.raises(InputError, match=rf"a\.zip is {words}\. Save it as \.xlsx or \.csv\."):
            read(tmp_path / "a.zip")


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), (Path("/dev/null"), "a device"), (Path("/dev/zero"), "a device")):
        assert find([path]).files == (path,)
        with pytest.raises(InputError, match=rf"is {kind}, not a file\."):
            load(path)


def test_what_a_folder_holds(tmp_path: Path) -> None:
    """Everything is either read or named, with what to do about it."""
    names = ("b.xlsx", "a.CSV", "c.json", "~$b.xlsx", ".~lock.a.csv#", "INSTRUCTIONS.txt", "label-studio.xml", "a.html")
    for name in (*names, "notes.pdf", "d.ods", "e.xls", "f.zip", "g.csv.gz", "h.TAR"):
        (tmp_path / name).touch()
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    found = find([tmp_path])
    assert [path.name for path in found.files] == ["a.CSV", "b.xlsx", "c.json"]
    assert {Path(one.path).name: one.why for one in found.passed_over} == {
        "~$b.xlsx": "a hidden or temporary file",
        ".~lock.a.csv#": "a hidden or temporary file",
        "INSTRUCTIONS.txt": "no sheet",
        "label-studio.xml": "no sheet",
        "a.html": "the page itself holds no ratings: give the .csv that it saved",
        "notes.pdf": "not named like a sheet",
        "d.ods": "save it as .xlsx, and give that file",
        "e.xls": "save it as .xlsx, and give that file",
        **dict.fromkeys(("f.zip", "g.csv.gz", "h.TAR"), "unpack it, and give what is in it"),
        "folder.csv": "a folder: give it too",
        "pipe.csv": "no regular file",
        "gone.csv": "no regular file",
    }
    assert len(found.files) + len(found.passed_over) == len(list(tmp_path.iterdir()))


def test_what_is_given_by_name_is_read_whatever_its_name(tmp_path: Path) -> None:
    for name in ("a.html", "b.xlsx", "notes.pdf", ".hidden"):
        (tmp_path / name).touch()
    found = find([tmp_path / name for name in ("a.html", "b.xlsx", "notes.pdf", ".hidden")])
    assert [path.name for path in found.files] == ["b.xlsx", "notes.pdf", ".hidden"]
    assert [one.path for one in found.passed_over] == [str(tmp_path / "a.html")]


def test_a_file_given_twice_is_read_once_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes.pdf").touch()
    (tmp_path / "a.csv").touch()
    found = find([tmp_path, tmp_path / "notes.pdf", tmp_path / "a.csv"])
    assert found == Found((tmp_path / "a.csv", tmp_path / "notes.pdf"), ())


def test_no_sheet_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^None of the files is a sheet: an empty folder\. Give the \.xlsx or \.csv"):
        find([tmp_path])
    (tmp_path / "a.ods").touch()
    with pytest.raises(InputError, match=r"a\.ods \(save it as \.xlsx, and give that file\)\. Give the"):
        find([tmp_path])
    for path, words in ((tmp_path / "no", "no does not exist."), (tmp_path / ("x" * 300), "File name too long.")):
        with pytest.raises(InputError, match=words):
            find([path])
