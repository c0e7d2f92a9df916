"""Pairs of responses: which there are, and that the sides tell nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from pwae_core.errors import ConfigError, EmptyResultError
from pwae_core.human_eval.blinding.pairing import make_pairs, swapped, take_sides
from pwae_core.human_eval.blinding.placement import Context, Item


def answers(contexts: int = 9, systems: Sequence[str] = "abc", same: bool = False) -> list[Item]:
    return [
        Item(Context(f"c{number}#0", "u", (), ()), system, ("same",) if same else (system, str(number)))
        for number in range(contexts)
        for system in systems
    ]


def test_every_two_systems_or_the_named_ones() -> None:
    made = make_pairs(answers(), ())
    assert Counter((one.system, one.other) for one in made) == {("a", "b"): 9, ("a", "c"): 9, ("b", "c"): 9}
    assert all(one.other_response == (one.other, one.context.session_id[1]) for one in made)
    named = make_pairs(answers(), [("c", "a"), ("a", "c")])
    assert {(one.system, one.other) for one in named} == {("a", "c")}
    assert len(named) == 9


def test_names_may_have_equals_signs() -> None:
    """As typed, ONE=OTHER is split at its first equals sign."""
    items = answers(systems=("P", "P K=1", "P K=2"))
    for typed, expected in {
        "P K=1=P": ("P", "P K=1"),
        "P=P K=2": ("P", "P K=2"),
        "P K=1=P K=2": ("P K=1", "P K=2"),
    }.items():
        one, two = typed.split("=", 1)
        assert {(each.system, each.other) for each in make_pairs(items, [(one, two)])} == {expected}
    with pytest.raises(ConfigError, match=r"^pairs: 'P K' is not one of the systems: P, P K=1, P K=2\.$"):
        make_pairs(items, [("P K", "3=P")])


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ConfigError, match=r"^pairs: 'd' is not one of the systems: a, b, c\.$"):
        make_pairs(answers(), [("a", "d")])
    with pytest.raises(ConfigError, match=r"^pairs: 'a' cannot be compared with itself"):
        make_pairs(answers(), [("a", "a")])
    with pytest.raises(ConfigError, match=r"^mode: only a is judged; a pair takes two systems"):
        make_pairs(answers(systems="a"), ())
    with pytest.raises(EmptyResultError, match=r"^The systems say the same everywhere"):
        make_pairs(answers(same=True), ())


def test_sides_are_balanced_for_every_annotator_and_pair() -> None:
    pairs = make_pairs(answers(), ())
    one, two = take_sides([pairs, pairs], "s")
    for share in (one, two):
        first = Counter((item.system, item.other) for item in share)
        for pair in (("a", "b"), ("a", "c"), ("b", "c")):
            assert {first[pair], first[pair[::-1]]} == {4, 5}
        assert all(item.response[0] == item.system and item.other_response[0] == item.other for item in share)
    assert set(one) != set(two), "each annotator has sides of their own"
    assert take_sides([pairs[::-1], pairs], "s")[0] != take_sides([pairs, pairs], "t")[0]


def test_the_known_answer_changes_sides_too() -> None:
    item = Item(Context("c#0", "u", (), ()), "a", ("x",), "b", ("y",), (("better", 1),))
    assert swapped(item) == Item(item.context, "b", ("y",), "a", ("x",), (("better", 2),))
    assert swapped(swapped(item)) == item
