"""The dealing of items: exactly so many annotators each, balanced shares, and everybody compared with everybody."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwae_core.errors import ConfigError
from pwae_core.human_eval.blinding.assignment import assign
from pwae_core.human_eval.blinding.placement import Context, Item


def items(contexts: int, systems: int) -> list[Item]:
    return [
        Item(Context(f"c{number}#0", "u", ("v",), (("hi",),)), f"system {system}", (str(number),))
        for number in range(contexts)
        for system in range(systems)
    ]


designs = st.tuples(
    st.integers(1, 12), st.integers(1, 4), st.integers(12, 30), st.integers(1, 7), st.booleans(), st.text(max_size=3)
).filter(lambda design: design[1] <= design[0])


@settings(deadline=None, max_examples=60)
@given(designs)
def test_every_item_is_rated_by_exactly_so_many_and_everybody_has_an_equal_share(
    design: tuple[int, int, int, int, bool, str],
) -> None:
    annotators, raters, contexts, systems, together, secret = design
    every = items(contexts, systems)
    shares = assign(every, annotators, raters, together, secret)
    assert Counter(item for share in shares for item in share) == dict.fromkeys(every, raters)
    assert all(len(set(share)) == len(share) for share in shares), "nobody gets an item twice"
    for system in {item.system for item in every}:
        own = [sum(item.system == system for item in share) for share in shares]
        assert max(own) - min(own) <= 1
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= (systems if together else 2)
    if together:
        for share in shares:
            assert set(Counter(item.context for item in share).values()) == {systems}


def test_everybody_shares_items_with_everybody() -> None:
    shares = [set(share) for share in assign(items(200, 7), 10, 3, True, "s")]
    both = [len(one & two) // 7 for one, two in combinations(shares, 2)]
    assert sum(both) == 200 * 3
    assert max(both) - min(both) <= 4, "600 pairs over 45: some 13 contexts each"


def test_the_order_of_the_items_does_not_matter_and_the_secret_does() -> None:
    every = items(20, 3)
    for together in (True, False):
        one, two = assign(every, 5, 2, together, "s"), assign(every[::-1], 5, 2, together, "s")
        assert [set(share) for share in one] == [set(share) for share in two]
        other = assign(every, 5, 2, together, "t")
        assert [set(share) for share in one] != [set(share) for share in other]


@pytest.mark.parametrize(
    ("together", "fact"),
    [
        (True, "4 contexts for 2 annotators each are enough for 8"),
        (False, "12 items for 2 annotators each are enough for 24"),
    ],
)
def test_everybody_gets_something_or_is_told_for_how_many_there_is_enough(together: bool, fact: str) -> None:
    enough = int(fact.rsplit(maxsplit=1)[-1])
    assert all(assign(items(4, 3), enough, 2, together, "s"))
    with pytest.raises(ConfigError) as caught:
        assign(items(4, 3), enough + 1, 2, together, "s")
    assert str(caught.value) == f"annotators: {enough + 1} are too many: {fact}. Lower it, or raise raters or contexts."
