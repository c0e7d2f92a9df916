"""The settings of ``pwae report``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pwae_core.config.base import Config


class ReportConfig(Config):
    """What the page shows."""

    title: str = Field("", max_length=200, description="Title of the page. Default: the systems on it.")
    cases: int = Field(8, ge=0, le=200, description="Contexts of Table 5: every system's answers side by side.")
    contexts: int = Field(3, ge=0, le=50, description="Contexts of Table 6: one context answered as several users.")
    users: int = Field(4, ge=1, le=20, description="Users of Table 6.")
    samples: int = Field(3, ge=1, le=50, description="Answers of each system to show for a context.")
    history: int = Field(
        5, ge=0, le=50, description="Maximum training utterances of a person to show beside the answers."
    )
    points: int = Field(400, ge=20, le=5000, description="Test sessions whose latent codes are plotted.")
    map_users: int = Field(2000, ge=2, le=5000, description="Users on the map: those who answer most.")
    characters: int = Field(400, ge=40, le=5000, description="Maximum characters of an utterance to show.")
    checkpoint: Literal["best", "last", "average"] = Field("best", description="Weights to use: best, last or average.")
    refresh: int = Field(0, ge=0, le=3600, description="Seconds after which the page reloads itself; 0: never.")
    seed: int = Field(7, ge=0, lt=2**32, description="Seed of everything random: which contexts, which codes.")


DEFAULTS = ReportConfig()
