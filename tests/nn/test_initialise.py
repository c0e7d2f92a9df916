"""Weights at the start: orthogonal GRUs, output weights in +-.1."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pwae_core.config.train import ModelConfig
from pwae_core.models import MODELS
from pwae_core.nn.attention import AttentionDecoder
from pwae_core.nn.decoders import GatedDecoder
from pwae_core.nn.output import Output
from pwae_core.training.runs import build_model

SIZES = {"word_size": 5, "hidden_size": 8, "user_size": 6, "latent_size": 4}


def is_orthogonal(matrix: torch.Tensor) -> bool:
    """Of more rows than columns: the columns are orthonormal."""
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    return torch.allclose(tall.T @ tall, torch.eye(tall.shape[1]), atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_grus_are_orthogonal_and_outputs_small_where_that_is_asked(name: str) -> None:
    models = {
        way: build_model(ModelConfig.make({"name": name, "initialisation": way, **SIZES}), 50, 3, 1)
        for way in ("orthogonal", "torch")
    }
    grus, outputs = set(), 0
    for path, module in models["orthogonal"].named_modules():
        if isinstance(module, nn.GRU):
            grus |= {f"{path}.{key}" for key, weight in module.named_parameters() if weight.dim() == 2}
        if isinstance(module, GatedDecoder | AttentionDecoder):
            grus |= {f"{path}.{key}.weight" for key in ("word_input", "user_input", "recurrent", "source_input")}
        if isinstance(module, Output):
            outputs += 1
            assert 0.09 < module.linear.weight.abs().max() <= 0.1
            assert not module.linear.bias.any()
    orthogonal, other = (dict(model.named_parameters()) for model in models.values())
    grus &= orthogonal.keys()
    assert len(grus) >= 5
    assert outputs >= 1
    assert all(is_orthogonal(orthogonal[key].detach()) for key in grus)
    assert not any(is_orthogonal(other[key].detach()) for key in grus)
    same = {key for key in orthogonal if torch.equal(orthogonal[key], other[key])}
    assert same == {key for key in orthogonal if key not in grus and "output.linear" not in key}
