"""Sheets as XLSX: drop-downs for ratings, every text an explicit string, identical bytes whenever it is made."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pwae_core.errors import ConfigError
from pwae_core.human_eval.sheets.form import REMARK, Criterion, Form
from pwae_core.human_eval.sheets.sheet import Row, Sheet
from pwae_core.human_eval.sheets.words import WorkbookWords, filled_in

MADE = datetime(2000, 1, 1)  # a fixed date: nobody needs to know when a file was made
MOST_ROWS = 1_048_575
WIDTHS = {"no": 5, "item": 17, "comment": 24}
TEXT_WIDTHS = {"conversation": (44, 60, 80, 110), "history": (46, 60, 80, 110)}
TEXT_WIDTHS |= dict.fromkeys(("response", "other"), (42, 60, 80, 110))
RATING_WIDTH = 16
INSTRUCTION_WIDTHS = (20, 62, 38)
A4 = 9
LINE_POINTS, WIDE_LINE_POINTS, PADDING_POINTS, TALLEST_POINTS = 15.0, 16.5, 8.0, 409.0
LETTER_WIDTH = 0.9  # in digits, the unit of column widths
LONGEST_TITLE, LONGEST_MESSAGE = 32, 255  # characters of the notes on a drop-down
HEADER_COLOUR, RESPONSE_COLOUR, RATING_COLOUR, DONE_COLOUR = "#1F3864", "#EEF4FB", "#FFF8E1", "#E8F5E9"
PLAIN_STRINGS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@dataclass(frozen=True)
class Formats:
    header: Any
    text: Any
    response: Any
    number: Any
    rating: Any
    remark: Any
    done: Any
    heading: Any
    paragraph: Any


def to_xlsx(sheet: Sheet) -> bytes:
    """The whole file. Raises ConfigError if the sheet has more rows than a spreadsheet can hold."""
    import xlsxwriter

    if len(sheet.rows) > MOST_ROWS:
        raise ConfigError(f"contexts: {len(sheet.rows):,} items are more than the {MOST_ROWS:,} rows of a sheet.")
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **PLAIN_STRINGS}) as book:
        words = sheet.form.words
        book.set_properties({"title": words.workbook.title, "author": "", "created": MADE})
        formats = _formats(book)
        pages = [book.add_worksheet(name) for name in (words.workbook.instructions, words.workbook.items)]
        if words.direction == "rtl":
            for page in pages:
                page.right_to_left()
        _write_instructions(pages[0], sheet.form, formats)
        _write_items(pages[1], sheet, formats)
    return buffer.getvalue()


def _formats(book: Any) -> Formats:
    cell = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#BFBFBF"}
    rating = cell | {
        "align": "center",
        "valign": "vcenter",
        "locked": False,
        "bg_color": RATING_COLOUR,
        "font_size": 14,
    }
    return Formats(
        header=book.add_format(
            cell | {"valign": "vcenter", "bold": True, "font_color": "white", "bg_color": HEADER_COLOUR}
        ),
        text=book.add_format(cell | {"num_format": "@", "indent": 1}),
        response=book.add_format(cell | {"num_format": "@", "indent": 1, "bg_color": RESPONSE_COLOUR}),
        number=book.add_format(cell | {"font_color": "#7F7F7F", "align": "center"}),
        rating=book.add_format(rating),
        remark=book.add_format(cell | {"locked": False, "num_format": "@"}),
        done=book.add_format({"bg_color": DONE_COLOUR}),
        heading=book.add_format({"bold": True, "font_size": 13, "font_color": HEADER_COLOUR}),
        paragraph=book.add_format({"text_wrap": True, "valign": "top"}),
    )


def _write_instructions(page: Any, form: Form, formats: Formats) -> None:
    for index, width in enumerate(INSTRUCTION_WIDTHS):
        page.set_column(index, index, width)
    row = 0
    for section in (*form.instructions, form.about_files):
        write_text(page, row, 0, section.heading, formats.heading)
        for row, paragraph in enumerate(section.paragraphs, start=row + 1):  # noqa: B020 - goes on from this row
            _write_across(page, row, paragraph, formats.paragraph)
        for row, criterion in enumerate(section.criteria, start=row + 1):  # noqa: B020
            for index, text in enumerate((criterion.title.capitalize(), criterion.question, criterion.legend)):
                write_text(page, row, index, text, formats.text)
        row += 2
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.protect()


def _write_across(page: Any, row: int, text: str, style: Any) -> None:
    page.set_row(row, _height(text, sum(INSTRUCTION_WIDTHS)))
    page.merge_range(row, 0, row, len(INSTRUCTION_WIDTHS) - 1, "", style)
    write_text(page, row, 0, text, style)


def _write_items(page: Any, sheet: Sheet, formats: Formats) -> None:
    form = sheet.form
    widths = {column: _fitting(column, sheet.rows) for column in form.texts}
    for index, column in enumerate(form.columns):
        page.set_column(index, index, (WIDTHS | widths).get(column, RATING_WIDTH))
        write_text(page, 0, index, _title(form, column), formats.header)
    page.set_row(0, 2 * LINE_POINTS + PADDING_POINTS)
    for number, row in enumerate(sheet.rows, start=1):
        page.set_row(number, max(_height(getattr(row, column), widths[column]) for column in widths))
        _write_row(page, number, row, form, formats)
    for criterion in form.criteria:
        place = form.columns.index(criterion.name)
        page.data_validation(1, place, len(sheet.rows), place, _offer(criterion, form.words.workbook))
        page.conditional_format(1, place, len(sheet.rows), place, {"type": "no_blanks", "format": formats.done})
    _lay_out(page)


def _title(form: Form, column: str) -> str:
    ranges = {one.name: f"{one.title}\n({one.range})" for one in form.criteria}
    return ranges.get(column) or form.head(column)


def _write_row(page: Any, number: int, row: Row, form: Form, formats: Formats) -> None:
    page.write_number(number, 0, row.no, formats.number)
    for index, column in enumerate(form.given[1:], start=1):
        style = formats.response if column in ("response", "other") else formats.text
        write_text(page, number, index, getattr(row, column), style)
    for column in form.rated:
        page.write_blank(number, form.columns.index(column), None, formats.rating)
    page.write_blank(number, form.columns.index(REMARK), None, formats.remark)


def write_text(page: Any, row: int, column: int, text: str, style: Any) -> None:
    """Writes ``text`` as a string, whatever it looks like.

    XlsxWriter copies a string of the form ``<r>...</r>`` into the file as markup; a trailing space prevents that.
    """
    page.write_string(row, column, text + " " if text.endswith("</r>") else text, style)


def _offer(criterion: Criterion, words: WorkbookWords) -> dict[str, Any]:
    """The drop-down of one criterion's column."""
    return {
        "validate": "list",
        "source": criterion.ratings,
        "input_title": criterion.title.capitalize()[:LONGEST_TITLE],
        "input_message": f"{criterion.question} {criterion.legend}"[:LONGEST_MESSAGE],
        "error_title": words.wrong[:LONGEST_TITLE],
        "error_message": filled_in(words.choose, scale=criterion.legend)[:LONGEST_MESSAGE],
    }


