"""Attention checks: of the annotator's own contexts, of people's words, with an answer that is known."""

from __future__ import annotations

from collections import Counter

import pytest

from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.errors import ConfigError
from pwae_core.human_eval.blinding.dealing import deal
from pwae_core.human_eval.blinding.pairing import make_pairs
from pwae_core.human_eval.blinding.placement import CHECK, Context, Item

WORDS = ["tea", "rain", "music", "chess", "bread", "snow", "trains", "cats"]
SHOWN = {f"c{number}#0": [(WORDS[number % 8], "is", "nice"), ("no",)] for number in range(12)}
ITEMS = [
    Item(Context(name, "u", ("v",), (("hi",),)), system, (system, name)) for name in SHOWN for system in ("one", "two")
]


def config(**values: object) -> HumanEvalConfig:
    return HumanEvalConfig.make({"annotators": 3, "checks": 4, **values})


def test_every_sheet_has_its_own_checks_somewhere_in_it() -> None:
    placed = deal(ITEMS, SHOWN, config(), "s")
    checks = [one for one in placed if one.item.expected]
    assert Counter(one.annotator for one in checks) == {1: 4, 2: 4, 3: 4}
    assert {one.item.system for one in checks} == {CHECK}
    assert len({(one.item.context.session_id, one.item.response) for one in checks}) > 4, "not the same for everybody"
    assert max(one.position for one in checks) - min(one.position for one in checks) > 10
    assert deal(ITEMS, SHOWN, config(), "s") == placed
    for one in checks:
        said = SHOWN[one.item.context.session_id]
        ((criterion, answer),) = one.item.expected
        if criterion == "personalisation":
            assert (one.item.response, answer) == (said[0], 1), "an utterance that is shown beside it, of a few words"
        else:
            assert (criterion, answer) == ("readability", 1)
            assert 8 <= len(one.item.response) <= 12
            assert set(one.item.response) <= {word for own in SHOWN.values() for line in own for word in line}


def test_in_pairs_the_sense_stands_on_either_side() -> None:
    placed = deal(make_pairs(ITEMS, ()), SHOWN, config(mode="pairs"), "s")
    checks = [one.item for one in placed if one.item.expected]
    assert len(checks) == 12
    for item in checks:
        expected = dict(item.expected)
        assert expected["better"] == expected["person"]
        right = item.response if expected["better"] == 1 else item.other_response
        assert right == SHOWN[item.context.session_id][0]
    assert Counter(dict(item.expected)["better"] for item in checks) == {1: 6, 2: 6}


def test_checks_are_never_repeated_and_do_not_change_what_is_judged() -> None:
    placed = deal(ITEMS, SHOWN, config(repeats=8, annotators=1), "s")
    assert Counter(one.item for one in placed if one.item.expected).most_common(1)[0][1] == 1
    assert {one.item for one in placed if not one.item.expected} == set(ITEMS)
    assert len(placed) == 24 + 8 + 4


def test_too_many_checks() -> None:
    with pytest.raises(ConfigError, match=r"^checks: 13 are too many for 12 contexts with a history\. Lower it\.$"):
        deal(ITEMS, SHOWN, config(checks=13), "s")
    with pytest.raises(ConfigError, match="--history must not be 0"):
        config(history=0)
