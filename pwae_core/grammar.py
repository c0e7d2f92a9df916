"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """``1 context``, ``5,000 contexts``, ``0 contexts``; ``many`` is the plural if it is not ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def p_value(p: float) -> str:
    """``0.0421``; ``<0.0001`` where four digits would say that it is 0."""
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def interval_text(low: float, high: float, digits: int) -> str:
    """``[0.61, 1.00]``"""
    return f"[{low:.{digits}f}, {high:.{digits}f}]"
