"""The settings of ``pwae diagnose``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pwae_core.config.base import Config


class DiagnoseConfig(Config):
    """What is checked, and the thresholds for a collapse."""

    contexts: int = Field(200, gt=1, description="Contexts of the validation split to check.")
    samples: int = Field(10, gt=1, description="Responses per context.")
    batch_size: int = Field(64, gt=0, description="Contexts decoded together.")
    checkpoint: Literal["best", "last", "average"] = Field("best", description="Weights to use: best, last or average.")
    activity: float = Field(
        0.01, gt=0, description="Variance over contexts above which a dimension of z is active (Burda et al. 2016)."
    )
    least_distinct: float = Field(0.3, ge=0, le=1, description="Warn below this share of distinct responses.")
    least_active: float = Field(0.1, ge=0, le=1, description="Warn below this share of active dimensions.")
    least_sensitivity: float = Field(
        0.01, ge=0, description="Warn if another session's z costs the reconstruction fewer nats per token than this."
    )
    most_prior_gap: float = Field(
        1.0, ge=0, description="Warn above this energy distance between the prior's and the posterior's codes."
    )
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of everything random.")


DEFAULTS = DiagnoseConfig()
