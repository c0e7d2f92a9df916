"""Where training is, how long it may go on, and when each of its periods is over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from pwae_core.config.train import TrainConfig
from pwae_core.errors import ConfigError
from pwae_core.models.base import Model, Period

Ranked = Sequence[float]
"""A checkpoint that is kept: its measure (lower is better) and its iteration."""


@dataclass
class Position:
    """Where training is: everything but tensors that the next iteration depends on.

    ``least_steps``, ``least_epochs`` and ``least_patience`` are the smallest settings with which training gets here.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0  # of the epoch, the next to be read
    best: float | None = None  # the measure of the best checkpoint; negated where more is better
    best_step: int = 0
    waited: int = 0  # validations since the best one
    validated: int = 0  # the last iteration that was
    log_lines: int = 0
    period: int = 0
    period_start: int = 0  # the iterations before it
    least_steps: int = 0
    least_epochs: int = 0
    least_patience: int = 0
    precision: str = ""  # of the first iteration, wherever training goes on
    waits: list[int] = field(default_factory=list)  # validations in a row without a better one, before the best
    kept: list[Ranked] = field(default_factory=list)  # the best checkpoints of the period, best first

    @property
    def is_best(self) -> bool:
        """Whether no validation of the period was better than that of this iteration."""
        return self.best is not None and self.best_step == self.step

    def judge(self, loss: float, keep: int) -> None:
        """Records a validation of this iteration: ``loss`` decides, ``keep`` is how many of the best are kept."""
        self.validated = self.step
        if self.best is None or loss < self.best:
            self.waits = [*self.waits, self.waited] if self.waited else self.waits
            self.best, self.best_step, self.waited = loss, self.step, 0
        else:
            self.waited += 1
        if keep > 1:
            self.kept = sorted([*self.kept, [loss, self.step]], key=tuple)[:keep]

    def plateaus(self, length: int) -> int:
        """How often ``length`` validations of this period in a row found nothing better."""
        return sum(wait // length for wait in (*self.waits, self.waited))

    def enter_next_period(self) -> None:
        """Moves on to the next period, whose ranking starts afresh."""
        self.period, self.period_start = self.period + 1, self.step
        self.best, self.waited, self.waits, self.kept = None, 0, [], []


@dataclass(frozen=True)
class Budget:
    """How long training may last: at most ``total`` iterations, of which ``a_pass`` make an epoch.

    ``shares``: the cumulative share of the iterations at the end of each period. ``patience`` 0 is unlimited.
    """

    total: int
    a_pass: int
    patience: int
    shares: tuple[float, ...]

    def end(self, period: int, total: int) -> int:
        """The iteration at which a period ends if training has ``total`` iterations; the last one ends with the
        training.
        """
        return total if period + 1 == len(self.shares) else round(total * self.shares[period])

    def over(self, position: Position) -> str | None:
        """Why the period is over; None while it is not."""
        end = self.end(position.period, self.total)
        if position.step >= end:
            return f"all {end} iterations done"
        if self.patience and position.waited >= self.patience:
            return f"no better validation in the last {position.waited}"
        return None

    def note(self, position: Position) -> None:
        """Records the smallest settings with which training gets to ``position``."""
        least = self._least_total(position.period, position.step)
        position.least_steps = max(position.least_steps, least)
        position.least_epochs = math.ceil(position.least_steps / self.a_pass)
        position.least_patience = max(position.least_patience, position.waited)

    def _least_total(self, period: int, step: int) -> int:
        """The smallest total with which the period lasts until ``step``."""
        share = self.shares[period]
        least = max(step, math.floor((step - 0.5) / share)) if share and step else step
        while self.end(period, least) < step:
            least += 1
        return least


def periods_of(model: Model, config: TrainConfig) -> tuple[Period, ...]:
    """The periods, with shares that add up to 1.

    Raises ConfigError for shares that do not fit the system, and for a plateau that patience does not wait for.
    """
    _refuse_endless_plateaus(config)
    periods = model.periods(config)
    shares = config.period_shares or tuple(period.share for period in periods)
    if len(shares) != len(periods) or not sum(shares):
        names = ", ".join(period.name for period in periods)
        raise ConfigError(
            f"period_shares: {config.model.name} is trained in {len(periods)} ({names}); "
            f"give a share for each, not all of them 0 (got {list(shares)})."
        )
    return tuple(replace(one, share=share / sum(shares)) for one, share in zip(periods, shares, strict=True))


def _refuse_endless_plateaus(config: TrainConfig) -> None:
    for name in ("autoencoder", "generator", "critic"):
        every = getattr(config, name).decay_every
        if getattr(config, name).schedule == "plateau" and 0 < config.patience <= every:
            raise ConfigError(
                f"{name}: decay_every = {every}: with patience = {config.patience}, training ends before a plateau is "
                "that long; give a smaller decay_every or more patience."
            )


def budget_of(config: TrainConfig, periods: tuple[Period, ...], sessions: int) -> Budget:
    """The budget of the settings, with ``sessions`` to train on."""
    a_pass = math.ceil(sessions / config.batch_size)
    total = config.epochs * a_pass
    shares = tuple(accumulate(period.share for period in periods))
    return Budget(min(total, config.max_steps or total), a_pass, config.patience, shares)
