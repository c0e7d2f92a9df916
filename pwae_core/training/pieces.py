"""A batch in pieces: each process takes its own, and divides it into micro-batches if memory is short.

Every process has the whole batch and draws the noise of the whole batch (``Noise.only``). The pieces therefore get the
same noise as the whole batch, wherever they are processed.
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
    """``rows`` of a batch or of its codes. ``counts`` 0: processed only to have something to add, if there are too few
    sessions.
    """

    source: Source
    noise: Noise
    rows: Rows
    counts: int


@dataclass(frozen=True)
class Cutter:
    """How batches are divided: among the processes of ``group``, then into ``micro_batches``."""

    group: Group = ALONE
    micro_batches: int = 1

    @property
    def whole(self) -> bool:
        """Whether batches stay whole."""
        return self.group.size == 1 and self.micro_batches == 1

    def rows(self, sessions: int) -> list[Rows]:
        """The pieces of a batch that this process handles, without empty ones."""
        parts, first = self.group.size * self.micro_batches, self.group.rank * self.micro_batches
        borders = [sessions * part // parts for part in range(first, first + self.micro_batches + 1)]
        return [Rows(start, stop, sessions) for start, stop in pairwise(borders) if start < stop]

    def pieces(self, source: Source, noise: Noise) -> Iterator[Piece]:
        """This process's pieces, at least one. Each draws from the state of ``noise``, and leaves it where the whole
        batch would.
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
