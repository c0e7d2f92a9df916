"""A page of a returned file as rows of cells, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pwae_core.errors import InputError

HEADER_WITHIN = 20  # rows; people write things above it
MOST_ROWS, MOST_COLUMNS = 1 << 20, 200  # the rows of a spreadsheet; columns further right are ignored

Header = Callable[[Sequence[object]], bool]  # whether a row has the column names


@dataclass(frozen=True)
class Formula:
    """A cell that computes its value."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Grid:
    """One page of a file.

    ``rows`` maps row numbers to the rows that are not empty. ``page`` is the worksheet's name, "" if there are none.
    ``unit`` is the word for a row in a format without columns to point at.
    """

    path: Path
    page: str
    rows: Mapping[int, Sequence[object]]
    unit: str = ""

    @property
    def name(self) -> str:
        return f"{self.path.name}, {self.page}" if self.page else self.path.name

    @property
    def first_rows(self) -> Iterator[tuple[int, Sequence[object]]]:
        """The rows among which the header is looked for."""
        return islice(self.rows.items(), HEADER_WITHIN)


def filled(path: Path, rows: Iterable[tuple[int, Sequence[object]]]) -> dict[int, Sequence[object]]:
    """The numbered rows that are not empty, each up to its last filled cell.

    Raises InputError if there are more rows than a spreadsheet can have.
    """
    kept: dict[int, Sequence[object]] = {}
    for number, row in rows:
        width = min(len(row), MOST_COLUMNS)
        while width and (row[width - 1] is None or row[width - 1] == ""):
            width -= 1
        if width:
            kept[number] = row[:width]
        if number > MOST_ROWS:
            raise InputError(f"{path} has more than {MOST_ROWS:,} rows: that is not a sheet.")
    return kept
