"""Cells as people fill them: which ratings are taken, which refused and in which words, which columns are found."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from forms import CHINESE, ENGLISH

from pwae_core.human_eval.ratings.cells import Place, columns, header, item_letters, letters, rating
from pwae_core.human_eval.ratings.grid import Formula, Grid

READABILITY, _, PERSONALISATION = ENGLISH.criteria


@pytest.mark.parametrize(
    "value",
    [3, 3.0, "3", "3.0", "3,0", " 3 ", "３", "３．０", "'3", "3.", "\u00a03", "3\u200b", "\u200e3", "\u202b3\u202c"],
)
def test_three_however_it_is_typed(value: object) -> None:
    assert rating(value, READABILITY) == 3


@pytest.mark.parametrize("value", [None, "", " ", "\u3000", "'"])
def test_nothing_is_no_rating(value: object) -> None:
    assert rating(value, READABILITY) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "'0' is not on the scale. Write one of 1, 2, 3."),
        ("33", "'33' is not on the scale."),
        ("-1", "'-1' is not a rating. Write one of 1, 2, 3, or leave the cell empty."),
        ("2.5", "'2.5' is not a rating."),
        ("1-2", "'1-2' is not a rating."),
        ("good", "'good' is not a rating."),
        ("3 = bad", "'3 = bad' is not a rating."),
        ("nan", "'nan' is not a rating."),
        (float("nan"), "'nan' is not a rating."),
        (True, "'True' is not a rating."),
        ("三", "'三' is not a rating."),
        (datetime(2020, 2, 1), "'2020-02-01 00:00:00' is a date. Write one of 1, 2, 3."),
        (Formula("=A1"), "'=A1' is a formula. Write the rating itself: 1, 2, 3."),
        ("x" * 100, "'" + "x" * 40 + "…' is not a rating."),
    ],
)
def test_what_is_refused(value: object, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        rating(value, READABILITY)
    assert str(caught.value).startswith(words)


def test_a_rating_with_its_meaning() -> None:
    assert [rating(value, READABILITY) for value in ("3 = good", "3=good", "3=Good", "3＝good")] == [3, 3, 3, 3]


def test_the_scale_of_two_points() -> None:
    assert rating("1 = normal (yes)", PERSONALISATION) == 1
    assert rating("0", PERSONALISATION) == 0
    assert rating("0 = 差（否）", CHINESE.criteria[2]) == 0, "as the legend has it"
    with pytest.raises(ValueError, match=r"'2' is not on the scale. Write one of 0, 1"):
        rating(2, PERSONALISATION)


def test_items_survive_what_spreadsheets_do_to_hyphens() -> None:
    for text in ("bcdf-ghjk-mnpq", "BCDF–GHJK—MNPQ", "'bcdfghjkmnpq", " bcdf ‑ ghjk‑mnpq\n", "ｂcdf-ghjk-mnpq"):
        assert item_letters(text) == "bcdfghjkmnpq"


def test_columns_by_letters() -> None:
    assert [letters(number) for number in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_headers_as_the_sheets_write_them() -> None:
    rows = {
        1: ["Rated by me"],
        3: [
            "Comment",
            " Personalization [0-1]",
            "x",
            "READABILITY\n(1-3)",
            "Ｉtem",
            "informativeness (1-3)",
            "History",
        ],
    }
    grid = Grid(Path("a.csv"), "", rows)
    assert header(grid, ENGLISH) == 3
    assert columns(grid, 3, ENGLISH) == (
        {"item": 4, "readability": 3, "informativeness": 5, "personalisation": 1, "comment": 0, "history": 6},
        [],
    )
    assert header(Grid(Path("a.csv"), "", {1: ["item", "name"], 2: ["readability"]}), ENGLISH) is None


def test_places() -> None:
    assert str(Place("a.csv", 7, 2, "readability")) == "a.csv, row 7, column C (readability)"
    assert str(Place("a.json", 7, 2, "readability", "annotation")) == "a.json, annotation 7 (readability)"
