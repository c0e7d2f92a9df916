"""The optimisers: torch's fused forms step as its plain ones, and resume."""

import torch
from torch import nn

from pwae_core.config.train import OptimiserConfig
from pwae_core.models.base import Loss, Phase, mean
from pwae_core.training import optimisers


def _phase(seed: int) -> Phase:
    torch.manual_seed(seed)
    parameters = {"matrix": nn.Parameter(torch.randn(7, 5)), "bias": nn.Parameter(torch.randn(5))}
    config = OptimiserConfig(kind="adam", rate=0.01)
    return Phase("autoencoder", lambda *_: Loss(mean(torch.zeros(()), 1)), parameters, config)


def _step(phase: Phase, optimiser: torch.optim.Optimizer, iteration: int) -> None:
    for parameter in phase.parameters.values():
        parameter.grad = (parameter.detach() + iteration).sin()
    optimiser.step()


def test_adam_steps_as_its_plain_form_does() -> None:
    ours, plain = _phase(1), _phase(1)
    one, other = optimisers.build(ours), torch.optim.Adam(plain.parameters.values(), lr=0.01, foreach=False)
    for iteration in range(20):
        _step(ours, one, iteration)
        _step(plain, other, iteration)
    for name, parameter in ours.parameters.items():
        torch.testing.assert_close(parameter, plain.parameters[name])


def test_adam_goes_on_from_its_saved_tensors_to_the_bit() -> None:
    through, before, after = _phase(2), _phase(2), _phase(2)
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
