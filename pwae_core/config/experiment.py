"""A plan of ``pwae experiment``: which systems, ablations, K and seeds are trained, sampled and evaluated alike."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pwae_core.config.base import Config
from pwae_core.config.diagnose import DiagnoseConfig
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.config.persona_scores import PersonaScoresConfig
from pwae_core.config.places import Loc, Place, given_in, in_toml
from pwae_core.config.resolve import layered, merge, read_toml
from pwae_core.config.sample import SampleConfig
from pwae_core.config.train import PRESETS, TrainConfig, lacks_components, no_components
from pwae_core.errors import ConfigError, InputError

JOINERS = str.maketrans("", "", "\u200c\u200d")


def _one_line(text: str) -> str:
    if not text.translate(JOINERS).isprintable():
        raise ValueError("a name in a table is one line of visible characters")
    return text


Shown = Annotated[str, Field(max_length=80), AfterValidator(_one_line)]
"""A label: the table shows it, and folders are named after it."""


def _once(values: tuple[int, ...]) -> tuple[int, ...]:
    if len({*values}) < len(values):
        raise ValueError("a value is given twice, which would be the same run")
    return values


Apart = Annotated[tuple[int, ...], AfterValidator(_once)]
"""One run for each of them."""


class SystemPlan(Config):
    """One system of a plan, or several that differ in K, one for each of ``components``."""

    model: str = Field(description="The system: a name that 'pwae models' lists.")
    without: tuple[Literal["prior", "fusion"], ...] = Field((), description="Ablations of Table 4.")
    components: Apart = Field((), description="Values of K, one run for each; default: K of the settings.")
    label: Shown = Field("", description="Its name in the table; default: the system's name.")
    train: dict[str, Any] = Field(default_factory=dict, description="Settings of this system's training.")

    @model_validator(mode="after")
    def _components_are_of_mixtures(self) -> Self:
        if self.components and lacks_components(self.model):
            raise ValueError(f"components = {list(self.components)}: {no_components(self.model)}")
        return self


class ExperimentConfig(Config):
    """One experiment: everything is the same except the system, the ablation, K and the seed."""

    listed: ClassVar[str] = "'pwae plans table2-small' shows a plan and its settings."

    title: Shown = Field("Results", description="Heading of the table.")
    corpus: Path = Field(Path("corpus"), description="Folder written by 'pwae preprocess'.")
    embeddings: Path | None = Field(
        None, description="Folder written by 'pwae embed-words', for training and the BOW metrics."
    )
    preset: str = Field("paper", description=f"Settings to start from: {', '.join(PRESETS)}.")
    seeds: Apart = Field((7,), min_length=1, description="Seeds, one run of every system for each.")
    train: dict[str, Any] = Field(
        default_factory=dict, description="Settings of every training, overriding the preset."
    )
    sample: SampleConfig = Field(SampleConfig(), description="How responses are drawn.")
    evaluate: EvaluateConfig = Field(EvaluateConfig(), description="How responses are scored.")
    persona_scores: PersonaScoresConfig | None = Field(
        None, description="How personalisation is measured; without this table it is not."
    )
    diagnose: DiagnoseConfig | None = Field(
        None, description="How z is diagnosed in systems that have one; without this table it is not."
    )
    systems: tuple[SystemPlan, ...] = Field(min_length=1, description="What is compared.")

    @model_validator(mode="before")
    @classmethod
    def _of_the_weights_that_answer(cls, values: Any) -> Any:
        """Unless they name a checkpoint, [persona_scores] and [diagnose] measure the one that [sample] draws from."""
        sample = values.get("sample")
        if not isinstance(sample, Mapping) or "checkpoint" not in sample:
            return values
        own = {name: values.get(name) for name in ("persona_scores", "diagnose")}
        same = {"checkpoint": sample["checkpoint"]}
        return values | {name: same | dict(one) for name, one in own.items() if isinstance(one, Mapping)}


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan. ``folder`` is its name on disk, ``label`` its name in the table, shared by all its seeds."""

    folder: str
    label: str
    seed: int
    train: TrainConfig


SHIPPED = Path(__file__).with_name("plans")


def shipped_plans() -> dict[str, str]:
    """The texts of the plans that come with the package, by name: the paper's Tables 2, 3 and 4, at two sizes."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.toml"))}


def near_plan(name: str) -> str:
    """A hint at which shipped plan an unknown name may have meant."""
    plans = shipped_plans()
    near = difflib.get_close_matches(name.removesuffix(".toml"), plans, n=1)
    return f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(plans)}."


def _file_of(plan: Path) -> Path:
    """The path of a plan. A name that is not a file may be the name of a shipped plan.

    Raises InputError for a name that is neither.
    """
    if len(plan.parts) != 1 or plan.exists() or plan.is_symlink():
        return plan
    shipped = SHIPPED / f"{plan}.toml"
    if not shipped.is_file():
        raise InputError(f"{plan}: no such file, and no plan that comes with pwae. {near_plan(plan.name)}")
    return shipped


def read_plan(path: Path, overrides: Mapping[str, Any]) -> ExperimentConfig:
    """A plan from its TOML file, or a shipped plan by its name. ``overrides`` that are None were not given.

    Raises InputError if the file cannot be read. Raises ConfigError, naming the file and the table, for invalid
    settings, including those that no run could have.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    values = merge(read_toml(_file_of(path)), given)
    try:
        plan = ExperimentConfig.make(values, in_toml)
        planned_runs(plan, {})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    return plan


