"""Randomness as an argument: one object that draws every random number of a forward pass."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Noise:
    """Draws from ``generator``, on its device. ``training`` False switches dropout off, and only that."""

    generator: torch.Generator
    training: bool = True

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.generator.device)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator, device=self.generator.device)

    def dropout(self, values: Tensor, rate: float) -> Tensor:
        """Zeroes a share ``rate`` of the values and scales the rest, in training; the values themselves otherwise."""
        if not self.training or rate == 0.0:
            return values
        keep = self.uniform(*values.shape) >= rate
        return values * (keep.to(values.dtype) / (1.0 - rate))


def seeded(seed: int, device: torch.device, *, training: bool = True) -> Noise:
    """Noise that starts at ``seed`` on ``device``."""
    return Noise(torch.Generator(device).manual_seed(seed), training)
