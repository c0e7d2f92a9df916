"""The chapters with figures, as text."""

from __future__ import annotations

import pytest

from pwae_core.report.figures.user_map import Map, Person
from pwae_core.report.page import figure_chapters


@pytest.mark.parametrize("components", [1, 2])
def test_the_numbers_of_the_map_have_components_only_where_there_are_several(components: int) -> None:
    people = tuple(Person(f"user{n}", n, n, 9 - n, n % components, ((n + 1) % 3,), ()) for n in range(3))
    drawn = figure_chapters.people(Map(people, (0.5, 0.2), 3, components, by_neighbours=False, near_kept=1.0)).html
    head, first = ([cell.split("<")[0] for cell in row.split(">")] for row in drawn.split("<tr>")[1:3])
    likeliest = [("likeliest component", "1")] if components > 1 else []
    told = [("user", "user0"), ("training responses", "9"), *likeliest, ("nearest", "user1")]
    assert [*zip(filter(None, head), filter(None, first), strict=True)] == told
