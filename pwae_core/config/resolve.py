"""From preset, file and command line to one config, later ones winning key by key; and from a config to its preset."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pwae_core import inputs
from pwae_core.config.places import Place, dotted, given_in, in_toml
from pwae_core.config.train import BUDGET, PRESETS, TrainConfig
from pwae_core.errors import ConfigError, InputError

DEEPEST = 10
TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"
OTHERS = 4
"""How many settings that differ from the preset are named; beyond that, only their number is given."""


def resolve(
    preset: str, file: Path | None, settings: Sequence[str], overrides: Mapping[str, Any] | None = None
) -> TrainConfig:
    """The training config from ``preset``, a TOML ``file``, ``key=value`` settings and ``overrides``, in this order.

    ``overrides`` maps dotted keys to the values of options; None means that an option was not given. Raises ConfigError
    or InputError.
    """
    return _over(_named(preset), file, settings, overrides or {})


def resolve_resumed(
    preset: str | None,
    recorded: Mapping[str, Any],
    /,
    *,
    file: Path | None,
    settings: Sequence[str],
    overrides: Mapping[str, Any],
) -> TrainConfig:
    """The config that a run continues with: ``recorded``, overridden by whatever is given, as in ``resolve``.

    A given ``preset`` replaces all settings except the budget. Raises ConfigError or InputError.
    """
    base = recorded if preset is None else merge(_named(preset), {key: recorded[key] for key in BUDGET})
    return _over(base, file, settings, overrides)


def _named(preset: str) -> Mapping[str, Any]:
    if preset not in PRESETS:
        raise ConfigError(f"preset: there is no '{preset}'. Choose one of {', '.join(PRESETS)}.")
    return PRESETS[preset]


def _over(
    base: Mapping[str, Any], file: Path | None, settings: Sequence[str], overrides: Mapping[str, Any]
) -> TrainConfig:
    layers: list[tuple[Mapping[str, Any], Place]] = [(base, dotted)]
    if file is not None:
        layers.append((read_toml(file), lambda loc: f"{file}: {in_toml(loc)}"))
    layers += [(parse_setting(setting), dotted) for setting in settings]
    layers += [(nested(key, value), dotted) for key, value in overrides.items() if value is not None]
    return TrainConfig.make(layered(values for values, _ in layers), given_in(layers))


def layered(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All ``layers`` merged into one; later layers win."""
    values: dict[str, Any] = {}
    for layer in layers:
        values = merge(values, layer)
    return values


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over``. Tables are merged key by key; neither argument is changed."""
    merged = dict(base)
    for key, value in over.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's contents. Raises InputError, with the line, if it cannot be read."""
    text = inputs.text(path)
    try:
        return _parsed(text)
    except ValueError as error:
        raise InputError(f"{path} is not valid TOML: {error}.") from error


def _parsed(text: str) -> dict[str, Any]:
    """TOML as a dictionary. Raises ValueError if it is invalid or nested beyond DEEPEST, deeper than any setting."""
    try:
        values = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    level: list[Any] = [values]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
        level = [one for one in level if isinstance(one, dict | list)]
    if level:
        raise ValueError(TOO_DEEP)
    return values


def parse_setting(setting: str) -> dict[str, Any]:
    """``model.latent_size=64`` as a nested dictionary. The value is read as TOML, else as plain text.

    Raises ConfigError if it is not of the form ``key=value``.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key.strip() or key.count(".") > DEEPEST:
        raise ConfigError(f"--set {setting:.80}: expected key=value, for example --set model.latent_size=64.")
    try:
        value = _parsed(f"value = {text}")["value"]
    except ValueError:
        value = text.strip()
    return nested(key.strip(), value)


def nested(key: str, value: Any) -> dict[str, Any]:
    """``a.b`` and a value as ``{"a": {"b": value}}``."""
    for part in reversed(key.split(".")):
        value = {part: value}
    made: dict[str, Any] = value
    return made


def preset_of(config: Mapping[str, Any]) -> str:
    """The preset closest to a run's settings, and which settings differ from it."""
    own = {"model": {"name": config["model"]["name"]}, "seed": config["seed"]}
    given = _flat(config)
    apart = {
        name: [key for key, value in _flat(_whole(merge(values, own))).items() if given.get(key, value) != value]
        for name, values in PRESETS.items()
    }
    name = min(apart, key=lambda one: len(apart[one]))
    others = apart[name]
    told = ", ".join(others) if len(others) <= OTHERS else f"{len(others)} settings"
    return f"{name}, except {told}" if others else name


def _whole(values: Mapping[str, Any]) -> dict[str, Any]:
    return TrainConfig.make(values).model_dump(mode="json")


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return flat
