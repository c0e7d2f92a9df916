"""Workbooks, read back by openpyxl: every text a string, drop-downs in place, the same bytes every time."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from forms import ENGLISH

from pwae_core.human_eval.sheets import xlsx_file
from pwae_core.human_eval.sheets.sheet import Row, Sheet
from pwae_core.human_eval.sheets.xlsx_file import to_xlsx

ATTACKS = [
    "=1+1",
    "{=1+1}",
    "+1",
    "-1",
    "@SUM(1)",
    '=HYPERLINK("file:///x","y")',
    "http://example.com",
    "mailto:a@example.com",
    "internal:Items!A1",
    "12345",
    "1e5",
    "TRUE",
    "1-2",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "<r><t>raw</t></r>",
    "<r></si></sst>",
    "</t></si>&amp;<![CDATA[x]]>",
    "_x0041_",
    "'quoted",
    "\u2068שלום\u2069",
    "\U0001f600",
    "x" * 32_000,
    "(empty)",
]


def sheet(*responses: str, history: str = "• so\n• it is") -> Sheet:
    rows = [Row(n, f"bcdf-ghjk-mn{n:02d}", "A: hi\n→ B responds", history, text) for n, text in enumerate(responses, 1)]
    return Sheet(1, tuple(rows), ENGLISH)


def read(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def test_every_cell_is_what_was_written() -> None:
    items = read(to_xlsx(sheet(*ATTACKS)))["Items"]
    assert items.max_row == len(ATTACKS) + 1
    for number, text in enumerate(ATTACKS, start=1):
        no, item, conversation, history, response, *ratings = items[number + 1]
        assert (no.value, no.data_type) == (number, "n")
        assert (item.value, conversation.value) == (f"bcdf-ghjk-mn{number:02d}", "A: hi\n→ B responds")
        assert history.value == "• so\n• it is"
        shown = response.value.removesuffix(" ") if text.endswith("</r>") else response.value
        assert shown == text
        assert {cell.data_type for cell in (item, conversation, history, response)} == {"s"}
        assert all(cell.value is None for cell in ratings)
        assert not any(cell.hyperlink for cell in items[number + 1])


def test_there_is_no_formula_link_macro_comment_or_hidden_thing() -> None:
    with zipfile.ZipFile(io.BytesIO(to_xlsx(sheet(*ATTACKS)))) as archive:
        names = archive.namelist()
        pages = [archive.read(name).decode() for name in names if name.startswith("xl/worksheets/sheet")]
        book = archive.read("xl/workbook.xml").decode()
    assert len(pages) == 2
    assert not any(re.search(r"<f[ >]|<hyperlink|<is>|hidden", page) for page in pages)
    assert "hidden" not in book
    assert not [n for n in names if "rels" in n and "worksheets" in n], "a sheet refers to something outside itself"


def test_ratings_have_drop_downs_in_every_row_and_nowhere_else() -> None:
    items = read(to_xlsx(sheet("a", "b", "c")))["Items"]
    rules = {str(one.sqref): (one.type, one.formula1) for one in items.data_validations.dataValidation}
    assert rules == {
        "F2:F4": ("list", '"1,2,3"'),
        "G2:G4": ("list", '"1,2,3"'),
        "H2:H4": ("list", '"0,1"'),
    }
    assert [ENGLISH.columns[index] for index in (5, 6, 7)] == ["readability", "informativeness", "personalisation"]


def test_the_sheet_reads_well() -> None:
    items = read(to_xlsx(sheet("a", "b")))["Items"]
    assert items.freeze_panes == "A2"
    assert [cell.value for cell in items[1]] == [
        "no",
        "item",
        "conversation",
        "earlier utterances",
        "response",
        "readability\n(1-3)",
        "informativeness\n(1-3)",
        "personalisation\n(0-1)",
        "comment",
    ]
    assert all(cell.alignment.wrap_text for cell in items[2])
    assert items.protection.sheet
    assert [cell.protection.locked for cell in items[2]] == [True] * 5 + [False] * 4


def test_long_texts_widen_their_column_until_a_row_can_hold_them() -> None:
    short, long = (read(to_xlsx(sheet("a", history="• " + "字" * size)))["Items"] for size in (10, 700))
    assert short.column_dimensions["D"].width == pytest.approx(46.71, abs=0.01)
    assert long.column_dimensions["D"].width == pytest.approx(80.71, abs=0.01)
    assert short.row_dimensions[2].height < long.row_dimensions[2].height <= 409


def test_the_instructions_come_first_with_the_three_questions() -> None:
    book = read(to_xlsx(sheet("a")))
    assert book.sheetnames == ["Instructions", "Items"]
    text = "\n".join(str(cell.value) for row in book["Instructions"] for cell in row if cell.value)
    for words in (
        "Is the response grammatically formed and smooth?",
        "Does the response contain informative words?",
        "Does the response resemble any of the responder's earlier utterances?",
        "1 = bad, 2 = normal, 3 = good",
        "0 = bad (no), 1 = normal (yes)",
    ):
        assert words in text


def test_the_same_sheet_gives_the_same_bytes_with_fixed_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    data = to_xlsx(sheet(*ATTACKS))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("USER", "somebody")
    assert to_xlsx(sheet(*ATTACKS)) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = read(data).properties
    assert not properties.creator
    assert not properties.lastModifiedBy
    assert properties.created.isoformat() == properties.modified.isoformat() == "2000-01-01T00:00:00"


def test_more_rows_than_a_sheet_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "MOST_ROWS", 2)
    with pytest.raises(xlsx_file.ConfigError, match=r"^contexts: 3 items are more than the 2 rows of a sheet\.$"):
        to_xlsx(sheet("a", "b", "c"))
