"""Optimisers from their settings, and their state as plain tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor
from torch.optim.adam import adam

from pwae_core.config.train import OptimiserConfig
from pwae_core.models.base import Phase

BIAS_GONE = 1e6
"""Steps after which Adam's correction 1 - 0.99^step is 1 to the bit."""


class FusedRMSprop(torch.optim.RMSprop):
    """torch's RMSprop, with its settings and its state, in one pass over the memory instead of five.

    RMSprop is Adam with the gradient itself as its first moment and without bias correction, and torch has a fused form
    of Adam. Momentum, centring and weight decay, which no phase needs, are left out.
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            for parameter in moved:
                state = self.state[parameter]
                if not state:
                    state |= {"step": torch.zeros(()), "square_avg": torch.zeros_like(parameter)}
                state["step"] += 1
            gradients = [parameter.grad for parameter in moved]
            adam(
                moved,
                gradients,
                gradients,
                [self.state[parameter]["square_avg"] for parameter in moved],
                [],
                [torch.full((), BIAS_GONE, device=parameter.device) for parameter in moved],
                fused=True,
                amsgrad=False,
                beta1=0.0,
                beta2=group["alpha"],
                lr=group["lr"],
                weight_decay=0.0,
                eps=group["eps"],
                maximize=False,
            )


KINDS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "rmsprop": FusedRMSprop,
    "adam": partial(torch.optim.Adam, fused=True),
}


def build(phase: Phase) -> torch.optim.Optimizer:
    """The optimiser of one phase, over exactly that phase's parameters."""
    make = KINDS[phase.optimiser.kind]
    return make(list(phase.parameters.values()), lr=phase.optimiser.rate)


def rate_at(config: OptimiserConfig, epoch: int, iteration: int = 0, plateaus: int = 0) -> float:
    """The learning rate of an iteration (from 0, of its period) in an epoch (from 0).

    ``plateaus``: how often ``decay_every`` validations in a row found nothing better.
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
    """Restores what ``state_tensors`` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
