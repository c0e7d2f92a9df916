"""Pieces of Markdown, for the page beside this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTHING = "No results yet."


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *body]) if body else NOTHING


def p_value(p: float) -> str:
    return f"p {p:.3f}" if p >= 0.0005 else "p < 0.001"
