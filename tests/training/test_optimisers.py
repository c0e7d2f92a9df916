"""The optimisers: torch's fused forms step as its plain ones, and resume."""

from typing import Literal

import pytest
import torch
from torch import nn

from pwae_core.config.train import OptimiserConfig
from pwae_core.models.base import Loss, Phase, mean
from pwae_core.training import optimisers

Kind = Literal["adam", "rmsprop"]
PLAIN = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}
both = pytest.mark.parametrize("kind", ["adam", "rmsprop"])


def _phase(seed: int, kind: Kind) -> Phase:
    torch.manual_seed(seed)
    parameters = {"matrix": nn.Parameter(torch.randn(7, 5)), "bias": nn.Parameter(torch.randn(5))}
    config = OptimiserConfig(kind=kind, rate=0.01)
    return Phase("autoencoder", lambda *_: Loss(mean(torch.zeros(()), 1)), parameters, config)


def _step(phase: Phase, optimiser: torch.optim.Optimizer, iteration: int) -> None:
    for parameter in phase.parameters.values():
        parameter.grad = (parameter.detach() + iteration).sin()
    optimiser.step()


@both
def test_a_fused_form_steps_as_the_plain_form_does(kind: Kind) -> None:
    ours, plain = _phase(1, kind), _phase(1, kind)
    one, other = optimisers.build(ours), PLAIN[kind](plain.parameters.values(), lr=0.01, foreach=False)
    for iteration in range(20):
        _step(ours, one, iteration)
        _step(plain, other, iteration)
    for name, parameter in ours.parameters.items():
        torch.testing.assert_close(parameter, plain.parameters[name])
    kept, expected = one.state_dict()["state"], other.state_dict()["state"]
    for index, state in expected.items():
        assert kept[index].keys() == state.keys()
        torch.testing.assert_close(kept[index], state)


@both
def test_it_goes_on_from_its_saved_tensors_to_the_bit(kind: Kind) -> None:
    through, before, after = _phase(2, kind), _phase(2, kind), _phase(2, kind)
    whole, first, second = optimisers.build(through), optimisers.build(before), optimisers.build(after)
    for iteration in range(3):
        _step(through, whole, iteration)
        _step(before, first, iteration)
    optimisers.restore(second, optimisers.state_tensors(first))
    for name, parameter in before.parameters.items():
        after.parameters[name].data.copy_(parameter.data)
    for iteration in range(3, 6):
        _step(through, whole, iteration)
        _step(after, second, iteration)
    for name, parameter in through.parameters.items():
        assert torch.equal(parameter, after.parameters[name])
