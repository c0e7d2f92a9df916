"""Systems of one name are told apart by the shortest part of their paths that differs; never an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from pwae_core.report.system_names import Claim, distinct, distinguishing


@pytest.mark.parametrize(
    ("path", "others", "part"),
    [
        ("/e/table4/p-seed7/responses", ["/e/table2/p-seed7/responses"], "table4"),
        (
            "/e/table2/p-seed7/responses",
            ["/e/table2/p-seed8/responses", "/e/table4/p-seed7/responses"],
            "table2/p-seed7",
        ),
        ("/a/b", ["/b/a"], "a/b"),
        ("/one", ["/two"], "one"),
        ("/work/run", [], "run"),
        ("/a/x/../b", ["/a/c"], "b"),
        ("/a", ["/a/b"], ""),
    ],
)
def test_the_shortest_part_that_no_other_path_has(path: str, others: list[str], part: str) -> None:
    assert distinguishing(Path(path), map(Path, others)) == part


def test_names_are_told_apart_where_they_need_to_be() -> None:
    claims = [Claim("A", Path("/x/r")), Claim("B", Path("/x/s")), Claim("A", Path("/y/r"))]
    assert distinct(claims) == ["A (x)", "B", "A (y)"]


def test_a_name_that_was_given_is_kept_but_for_another_given_one() -> None:
    given, other = Claim("A", Path("/x/r"), given=True), Claim("A", Path("/y/r"))
    assert distinct([other, given]) == ["A (y)", "A"]
    assert distinct([given, Claim("A", Path("/z/r"), given=True)]) == ["A (x)", "A (z)"]


def test_where_nothing_else_differs_a_number_does() -> None:
    nested = [Claim("A", Path(path)) for path in ("/a", "/a/b", "/a/b/c")]
    assert distinct(nested) == ["A", "A (2)", "A (c)"]
    assert distinct([Claim("A (x)", Path("/q")), *(Claim("A", Path(f"/{name}")) for name in "xy")]) == [
        "A (x)",
        "A (x) (2)",
        "A (y)",
    ]
