"""A number of a table, with its spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from pwae_core.grammar import interval_text


@dataclass(frozen=True)
class Cell:
    """A number. ``half`` is half the width of its 95% interval, or its standard deviation if ``over_seeds``.

    ``half`` is None if there is neither. ``bounds``: an interval that is not symmetric, shown as it is. ``best``: to be
    marked.
    """

    value: float
    half: float | None = None
    digits: int = 4
    best: bool = False
    over_seeds: bool = False
    bounds: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        return f"{self.value:.{self.digits}f}"

    @property
    def low(self) -> float:
        return self.value - (inf if self.half is None else self.half)

    @property
    def high(self) -> float:
        return self.value + (inf if self.half is None else self.half)

    @property
    def spread(self) -> str:
        if self.bounds:
            return interval_text(*self.bounds, self.digits)
        return "" if self.half is None else f"±{self.half:.{self.digits}f}"


def half_width(row: Mapping[str, Any]) -> float | None:
    """Half the width of a row's interval (``low``, ``high``); None if it has none."""
    low, high = row["low"], row["high"]
    return None if low is None or high is None else (high - low) / 2
