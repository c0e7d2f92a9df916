"""The meaning of cells in a returned file: which columns it has, which item a row is, which rating a cell holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from pwae_core.human_eval.blinding.placement import ALPHABET
from pwae_core.human_eval.ratings.grid import Formula, Grid
from pwae_core.human_eval.sheets.form import ITEM, REMARK, Criterion, Form
from pwae_core.human_eval.sheets.label_studio import HISTORY, OWN
from pwae_core.human_eval.sheets.readable_text import visible
from pwae_core.human_eval.sheets.words import head_name, typed

NUMBER = re.compile(r"(\d+)([.,]0*)?")
SHOWN = 40  # characters of a cell in a message

Columns = Mapping[str, int]


@dataclass(frozen=True)
class Place:
    """Where a cell is, as a spreadsheet shows it. ``unit`` is the word for a row in files that are not spreadsheets."""

    sheet: str
    row: int
    column: int
    name: str
    unit: str = ""

    def __str__(self) -> str:
        if self.unit:
            return f"{self.sheet}, {self.unit} {self.row} ({self.name})"
        return f"{self.sheet}, row {self.row}, column {letters(self.column)} ({self.name})"


@dataclass(frozen=True)
class Cell:
    """A ``value`` as it was read, and its place."""

    place: Place
    value: object


@dataclass(frozen=True)
class FilledRow:
    """One row below the header. ``ratings`` has a cell for every criterion, ``texts`` one for each text it shows."""

    item: Cell
    ratings: Mapping[str, Cell]
    texts: Mapping[str, Cell]
    remark: object

    @property
    def is_judged(self) -> bool:
        """Whether it has an item or a rating."""
        return any(plain(one.value) for one in (self.item, *self.ratings.values()))


def letters(column: int) -> str:
    """A column's name in a spreadsheet, counted from 0: A, B, ..., Z, AA."""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def bare(value: object) -> str:
    """A cell's text without surrounding spaces, byte order marks or a leading apostrophe."""
    return ("" if value is None else str(value)).strip().strip("\ufeff").removeprefix("'").strip()


def plain(value: object) -> str:
    """``bare`` and ``typed``: the text of a cell that should hold a number or a name."""
    return bare(typed(bare(value)))


def is_header(row: Sequence[object], form: Form) -> bool:
    """Whether the row names the item column and at least one criterion."""
    names = {_column_name(value, form) for value in row}
    return ITEM in names and not names.isdisjoint(form.rated)


def _column_name(value: object, form: Form) -> str:
    words = head_name(re.split(r"[\n(:\[]", plain(value), maxsplit=1)[0])
    return form.column_of.get(words, words)


def header(grid: Grid, form: Form) -> int | None:
    """The number of the header row; None if the page has none."""
    return next((number for number, row in grid.first_rows if is_header(row, form)), None)


def columns(grid: Grid, top: int, form: Form) -> tuple[Columns, list[str]]:
    """Where the columns to read are, and what is wrong with them, one line per problem."""
    names = [_column_name(value, form) for value in grid.rows[top]]
    problems = []
    for name in (*form.rated, ITEM):
        if name not in names:
            shown = form.head(name)
            problems.append(f"{grid.name}, row {top}: the column {shown} is missing. Put it back from the sheet.")
        elif names.count(name) > 1:
            places = " and ".join(letters(number) for number, own in enumerate(names) if own == name)
            problems.append(
                f"{grid.name}, row {top}: the columns {places} are both called {form.head(name)}. Keep one."
            )
    if HISTORY in names:  # its name in Label Studio, whose own column history is something else
        names = [{"history": "", HISTORY: "history"}.get(name, name) for name in names]
    read = (ITEM, *form.rated, REMARK, *form.texts)
    return {name: names.index(name) for name in read if name in names}, problems


def unread(grid: Grid, top: int, where: Columns, form: Form) -> list[str]:
    """The places of the columns that hold words below the header, and are neither read nor those of texts."""
    heads = dict(enumerate(grid.rows[top]))
    known = {HISTORY, *form.texts, *OWN}
    written = {
        column
        for number, row in grid.rows.items()
        for column, value in enumerate(row)
        if number > top and column not in where.values() and any(map(str.isalpha, bare(value)))
    }
    return [
        f"{grid.name}, column {letters(column)} ({visible(bare(heads.get(column)))[:SHOWN] or 'no heading'})"
        for column in sorted(written)
        if _column_name(heads.get(column), form) not in known
    ]


def rows(grid: Grid, top: int, where: Columns, form: Form) -> Iterator[FilledRow]:
    """Every row below the header that has an item, a rating or a remark."""

    def cell(row: Sequence[object], number: int, name: str) -> Cell:
        column = where[name]
        value = row[column] if column < len(row) else None
        return Cell(Place(grid.name, number, column, form.head(name), grid.unit), value)

    for number, row in grid.rows.items():
        if number <= top:
            continue
        made = FilledRow(
            item=cell(row, number, ITEM),
            ratings={name: cell(row, number, name) for name in form.rated},
            texts={name: cell(row, number, name) for name in form.texts if name in where},
            remark=cell(row, number, REMARK).value if REMARK in where else None,
        )
        if made.is_judged or bare(made.remark):
            yield made


def item_letters(value: object) -> str:
    """The letters of an item id, whatever became of its hyphens and capitals."""
    return "".join(letter for letter in plain(value).casefold() if letter in ALPHABET)


def rating(value: object, criterion: Criterion) -> int | None:
    """The rating in a cell: 3, "3", "3.0", "３" or "3 = good"; None if the cell is empty.

    Raises ValueError, saying what is wrong, for anything else.
    """
    allowed = ", ".join(map(str, criterion.ratings))
    if isinstance(value, Formula):
        raise ValueError(f"{_shown(value)} is a formula. Write the rating itself: {allowed}.")
    if isinstance(value, date | time):
        raise ValueError(f"{_shown(value)} is a date. Write one of {allowed}.")
    text = plain(value)
    if not text:
        return None
    meant = NUMBER.fullmatch(text.partition("=")[0].strip())
    if meant is None or ("=" in text and _compared(text) not in _in_words(criterion)):
        raise ValueError(f"{_shown(value)} is not a rating. Write one of {allowed}, or leave the cell empty.")
    number = int(meant[1])
    if number not in criterion.scale:
        raise ValueError(f"{_shown(value)} is not on the scale. Write one of {allowed}.")
    return number


def _in_words(criterion: Criterion) -> set[str]:
    return {_compared(f"{number}={meaning}") for number, meaning in criterion.scale.items()}


def _compared(text: str) -> str:
    return "".join(typed(text).casefold().split())


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
