"""The words of sheets and pages: complete, of one language, and never anything but text."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pwae_core.errors import ConfigError, InputError
from pwae_core.human_eval.ratings.cells import is_header
from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.words import SHIPPED, filled_in, read_words, shipped

ENGLISH_FILE = shipped("en")


def own(folder: Path, text: str) -> str:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("language", SHIPPED)
def test_a_shipped_file_is_what_a_translator_may_hand_in(language: str, tmp_path: Path) -> None:
    assert read_words(own(tmp_path, shipped(language))) == read_words(language)


def test_chinese_has_no_english_words_left() -> None:
    def texts(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for one in value.values() for text in texts(one)]
        return [value] if isinstance(value, str) else [text for one in value for text in texts(one)]  # type: ignore[attr-defined]

    values = tomllib.loads(shipped("zh"))
    assert values.pop("language") == "zh-CN"
    assert values.pop("direction") == "ltr"
    for text in texts(values):
        assert re.search("[一-鿿]", text) or text in ("/ {total}",), text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('save = "Save"\n', "", "[page] save: Field required."),
        ('save = "Save"', 'save = " "', "[page] save: String should have at least 1 character (got ' ')."),
        ('save = "Save"', 'save = "\u200b"', "[page] save: it shows nothing (got"),
        ('save = "Save"', "save = 3", "[page] save: Input should be a valid string (got 3)."),
        ('save = "Save"', 'save = "a\\nb"', "[page] save: it may not contain control characters or line breaks"),
        ('save = "Save"', 'save = "Save"\nsvae = "x"', "[page] svae: unknown setting. Did you mean save?"),
        ('direction = "ltr"', 'direction = "up"', "direction: Input should be 'ltr' or 'rtl' (got 'up')."),
        ('language = "en"', 'language = "en\\"><b>"', "language: String should match pattern"),
        (
            "{done} of {total} finished",
            "{done} finished",
            "[page] progress: {total} is missing. Keep what is in braces",
        ),
        ("→ {speaker} responds", "{speaker}: {speaker} responds", "[marks] responds: {speaker} is there twice."),
        ("Annotator {number}", "Annotator {n} {number}", "[page] annotator: {n} is unknown."),
        ('response = "response"', 'response = "item"', "[columns] response: 'item' is the column item's."),
        ('first = "response 1"', 'first = "r: 1"', "[columns] first: a column heading may not contain brackets"),
        ('scale = ["bad (no)", "normal (yes)"]', 'scale = ["no"]', "[ratings.personalisation] scale: "),
        ('scale = ["bad (no)", "normal (yes)"]', 'scale = ["a=b", "c"]', "an equals sign separates a rating"),
        ('items = "Items"\nwrong', 'items = "a/b"\nwrong', "[workbook] items: a worksheet's name has at most 31"),
        ("[columns]", "[columns", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in ENGLISH_FILE
    with pytest.raises((ConfigError, InputError)) as caught:
        read_words(own(tmp_path, ENGLISH_FILE.replace(old, new)))
    assert str(caught.value).startswith(str(tmp_path / "own.toml"))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_language_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match=r"^language: 'fr' is neither shipped \(en, zh\) nor a TOML file\.$"):
        read_words("fr")
    with pytest.raises(ConfigError, match=r"^language: '' is neither shipped"):
        read_words("")
    with pytest.raises(InputError, match=r"nowhere\.toml"):
        read_words("nowhere.toml")
    with pytest.raises(ConfigError, match="is not shipped"):
        shipped("../words.py")


def test_heads_that_begin_with_an_apostrophe_are_found_again(tmp_path: Path) -> None:
    """A spreadsheet hides the first one, a text file gets another."""
    form = Form(read_words(own(tmp_path, ENGLISH_FILE.replace('item = "item"', 'item = "\'t item"'))))
    for head in ("'t item", "t item", "''t item"):
        assert is_header([head, "readability"], form)
    with pytest.raises(ConfigError, match=r"\[columns\] item: a column heading needs a letter"):
        read_words(own(tmp_path, ENGLISH_FILE.replace('item = "item"', 'item = "\'\u200b"')))


def test_what_is_filled_in_is_not_looked_at() -> None:
    assert filled_in("{a} of {b}", a="{b}", b=2) == "{b} of 2"
    assert filled_in("{a.__class__} {c}", a=1) == "{a.__class__} {c}"


def test_forms_ask_in_every_language_the_same() -> None:
    for mode in ("ratings", "pairs"):
        one, two = (Form(read_words(language), mode) for language in SHIPPED)  # type: ignore[arg-type]
        assert one.columns == two.columns
        assert [criterion.ratings for criterion in one.criteria] == [criterion.ratings for criterion in two.criteria]
        assert {one.column_of[one.head(name)] for name in one.columns} == set(one.columns)
        assert {two.column_of[two.head(name)] for name in two.columns} == set(two.columns)
    assert [criterion.ratings for criterion in Form(read_words("en"), "pairs", ties=False).criteria] == [[1, 2], [1, 2]]