def planned_runs(plan: ExperimentConfig, names: Mapping[str, str]) -> list[PlannedRun]:
    """Every run of a plan, in the plan's order. ``names`` maps systems to their names in tables, if those differ.

    Raises ConfigError for settings that no run can have, and for two runs with the same name.
    """
    if plan.preset not in PRESETS:
        raise ConfigError(f"preset: there is no '{plan.preset}'. Choose one of {', '.join(PRESETS)}.")
    runs = [
        _planned(plan, number, components, seed, names)
        for number, system in enumerate(plan.systems)
        for components in system.components or (None,)
        for seed in plan.seeds
    ]
    seen: set[str] = set()
    for run in runs:
        if run.folder in seen:
            raise ConfigError(f"systems: two runs would be {run.folder}. Give every system a label of its own.")
        seen.add(run.folder)
        if plan.sample.checkpoint == "average" and run.train.keep_best == 1:
            raise ConfigError(f"[sample] checkpoint = average: {run.label} keeps only one. Set keep_best in [train].")
    return runs


def _planned(
    plan: ExperimentConfig, number: int, components: int | None, seed: int, names: Mapping[str, str]
) -> PlannedRun:
    system = plan.systems[number]
    without = dict.fromkeys(system.without)
    own = {"name": system.model, **dict.fromkeys((f"without_{part}" for part in without), True)}
    own |= {} if components is None else {"components": components}
    layers: list[tuple[Mapping[str, Any], Place]] = [
        (PRESETS[plan.preset], in_toml),
        (_shared(plan.train, system.model), lambda loc: in_toml(("train", *loc))),
        (system.train, lambda loc: in_toml(("systems", number, "train", *loc))),
        ({"model": own, "seed": seed}, lambda loc: _own_place(number, loc)),
    ]
    for values, place in layers[1:3]:
        _refuse_what_a_plan_says(values, place)
    _refuse_otherwise(own, *layers[2])
    config = TrainConfig.make(layered(values for values, _ in layers), given_in(layers))
    left_out = dict.fromkeys((*without, *config.model.left_out))
    label = system.label or names.get(config.model.name, config.model.name)
    label += "" if system.label else "".join(f" w/o {part}" for part in left_out)
    label += "" if components is None else f" K={components}"
    return PlannedRun(f"{_plain(label) or _plain(config.model.name)}-seed{seed}", label, seed, config)


def _refuse_what_a_plan_says(train: Mapping[str, Any], place: Place) -> None:
    """Raises ConfigError for training settings that the plan would silently override."""
    model = train.get("model")
    for where, loc, given in (
        ("seeds", ("seed",), "seed" in train),
        ("systems", ("model", "name"), isinstance(model, Mapping) and "name" in model),
    ):
        if given:
            raise ConfigError(f"{place(loc)}: a plan says that in its {where}. Leave it out here.")


def _refuse_otherwise(own: Mapping[str, Any], train: Mapping[str, Any], place: Place) -> None:
    """Raises ConfigError for settings of a system that differ from what it says itself: its K, what it is without."""
    model = train.get("model")
    for key, value in own.items():
        if isinstance(model, Mapping) and model.get(key, value) != value:
            raise ConfigError(f"{place(('model', key))}: the system says otherwise. Leave it out here.")


def _shared(train: Mapping[str, Any], system: str) -> Mapping[str, Any]:
    """The settings of every training. K is left out for a system without K, because it is meant for the others."""
    model = train.get("model")
    if not isinstance(model, Mapping) or not lacks_components(system):
        return train
    kept = {key: value for key, value in model.items() if key not in ("components", "context_components")}
    return {**train, "model": kept}


def _own_place(number: int, loc: Loc) -> str:
    """Where a plan sets what a run is (its seed, system, ablation, K), as opposed to how it is trained."""
    keys: dict[Loc, Loc] = {
        ("seed",): ("seeds",),
        ("model", "name"): ("systems", number, "model"),
        ("model", "components"): ("systems", number, "components"),
    }
    return in_toml(keys.get(loc, ("systems", number)))


def _plain(label: str) -> str:
    """A label as a folder's name: letters and digits, with hyphens for the rest."""
    return "-".join("".join(_spelt(label)).split())


def _spelt(label: str) -> Iterator[str]:
    for character in label.lower():
        yield character if character.isalnum() else " "
