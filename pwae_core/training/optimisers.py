"""Optimisers from their settings, and their state as plain tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from pwae_core.config.train import OptimiserConfig
from pwae_core.models.base import Phase

KINDS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adam": partial(torch.optim.Adam, fused=True),
}


def build(phase: Phase) -> torch.optim.Optimizer:
    """The optimiser of one phase, over exactly that phase's parameters."""
    make = KINDS[phase.optimiser.kind]
    return make(list(phase.parameters.values()), lr=phase.optimiser.rate)


def rate_at(config: OptimiserConfig, epoch: int) -> float:
    """The learning rate of an epoch (from 0): decayed by a factor every ``decay_every`` epochs."""
    return config.rate * config.decay ** (epoch // config.decay_every)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def state_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimiser has accumulated, as ``{"3.square_avg": tensor}``."""
    state = optimiser.state_dict()["state"]
    return {f"{index}.{key}": torch.as_tensor(value) for index, kept in state.items() for key, value in kept.items()}


def restore(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Puts back what ``state_tensors`` gave."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
