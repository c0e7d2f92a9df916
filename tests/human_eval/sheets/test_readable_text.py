"""Display text: one line per utterance, nothing invisible, nothing that turns its neighbours around."""

from __future__ import annotations

import pytest
from forms import ENGLISH

from pwae_core.human_eval.blinding.placement import Context
from pwae_core.human_eval.sheets.readable_text import CELL, conversation, history, readable, utf16_units, visible

MARKS = ENGLISH.words.marks


def test_the_text_is_the_detokenised_one() -> None:
    assert readable(["i", "don", "'", "t", "know", ",", "you", "?"], MARKS) == "i don't know, you?"
    assert readable(["签证", "好", "了", "就", "回去", "。"], MARKS) == "签证好了就回去。"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x07c\x1b[31md\x7fe\x85f", "abc[31mde f"),
        ("one\ntwo\r\nthree\tfour\u2028five\u2029six", "one two three four five six"),
        ("\ufeffa\u200bb\u00adc\u2060d", "abcd"),
        ("\u202eevil\u202c \u2067x\u2069 \u200f\u200e\u061cy", "evil x y"),
        ("tag\U000e0041\U000e0042ged", "tagged"),
        ("half\ud800 \udfffpairs", "half pairs"),
        ("non\ufffe\uffff\ufdd0\U0001ffffcharacters", "noncharacters"),
        ("\u200d=1+1\u200c", "=1+1"),
        ("\U0001f469\u200d\U0001f4bb می\u200cخواهم", "\U0001f469\u200d\U0001f4bb می\u200cخواهم"),
        ("  spaced\u00a0\u3000out ", "spaced out"),
    ],
)
def test_what_shows_nothing_is_removed(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_right_to_left_text_is_isolated_and_only_that() -> None:
    assert readable(["שלום"], MARKS) == "\u2068שלום\u2069"
    assert readable(["مرحبا", "!"], MARKS) == "\u2068مرحبا!\u2069"
    assert readable(["\u202e", "hello"], MARKS) == "hello"


def test_empty_and_invisible_responses_say_so() -> None:
    assert readable([], MARKS) == readable(["\u200b"], MARKS) == readable(["\x00", " "], MARKS) == "(empty)"


@pytest.mark.parametrize("character", ["x", "字", "\U0001f600", "א"])
def test_a_text_that_is_too_long_is_cut_and_marked(character: str) -> None:
    shown = readable([character * 40_000], MARKS)
    assert shown.rstrip("\u2069").endswith(" […]")
    assert CELL - 10 < utf16_units(shown) <= CELL
    assert set(shown) <= {character, *" […]\u2068\u2069"}


def test_the_conversation_names_who_speaks_and_who_responds() -> None:
    context = Context("c#0", "bob", ("ann", "bob", "ann"), (("hi",), ("hello", "!"), ("bye",)))
    assert conversation(context, MARKS) == "A: hi\nB: hello!\nA: bye\n→ B responds"


def test_a_responder_who_has_not_spoken_gets_the_next_letter() -> None:
    assert conversation(Context("c#0", "bob", ("ann",), (("hi",),)), MARKS) == "A: hi\n→ B responds"


def test_unknown_speakers_and_very_many() -> None:
    assert conversation(Context("c#0", "bob", ("",), (("hi",),)), MARKS) == "–: hi\n→ A responds"
    many = Context("c#0", "u27", tuple(f"u{n}" for n in range(28)), (("x",),) * 28)
    assert conversation(many, MARKS).splitlines()[25:] == ["Z: x", "A2: x", "B2: x", "→ B2 responds"]


def test_a_long_utterance_leaves_room_for_the_others() -> None:
    context = Context("c#0", "b", ("a", "b"), (("x" * 40_000,), ("y" * 40_000,)))
    first, second, last = conversation(context, MARKS).splitlines()
    assert first.endswith("x […]")
    assert second.endswith("y […]")
    assert last == "→ B responds"
    assert utf16_units(conversation(context, MARKS)) <= CELL
    assert utf16_units(history([["א" * 40_000]] * 100, MARKS)) <= CELL


def test_histories_are_lists() -> None:
    assert history([["i", "see", "."], ["oh"]], MARKS) == "• i see.\n• oh"
    assert history([], MARKS) == "(nothing)"
