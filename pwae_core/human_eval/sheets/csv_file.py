"""Sheets as CSV that spreadsheets open correctly: UTF-8 with a byte order mark, CRLF, and no formulas.

A text that a spreadsheet could take for anything but text gets an apostrophe in front; so does a text that begins with
an apostrophe. ``armed`` undoes this by removing one leading apostrophe.
"""

from __future__ import annotations

import csv
import io
import re

from pwae_core.human_eval.sheets.sheet import Sheet

BOM = "\ufeff"
PREFIX = "'"
STARTS_FORMULA = tuple("=+-@\t\r\n'|%＝＋－＠")
LETTERS_RUN = re.compile(r"[^\W\d_]+")


def defused(text: str) -> str:
    """``text`` as a CSV cell that stays text."""
    return PREFIX + text if text.startswith(STARTS_FORMULA) or _like_a_value(text) else text


def armed(cell: str) -> str:
    """The text of a cell that ``defused`` wrote."""
    return cell.removeprefix(PREFIX)


def _like_a_value(text: str) -> bool:
    """Whether a spreadsheet may read a number, date or truth value: digits with at most two words, or a boolean."""
    if text.casefold() in ("true", "false"):
        return True
    return any(c.isdigit() for c in text) and len(LETTERS_RUN.findall(text)) <= 2


def to_csv(sheet: Sheet) -> bytes:
    """The whole file. The columns for ratings and the remark are present but empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    form = sheet.form
    writer.writerow([defused(form.head(column)) for column in form.columns])
    for row in sheet.rows:
        texts = (row.item, *row.texts(form).values())
        writer.writerow([row.no, *map(defused, texts), *[""] * len(form.rated), ""])
    return (BOM + text.getvalue()).encode()
