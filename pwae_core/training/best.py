"""The best checkpoints of a run, if several are kept, and the mean of their weights.

Such a checkpoint is removed only when no checkpoint that training may continue from counts it among the best. Those are
the last checkpoint and the ones kept at the end of a period, which remember an earlier ranking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from pwae_core.training.checkpoints import LAST, drop_checkpoint, has_checkpoint, load_checkpoint, load_state, part
from pwae_core.training.period_ends import kept_name
from pwae_core.training.periods import Position, Ranked

AVERAGE = "average"


def names(ranked: Iterable[Ranked], step: int | None = None) -> list[str]:
    """The names of the checkpoints of a ranking; if ``step`` is given, only that of this iteration."""
    return [f"kept-{one}" for _, one in ranked if step in (None, one)]


def prune(folder: Path, position: Position) -> None:
    """Removes checkpoints that no ranking needs any more."""
    remembered = [LAST, *(kept_name(period, LAST) for period in range(position.period + 1))]
    rankings = [load_state(folder, name).get("kept", []) for name in remembered if has_checkpoint(folder, name)]
    needed = {name for ranked in [*rankings, position.kept] for name in names(ranked)}
    for name in sorted({"-".join(path.stem.split("-")[:2]) for path in folder.glob("kept-*")} - needed):
        drop_checkpoint(folder, name)


def mean_weights(folder: Path, names: Sequence[str]) -> dict[str, Tensor]:
    """The mean of the weights of several checkpoints; whole numbers are the first's. Raises ArtifactError."""
    means: dict[str, Tensor] = {}
    for name in names:
        weights = part(load_checkpoint(folder, name, torch.device("cpu"))[0], "model")
        for key, value in weights.items():
            if key not in means:
                means[key] = value
            elif value.is_floating_point():
                means[key] = means[key] + value
    return {key: total / len(names) if total.is_floating_point() else total for key, total in means.items()}
