"""Numbers in sentences."""

from __future__ import annotations

from pwae_core.grammar import counted, p_value


def test_one_is_singular_and_everything_else_plural() -> None:
    assert [counted(n, "context") for n in (0, 1, 2, 5_000)] == [
        "0 contexts",
        "1 context",
        "2 contexts",
        "5,000 contexts",
    ]
    assert [counted(n, "person", "people") for n in (1, 2)] == ["1 person", "2 people"]


def test_no_p_value_is_shown_as_0() -> None:
    assert [*map(p_value, (1.0, 0.04214, 0.0001, 0.00009, 2.0**-40))] == [
        "1.0000",
        "0.0421",
        "0.0001",
        "<0.0001",
        "<0.0001",
    ]
