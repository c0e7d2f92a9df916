"""Checkpoints kept as they were at the end of a period, so that a run of more iterations can continue from there.

A period is a share of all iterations, so it ends later in a longer training. Besides, the last iteration is validated
even if no validation is due. From there on, a run therefore differs from a longer one.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pwae_core.training.checkpoints import (
    BEST,
    LAST,
    copy_checkpoint,
    drop_checkpoint,
    has_checkpoint,
    load_state,
)
from pwae_core.training.periods import Budget, Position


def kept_name(period: int, name: str) -> str:
    """The name under which the last or best checkpoint is kept."""
    return f"period{period + 1}-{name}"


def keep(folder: Path, period: int, names: Collection[str]) -> None:
    """Keeps the last and the best checkpoint as they are now, those in ``names``; drops the copy of another."""
    for name in (LAST, BEST):
        if name in names:
            copy_checkpoint(folder, name, kept_name(period, name))
        else:
            drop_checkpoint(folder, kept_name(period, name))


def starting_point(folder: Path, budget: Budget) -> str:
    """The checkpoint to continue from: the last one, or the end of a period that is longer now. Empty if there is none.

    Raises ArtifactError for one that is missing or damaged.
    """
    if not has_checkpoint(folder, LAST):
        return ""
    for period in range(load_state(folder, LAST)["period"]):
        name = kept_name(period, LAST)
        if budget.over(Position(**load_state(folder, name))) is None:
            return name
    return LAST


def put_back(folder: Path, start: str, position: Position) -> None:
    """Makes the last and the best checkpoint what they were at ``position``, that of the checkpoint ``start``.

    The best one, if it is of ``position`` itself, is left to be written from its weights: a kill may have prevented it.
    """
    if start != LAST:
        copy_checkpoint(folder, start, LAST)
    if position.best is None or position.is_best:
        return
    kept = kept_name(position.period, BEST)
    newer = load_state(folder, BEST)["step"] != position.best_step
    if newer and has_checkpoint(folder, kept) and load_state(folder, kept)["step"] == position.best_step:
        copy_checkpoint(folder, kept, BEST)
