"""What may become of a text on its way, and what may not: another item's text is never taken."""

from __future__ import annotations

import unicodedata

import pytest

from pwae_core.human_eval.ratings.grid import Formula
from pwae_core.human_eval.ratings.shown_texts import ShownTexts

TEXT = "A: I don't think so – it's “fine” … très bien\nB: 你好，哈哈 \U0001f600\n→ B responds"


def accepts(value: object, shown: str = TEXT, *others: str) -> bool:
    texts = {"item": shown} | {f"other {number}": text for number, text in enumerate(others)}
    return ShownTexts(texts).is_of("item", value)


@pytest.mark.parametrize(
    "value",
    [
        TEXT,
        None,
        " ",
        TEXT.replace("\n", "\r\n") + " ",
        TEXT.replace("\n", " "),
        TEXT.replace("\n", "_x000D_\n"),
        TEXT.replace(" ", "\u00a0"),
        "\ufeff" + TEXT,
        "'" + TEXT,
        unicodedata.normalize("NFD", TEXT),
        TEXT.replace("“", '"').replace("”", '"').replace("–", "-").replace("…", "..."),
        TEXT.replace("I don't", "I don’t"),
        TEXT.upper(),
        TEXT.encode("cp1252", "replace").decode("cp1252"),
        TEXT.encode("ascii", "replace").decode("ascii"),
        TEXT.encode("gbk", "replace").decode("gbk"),
        TEXT.encode().decode("cp1252", "replace"),
        TEXT.encode().decode("latin-1"),
        TEXT.replace("\U0001f600", "??"),
    ],
)
def test_the_same_text_after_a_journey(value: object) -> None:
    assert accepts(value)


@pytest.mark.parametrize(
    "value",
    [
        "another",
        TEXT[:-1],
        TEXT.replace("fine", "bad"),
        TEXT.replace("你好", "再见"),
        TEXT.replace("è", "e"),
        TEXT.replace("\U0001f600", "\U0001f622"),
        TEXT + " x",
        "?",
    ],
)
def test_another_text(value: object) -> None:
    assert not accepts(value)


def test_the_text_of_another_item_is_never_taken() -> None:
    """Though it could be the item's own, changed: in capitals, quotation marks, an apostrophe, lost letters."""
    assert accepts("OK", "ok")
    assert not accepts("OK", "ok", "OK")
    assert accepts("'a", "a")
    assert not accepts("'a", "a", "'a")
    assert accepts("???", "你好吗")
    assert not accepts("???", "你好吗", "???")
    assert accepts("????????????", "你好")  # several marks for a letter
    assert not accepts("????????????", "你好", "哈哈哈，真的吗！我不信。")
    assert accepts("??", "你好", "哈哈哈，真的吗！我不信。")
    assert not accepts("so “fine”", 'so "fine"', "so “fine”")
    assert accepts("same", "same", "same"), "two items may show one text"


def test_numbers_and_marks() -> None:
    assert accepts(3, "3")
    assert not accepts(3.5, "3")
    assert not accepts("!", "?")
    assert not accepts("really", "really?")
    assert accepts(Formula("=hi"), "=hi"), "a program took the text for a formula"
    assert accepts("' =1+1", "=1+1"), "the apostrophe of the text file, with a space"
