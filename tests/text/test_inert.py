"""What a terminal or a page would obey is replaced; letters of every script stay."""

import unicodedata

import pytest

from pwae_core.text.inert import OBEYED, inert


@pytest.mark.parametrize("character", [chr(code) for code in OBEYED if chr(code) not in "\t\n"])
def test_what_would_be_obeyed_is_replaced(character):
    assert inert(f"a{character}b") == "a\ufffdb"


def test_every_control_and_direction_character_of_unicode_is_among_them():
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B"}
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(chr(code)) in turning:
            assert code in OBEYED, hex(code)


def test_letters_joiners_emoji_and_line_ends_stay():
    text = "ක්‍ෂ می‌خواهم 👩‍👩‍👧 שלום é\u0301 茶\tx\ny"
    assert inert(text) == text
