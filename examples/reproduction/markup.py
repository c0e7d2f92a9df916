"""Pieces of Markdown, for the page beside this."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NOTHING = "No results yet."


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *body]) if body else NOTHING


def quoted(text: str) -> str:
    """``text`` as Markdown that shows it and nothing else, inside a table too."""
    return re.sub(r"([\\`*_\[\]<>|#&~])", r"\\\1", text)


def p_value(p: float) -> str:
    return f"p {p:.3f}" if p >= 0.0005 else "p < 0.001"
