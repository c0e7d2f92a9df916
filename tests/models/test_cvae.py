"""What the CVAE alone has: densities, which need float32."""

from __future__ import annotations

import math

import pytest
import torch
from planted import planted
from small_training import CPU, first_batch, small_config
from tiny import Tiny, tiny

from pwae_core.models.base import Loss
from pwae_core.models.cvae import CVAE
from pwae_core.nn.noise import seeded
from pwae_core.training.runs import build_model


def near_its_prior(components: int, data: Tiny) -> CVAE:
    """A CVAE whose posterior and prior are both nearly N(0, I): the variances of the prior's parts are 2, halved by
    the weights of its fusion.
    """
    config = small_config(model={"name": "cvae", "components": components, "latent_size": 64, "word_dropout": 0})
    model = build_model(config.model, len(data.vocabulary), len(data.users), 1)
    assert isinstance(model, CVAE)
    heads = (model.recognition, model.context_mixture, model.personalisation)
    with torch.no_grad():
        for head in heads:
            head.linear.weight *= 0.1
            head.linear.bias.zero_()
        for head in heads[1:]:
            head.linear.bias[components * (1 + 64) :] = math.log(2)
    return model


@pytest.mark.parametrize("components", [1, 3])
def test_densities_are_float32_whatever_the_precision_of_the_networks(components: int) -> None:
    """Near its prior, a divergence is a small difference of large numbers. The codes that it is computed from are
    bfloat16 (8 bits of mantissa).
    """
    data = tiny(planted(users=4, conversations=20, seed=1).rows)
    model, batch = near_its_prior(components, data), first_batch(data.sessions, 32)

    def loss(precision: str) -> Loss:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            return model.bound_loss(batch, seeded(1, CPU))

    exact, lower = loss("fp32").terms, loss("bf16").terms
    assert 0 < abs(exact["kl"].value.item()) < 0.1
    for name, tolerance in (("kl", 0.02), ("bag_of_words", 0.001)):
        assert lower[name].value.dtype == torch.float32
        assert lower[name].value.item() == pytest.approx(exact[name].value.item(), rel=tolerance), name
