"""Randomness as an argument: one object that draws every random number of a forward pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

CPU = torch.device("cpu")


class Rows(NamedTuple):
    """The rows ``start`` to ``stop`` of a batch of ``of``."""

    start: int
    stop: int
    of: int


@dataclass(frozen=True)
class Noise:
    """Draws from ``generator``, on its device. ``training`` = False switches off dropout and nothing else.

    ``rows``: the forward pass is over these rows of a batch; the whole batch's numbers are drawn and these rows' given,
    so that a batch processed in pieces, wherever they are processed, gets the same numbers as the whole.
    """

    generator: torch.Generator
    training: bool = True
    rows: Rows | None = None

    def only(self, rows: Rows) -> Noise:
        """The same noise, of these rows of the batch."""
        return replace(self, rows=rows)

    def normal(self, *shape: int) -> Tensor:
        return self._drawn(torch.randn, shape)

    def uniform(self, *shape: int) -> Tensor:
        return self._drawn(torch.rand, shape)

    def dropout(self, values: Tensor, rate: float) -> Tensor:
        """Zeroes a share ``rate`` of the values and scales the rest, in training; the values themselves otherwise."""
        if not self.training or rate == 0.0:
            return values
        keep = self.uniform(*values.shape) >= rate
        return values * (keep.to(values.dtype) / (1.0 - rate))

    def _drawn(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        """Raises ValueError where the first dimension is not that of the rows."""
        device = self.generator.device
        if self.rows is None:
            return draw(shape, generator=self.generator, device=device)
        if shape[0] != self.rows.stop - self.rows.start:
            raise ValueError(f"noise of shape {shape} for the rows {self.rows}")
        whole = draw((self.rows.of, *shape[1:]), generator=self.generator, device=device)
        return whole[self.rows.start : self.rows.stop]


@dataclass(frozen=True)
class OwnNoise(Noise):
    """Noise to answer with: every row has a generator of its own, so that what it draws depends neither on the rows
    beside it nor on the device.
    """

    own: tuple[torch.Generator, ...] = ()
    device: torch.device = CPU

    def _drawn(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        """Raises ValueError where there are not as many rows as generators."""
        each = (1, *shape[1:])
        drawn = [draw(each, generator=one) for one, _ in zip(self.own, range(shape[0]), strict=True)]
        return torch.cat(drawn).to(self.device)


def seeded(seed: int, device: torch.device, *, training: bool = True) -> Noise:
    """Noise that starts at ``seed`` on ``device``."""
    return Noise(torch.Generator(device).manual_seed(seed), training)


def own_noise(seed: int, keys: Sequence[str], samples: int, device: torch.device) -> OwnNoise:
    """Noise for ``samples`` rows of each of the sessions with these keys, on ``device``; without dropout.

    A row's numbers are given by the seed, its session's key and the number of the sample, whoever answers.
    """
    named = [f"{seed} {sample} {key}".encode() for key in keys for sample in range(samples)]
    seeds = [int.from_bytes(hashlib.sha256(name).digest()[:4]) for name in named]
    own = tuple(torch.Generator().manual_seed(one) for one in seeds)
    return OwnNoise(own[0], training=False, own=own, device=device)
