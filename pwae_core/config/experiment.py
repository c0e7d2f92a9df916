"""A plan of ``pwae experiment``: which systems, ablations, K and seeds are trained, sampled and evaluated alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pwae_core.config.base import Config
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.config.resolve import merge, nested, read_toml
from pwae_core.config.sample import SampleConfig
from pwae_core.config.train import PRESETS, TrainConfig
from pwae_core.errors import ConfigError


class SystemPlan(Config):
    """One system of a plan, or one for each K of ``components``."""

    model: str = Field(description="The system: a name that 'pwae models' lists.")
    without: tuple[Literal["prior", "fusion"], ...] = Field((), description="Ablations of Table 4.")
    components: tuple[int, ...] = Field((), description="Values of K, a run for each; none: the settings' own.")
    label: str = Field("", description="Its name in the table; none: the system's own.")
    train: dict[str, Any] = Field(default_factory=dict, description="Settings of this system's training.")


class ExperimentConfig(Config):
    """One experiment: everything alike but the system, the ablation, K and the seed."""

    title: str = Field("Results", description="Heading of the table.")
    corpus: Path = Field(Path("corpus"), description="Folder of 'pwae preprocess'.")
    embeddings: Path | None = Field(
        None, description="Folder of 'pwae embed-words', for the training and the BOW metrics."
    )
    preset: str = Field("paper", description=f"Settings to start from: {', '.join(PRESETS)}.")
    seeds: tuple[int, ...] = Field((7,), min_length=1, description="Seeds, a run of every system for each.")
    train: dict[str, Any] = Field(default_factory=dict, description="Settings of every training, over the preset's.")
    sample: SampleConfig = Field(SampleConfig(), description="How responses are drawn.")
    evaluate: EvaluateConfig = Field(EvaluateConfig(), description="How responses are scored.")
    systems: tuple[SystemPlan, ...] = Field(min_length=1, description="What is compared.")


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan: ``folder`` is its name on disk, ``label`` what the table calls it; its seeds share a label."""

    folder: str
    label: str
    seed: int
    train: TrainConfig


def read_plan(path: Path, overrides: Mapping[str, Any]) -> ExperimentConfig:
    """A plan from its TOML file; ``overrides`` that are None were not given. Raises InputError or ConfigError."""
    given = {key: value for key, value in overrides.items() if value is not None}
    return ExperimentConfig.make(merge(read_toml(path), given))


def planned_runs(plan: ExperimentConfig, names: Mapping[str, str]) -> list[PlannedRun]:
    """Every run of a plan, in its order; ``names`` are the systems' names in tables.

    Raises ConfigError for settings that no run can have, and for two runs of the same name.
    """
    if plan.preset not in PRESETS:
        raise ConfigError(f"preset: there is no '{plan.preset}'. Choose one of {', '.join(PRESETS)}.")
    runs = [
        _planned(plan, system, components, seed, names)
        for system in plan.systems
        for components in system.components or (None,)
        for seed in plan.seeds
    ]
    seen: set[str] = set()
    for run in runs:
        if run.folder in seen:
            raise ConfigError(f"systems: two runs would be {run.folder}. Give one of them a label.")
        seen.add(run.folder)
    return runs


def _planned(
    plan: ExperimentConfig, system: SystemPlan, components: int | None, seed: int, names: Mapping[str, str]
) -> PlannedRun:
    values = merge(merge(PRESETS[plan.preset], plan.train), system.train)
    own = {"name": system.model, **dict.fromkeys((f"without_{part}" for part in system.without), True)}
    own |= {} if components is None else {"components": components}
    config = TrainConfig.make(merge(values, nested("model", own) | {"seed": seed}))
    label = system.label or names[config.model.name] + "".join(f" w/o {part}" for part in system.without)
    label += "" if components is None else f" K={components}"
    return PlannedRun(f"{_plain(label)}-seed{seed}", label, seed, config)


def _plain(label: str) -> str:
    """A label as a folder's name: letters and digits, the rest hyphens."""
    return "-".join("".join(_spelt(label)).split())


def _spelt(label: str) -> Iterator[str]:
    for character in label.lower():
        yield character if character.isalnum() else " "
