"""Optimisers from their settings, and their state as plain tensors."""

from __future__ import annotations

import math
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


def rate_at(config: OptimiserConfig, epoch: int, iteration: int = 0, plateaus: int = 0) -> float:
    """The learning rate of an iteration (from 0, of its period) in an epoch (from 0).

    ``plateaus``: how often ``decay_every`` validations in a row found none better.
    """
    warm = min(1.0, (iteration + 1) / config.warmup) if config.warmup else 1.0
    done = min(1.0, iteration / config.decay_every)
    factor = {
        "epochs": config.decay ** (epoch // config.decay_every),
        "iterations": config.decay ** (iteration // config.decay_every),
        "linear": 1.0 - (1.0 - config.decay) * done,
        "cosine": config.decay + (1.0 - config.decay) * (1.0 + math.cos(math.pi * done)) / 2.0,
        "plateau": config.decay**plateaus,
    }[config.schedule]
    return config.rate * warm * factor


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
