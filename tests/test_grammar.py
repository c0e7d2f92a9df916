"""Numbers in sentences."""

from __future__ import annotations

from pwae_core.grammar import counted


def test_one_is_singular_and_everything_else_plural() -> None:
    assert [counted(n, "context") for n in (0, 1, 2, 5_000)] == [
        "0 contexts",
        "1 context",
        "2 contexts",
        "5,000 contexts",
    ]
    assert [counted(n, "person", "people") for n in (1, 2)] == ["1 person", "2 people"]
