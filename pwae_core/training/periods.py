"""The periods of a training: the system's own, or with the shares that the settings give."""

from __future__ import annotations

from dataclasses import replace

from pwae_core.config.train import TrainConfig
from pwae_core.errors import ConfigError
from pwae_core.models.base import Model, Period


def periods_of(model: Model, config: TrainConfig) -> tuple[Period, ...]:
    """The periods, their shares adding up to 1. Raises ConfigError for shares that do not fit the system."""
    periods = model.periods(config)
    shares = config.period_shares or tuple(period.share for period in periods)
    if len(shares) != len(periods) or not sum(shares):
        names = ", ".join(period.name for period in periods)
        raise ConfigError(
            f"period_shares: {config.model.name} is trained in {len(periods)} ({names}); "
            f"give a share for each, not all of them 0 (got {list(shares)})."
        )
    return tuple(replace(one, share=share / sum(shares)) for one, share in zip(periods, shares, strict=True))
