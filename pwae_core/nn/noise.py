"""Randomness as an argument: one object that draws every random number of a forward pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor


class Rows(NamedTuple):
    """The rows ``start`` to ``stop`` of a batch of ``of``."""

    start: int
    stop: int
    of: int


@dataclass(frozen=True)
class Noise:
    """Draws from ``generator``, on its device. ``training`` False switches dropout off, and only that.

    ``rows``: the forward pass is over these rows of a batch; the whole batch's numbers are drawn and these rows' given,
    so that a batch done in pieces, wherever they are done, hears what it hears done at once.
    """

    generator: torch.Generator
    training: bool = True
    rows: Rows | None = None

    def only(self, rows: Rows) -> Noise:
        """The same noise, of these rows of the batch."""
        return replace(self, rows=rows)

    def normal(self, *shape: int) -> Tensor:
        return self._cut(torch.randn(self._whole(shape), generator=self.generator, device=self.generator.device))

    def uniform(self, *shape: int) -> Tensor:
        return self._cut(torch.rand(self._whole(shape), generator=self.generator, device=self.generator.device))

    def dropout(self, values: Tensor, rate: float) -> Tensor:
        """Zeroes a share ``rate`` of the values and scales the rest, in training; the values themselves otherwise."""
        if not self.training or rate == 0.0:
            return values
        keep = self.uniform(*values.shape) >= rate
        return values * (keep.to(values.dtype) / (1.0 - rate))

    def _whole(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape over the whole batch. Raises ValueError where the first dimension is not the rows'."""
        if self.rows is None:
            return shape
        if shape[0] != self.rows.stop - self.rows.start:
            raise ValueError(f"noise of shape {shape} for the rows {self.rows}")
        return (self.rows.of, *shape[1:])

    def _cut(self, drawn: Tensor) -> Tensor:
        return drawn if self.rows is None else drawn[self.rows.start : self.rows.stop]


def seeded(seed: int, device: torch.device, *, training: bool = True) -> Noise:
    """Noise that starts at ``seed`` on ``device``."""
    return Noise(torch.Generator(device).manual_seed(seed), training)
