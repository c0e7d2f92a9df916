"""What the validation split says of a model."""

from __future__ import annotations

import torch
from torch import Tensor

from pwae_core.config.train import TrainConfig
from pwae_core.data.sessions import Batch, Sessions
from pwae_core.models.base import Measure
from pwae_core.nn.noise import seeded
from pwae_core.training.pieces import Cutter

VALIDATION_SEED = 1_000_003
TOKENS = "tokens"


@torch.no_grad()
def validate(
    measure: Measure, sessions: Sessions, config: TrainConfig, device: torch.device, cutter: Cutter
) -> dict[str, float]:
    """A token's share of ``measure`` of the split, by name; the same noise each time, to compare."""
    noise = seeded(config.seed + VALIDATION_SEED, device, training=False)
    sums: dict[str, Tensor] = {}
    for rows in sessions.in_order(config.batch_size, config.validation_sessions):
        for piece in cutter.pieces(sessions.batch(rows).to(device), noise):
            assert isinstance(piece.source, Batch)
            found = measure(piece.source, piece.noise) | {TOKENS: piece.source.response_lengths.sum()}
            for name, value in found.items():
                sums[name] = sums.get(name, 0.0) + piece.counts * value.double()
    total = torch.stack(list(sums.values()))
    cutter.group.add([total])
    means = dict(zip(sums, (total / total[list(sums).index(TOKENS)]).tolist(), strict=True))
    return {name: value for name, value in means.items() if name != TOKENS}
