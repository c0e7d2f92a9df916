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
    """The rows ``start`` to ``stop`` of a batch of ``of`` rows."""

    start: int
    stop: int
    of: int


@dataclass(frozen=True)
class Noise:
    """Draws from ``generator``, on its device. ``training`` = False switches off dropout and nothing else.

    ``rows``: the forward pass is over these rows of a batch. Numbers are drawn for the whole batch, and these rows' are
    returned. A batch processed in pieces, wherever that happens, thus gets the same numbers as the whole batch.
    """

    generator: torch.Generator
    training: bool = True
    rows: Rows | None = None

    def only(self, rows: Rows) -> Noise:
        """The same noise, for these rows of the batch only."""
        return replace(self, rows=rows)

    def normal(self, *shape: int) -> Tensor:
        return self._drawn(torch.randn, shape)

    def uniform(self, *shape: int) -> Tensor:
        return self._drawn(torch.rand, shape)

    def dropout(self, values: Tensor, rate: float) -> Tensor:
        """In training, zeroes a share ``rate`` of the values and scales the others; otherwise returns the values
        unchanged.
        """
        if not self.training or rate == 0.0:
            return values
        keep = self.uniform(*values.shape) >= rate
        return values * (keep.to(values.dtype) / (1.0 - rate))

    def _drawn(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        """Raises ValueError if the first dimension is not the number of rows."""
        device = self.generator.device
        if self.rows is None:
            return draw(shape, generator=self.generator, device=device)
        if shape[0] != self.rows.stop - self.rows.start:
            raise ValueError(f"noise of shape {shape} for the rows {self.rows}")
        whole = draw((self.rows.of, *shape[1:]), generator=self.generator, device=device)
        return whole[self.rows.start : self.rows.stop]


@dataclass(frozen=True)
class OwnNoise(Noise):
    """Noise for answers: every row has its own generator, so what it draws depends neither on other rows nor on the
    device.
    """

    own: tuple[torch.Generator, ...] = ()
    device: torch.device = CPU

    def _drawn(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        """Raises ValueError if the numbers of rows and generators differ."""
        each = (1, *shape[1:])
        drawn = [draw(each, generator=one) for one, _ in zip(self.own, range(shape[0]), strict=True)]
        return torch.cat(drawn).to(self.device)


def seeded(seed: int, device: torch.device, *, training: bool = True) -> Noise:
    """Noise that starts at ``seed`` on ``device``."""
    return Noise(torch.Generator(device).manual_seed(seed), training)


def own_noise(seed: int, keys: Sequence[str], samples: int, device: torch.device) -> OwnNoise:
    """Noise for ``samples`` rows of each of the sessions with these keys, on ``device``; without dropout.

    A row's numbers depend only on the seed, its session's key and the number of the sample, not on who answers.
    """
    named = [f"{seed} {sample} {key}".encode() for key in keys for sample in range(samples)]
    seeds = [int.from_bytes(hashlib.sha256(name).digest()[:4]) for name in named]
    own = tuple(torch.Generator().manual_seed(one) for one in seeds)
    return OwnNoise(own[0], training=False, own=own, device=device)
