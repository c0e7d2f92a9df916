"""Lines that ask for an answer: who said what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pwae_core.data.context_lines import read_line


@pytest.mark.parametrize(
    ("told", "own"),
    [
        ({"user_id": "a"}, (True, False)),
        ({"user_id": "a", "context_user_ids": ["b", "a"]}, (False, True)),
        ({"user_id": "a", "context_user_ids": ["b", "c"]}, (False, False)),
        ({"context_user_ids": ["b", "c"]}, (False, False)),
        ({}, (True, False)),
    ],
    ids=["alternating", "the last is one's own", "others", "nobody answers", "nothing is said"],
)
def test_who_said_what(told: dict[str, Any], own: tuple[bool, ...]) -> None:
    asked = read_line(json.dumps({"context": ["hi", "ho"]} | told).encode(), "here", first=True)
    assert asked is not None
    assert asked.own(asked.user_id) == own


@pytest.mark.parametrize(
    ("told", "own"),
    [
        ({"context_user_ids": ["b", "c"]}, (True, False)),
        ({"user_id": "c", "context_user_ids": ["b", "c"]}, (False, True)),
        ({}, (True, False)),
    ],
    ids=["the answerer's own", "in the place of the line's user", "nothing is said"],
)
def test_what_is_own_to_somebody_else_who_answers(told: dict[str, Any], own: tuple[bool, ...]) -> None:
    asked = read_line(json.dumps({"context": ["hi", "ho"]} | told).encode(), "here", first=True)
    assert asked is not None
    assert asked.own("b") == own


def test_a_byte_order_mark_comes_first_only() -> None:
    line = b"\xef\xbb\xbf" + json.dumps({"context": [["e\u0301"]]}).encode()
    asked = read_line(line, "here", first=True)
    assert asked is not None
    assert asked.context == (["\u00e9"],)
