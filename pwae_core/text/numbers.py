"""Numbers in text."""

from __future__ import annotations


def to_float(text: str | bytes) -> float:
    """Like ``float``, but ``1_5`` is not 15: underscores between digits are Python's own.

    Raises ValueError.
    """
    if (b"_" if isinstance(text, bytes) else "_") in text:  # type: ignore[operator]
        raise ValueError(f"could not convert string to float: {text!r}")
    return float(text)
