"""Drawing, shuffling and opaque ids: nothing but the key tells the systems apart."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from scipy import stats

from pwae_core.errors import ConfigError
from pwae_core.human_eval.blinding.placement import (
    Context,
    Item,
    Placed,
    fingerprint,
    keyed,
    new_salt,
    pick,
    place,
    shuffled,
)

SYSTEMS = ("alpha", "beta", "gamma")


def items(contexts: int = 40) -> list[Item]:
    return [
        Item(Context(f"c{number}#0", "u", ("v",), (("hi",),)), system, (system, str(number)))
        for number in range(contexts)
        for system in SYSTEMS
    ]


def of(placed: list[Placed], annotator: int) -> list[Placed]:
    return [one for one in placed if one.annotator == annotator]


def test_every_annotator_gets_every_item_once() -> None:
    placed = place([items()] * 3, repeats=0, secret="s")
    for annotator in (1, 2, 3):
        own = of(placed, annotator)
        assert [one.position for one in own] == list(range(1, 121))
        assert Counter(one.item for one in own) == Counter(items())


def test_annotators_orders_are_independent_permutations() -> None:
    placed = place([items()] * 3, repeats=0, secret="s")
    orders = [[one.item.response for one in of(placed, annotator)] for annotator in (1, 2, 3)]
    given = [item.response for item in items()]
    for one, other in ((orders[0], orders[1]), (orders[0], orders[2]), (orders[1], orders[2]), (orders[0], given)):
        places = {response: place for place, response in enumerate(other)}
        tau = stats.kendalltau(range(120), [places[response] for response in one])
        assert abs(tau.statistic) < 0.25, "a correlation of the orders would be seen by the annotators"


def test_first_places_fall_evenly_on_the_systems() -> None:
    first = Counter(place([items(5)], 0, f"secret {number}")[0].item.system for number in range(600))
    assert stats.chisquare([first[system] for system in SYSTEMS]).pvalue > 1e-3


def test_ids_are_opaque_and_of_one_annotator_only() -> None:
    placed = place([items()] * 3, repeats=5, secret="s")
    ids = [one.item_id for one in placed]
    assert len(set(ids)) == len(ids) == 3 * 125
    assert all(re.fullmatch(r"[b-df-hj-np-tv-z]{4}(-[b-df-hj-np-tv-z]{4}){3}", one) for one in ids)
    assert {one[:4] for one in ids} == {fingerprint("s")}
    assert ids != [one.item_id for one in place([items()] * 3, 5, "another secret")]


def test_the_order_of_the_items_given_does_not_matter() -> None:
    assert place([items()[::-1]] * 2, 3, "s") == place([items()] * 2, 3, "s")


def test_repeats_come_again_much_later_under_another_id() -> None:
    own = place([items()] * 1, repeats=10, secret="s")
    assert len(own) == 130
    places: dict[Item, list[int]] = {}
    for one in own:
        places.setdefault(one.item, []).append(one.position)
    twice = [where for where in places.values() if len(where) == 2]
    assert len(twice) == 10
    assert len(places) == 120
    assert all(late - early > 40 for early, late in twice), "an annotator would remember"


def test_attention_checks_take_the_place_of_no_repeat() -> None:
    shown = items(4)
    checks = [Item(one.context, "check", ("salad",), expected=(("readability", 1),)) for one in shown[::3]]
    for number in range(50):
        own = place([shown + checks], repeats=4, secret=f"secret {number}")
        assert len(own) == 20, "16 items, 4 of them twice"
        twice = [item for item, times in Counter(one.item for one in own).items() if times == 2]
        assert len(twice) == 4
        assert not any(item.expected for item in twice)


def test_too_many_repeats() -> None:
    with pytest.raises(ConfigError, match=r"^repeats: 41 are too many for 120 items; at most 40\.$"):
        place([items()], 41, "s")
    assert len(place([items()], 40, "s")) == 160


def test_a_choice_depends_on_the_secret_and_on_the_borders_of_its_names() -> None:
    assert keyed("s", "a", "bc") == keyed("s", "a", "bc")
    assert len({keyed("s", "a", "bc"), keyed("s", "ab", "c"), keyed("t", "a", "bc"), keyed("s", "abc")}) == 4
    assert shuffled("dcba", lambda x: (x,), "s", 1) == shuffled("abcd", lambda x: (x,), "s", 1)
    assert shuffled("abcdefgh", lambda x: (x,), "s", 1) != shuffled("abcdefgh", lambda x: (x,), "s", 2)


def test_samples_are_drawn_evenly_or_the_first_is_taken() -> None:
    drawn = Counter(pick("abcd", "random", "s", f"session {number}") for number in range(1000))
    assert stats.chisquare([drawn[one] for one in "abcd"]).pvalue > 1e-3
    assert {pick("abcd", "first", "s", f"session {number}") for number in range(100)} == {"a"}


def test_a_salt_is_new_each_time() -> None:
    assert len({new_salt() for _ in range(100)}) == 100
    assert len(new_salt()) == 64