def _lay_out(page: Any) -> None:
    page.freeze_panes(1, 0)
    page.protect(options={"format_cells": True, "format_columns": True, "format_rows": True})
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    page.repeat_rows(0)
    page.fit_to_pages(1, 0)
    page.set_footer("&C&P / &N")


def _fitting(column: str, rows: Sequence[Row]) -> int:
    """The narrowest column width, in digits, at which no more than a twentieth of the rows are too tall."""
    *narrow, widest = TEXT_WIDTHS[column]
    texts = [getattr(row, column) for row in rows]

    def too_tall(width: int) -> int:
        return sum(_height(text, width) == TALLEST_POINTS for text in texts)

    return next((width for width in narrow if too_tall(width) <= len(texts) // 20), widest)


def _height(text: str, width: int) -> float:
    """The height in points of ``text`` in a column ``width`` digits wide. A Chinese character is two digits wide."""
    points = PADDING_POINTS
    for line in text.split("\n"):
        wide = sum(unicodedata.east_asian_width(character) in "WF" for character in line)
        digits = 2 * wide + LETTER_WIDTH * (len(line) - wide)
        points += max(1, math.ceil(digits / (width - 2))) * (WIDE_LINE_POINTS if wide else LINE_POINTS)
    return min(points, TALLEST_POINTS)
