"""A batch in pieces: each process that trains takes its own, and cuts it into micro-batches where memory is short.

Every process has the whole batch and draws the noise of the whole batch (``Noise.only``), so that the pieces hear what
the batch would have heard done at once, wherever they are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pwae_core.data.sessions import Batch
from pwae_core.models.base import Codes
from pwae_core.nn.noise import Noise, Rows
from pwae_core.training.group import ALONE, Group

Source = Batch | Codes


@dataclass(frozen=True)
class Piece:
    """``rows`` of a batch or of its codes. ``counts`` 0: done to have what to add, where sessions are too few."""

    source: Source
    noise: Noise
    rows: Rows
    counts: int


@dataclass(frozen=True)
class Cutter:
    """How batches are cut: between the processes of ``group``, then into ``micro_batches``."""

    group: Group = ALONE
    micro_batches: int = 1

    @property
    def whole(self) -> bool:
        """Whether nothing is cut."""
        return self.group.size == 1 and self.micro_batches == 1

    def rows(self, sessions: int) -> list[Rows]:
        """What this process does of a batch: the pieces that are not empty."""
        parts, first = self.group.size * self.micro_batches, self.group.rank * self.micro_batches
        borders = [sessions * part // parts for part in range(first, first + self.micro_batches + 1)]
        return [Rows(start, stop, sessions) for start, stop in pairwise(borders) if start < stop]

    def pieces(self, source: Source, noise: Noise) -> Iterator[Piece]:
        """This process's pieces, one at least. Each draws from the state of ``noise``, and leaves it where the whole
        batch does.
        """
        sessions, drawn = length(source), noise.generator.get_state()
        mine = self.rows(sessions)
        for rows in mine or [Rows(0, 1, sessions)]:
            noise.generator.set_state(drawn)
            yield Piece(_cut(source, rows), noise.only(rows), rows, int(bool(mine)))


def length(source: Source) -> int:
    """The sessions of a batch or of its codes."""
    return len(source) if isinstance(source, Batch) else len(next(iter(source.values())))


def _cut(source: Source, rows: Rows) -> Source:
    if isinstance(source, Batch):
        return source.rows(rows.start, rows.stop)
    return {name: code[rows.start : rows.stop] for name, code in source.items()}
