"""Initial weights as in DialogWAE's code, wherever torch's own would differ."""

from __future__ import annotations

from torch import Tensor, nn

from pwae_core.nn.attention import AttentionDecoder
from pwae_core.nn.decoders import GatedDecoder
from pwae_core.nn.output import Output

OUTPUT_RANGE = 0.1


def orthogonal(model: nn.Module) -> None:
    """Makes the matrices of every GRU orthogonal, each with its three gates as one; output weights uniform in +-.1,
    biases 0.
    """
    for module in model.modules():
        for matrix in _matrices(module):
            nn.init.orthogonal_(matrix)
        if isinstance(module, Output):
            nn.init.uniform_(module.linear.weight, -OUTPUT_RANGE, OUTPUT_RANGE)
            nn.init.zeros_(module.linear.bias)


def _matrices(module: nn.Module) -> list[Tensor]:
    """The matrices of a GRU; nothing for any other module."""
    if isinstance(module, nn.GRU):
        return [weight for weight in module.parameters() if weight.dim() > 1]
    if isinstance(module, GatedDecoder | AttentionDecoder):
        return [layer.weight for layer in module.gru_layers]
    return []
