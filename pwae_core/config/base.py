"""What every configuration class shares: frozen, checked, unknown keys refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pwae_core.errors import ConfigError


class Config(BaseModel):
    """A frozen, validated group of settings. A field's default is the only place where that default is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @classmethod
    def make(cls, values: Mapping[str, Any]) -> Self:
        """Builds the config from plain values. Raises ConfigError, in one line, for the first thing wrong."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError(explain(error)) from error


def explain(error: ValidationError) -> str:
    """The first complaint of a validation error, as 'name: what is wrong (got ...)'."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "config"
    if first["type"] == "extra_forbidden":
        return f"{name}: unknown setting. Run the command with --help for the settings there are."
    message = first["msg"].removeprefix("Value error, ")
    got = "" if not first["loc"] or isinstance(first["input"], dict) else f" (got {first['input']!r})"
    return f"{name}: {message}{got}." if first["loc"] else f"{message}."
