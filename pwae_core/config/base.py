"""What all configuration classes share: they are frozen and validated, and refuse unknown keys."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, field_validator

from pwae_core.config.places import Loc, Place, dotted
from pwae_core.errors import ConfigError

LARGEST = 2**53
"""The largest whole number: every reader of JSON can hold it exactly."""
LARGEST_FLOAT = 1e30
"""The largest other number: float32, in which models compute, ends at 3.4e38, and optimisers multiply by up to 10."""
LONGEST_SHOWN = 80


class Config(BaseModel):
    """A frozen, validated group of settings. A field's default is the only place where that default is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)
    listed: ClassVar[str] = "Run the command with --help for a list of the settings."
    """Where somebody who names an unknown setting can find the known ones."""

    @field_validator("*", mode="wrap")
    @classmethod
    def _is_no_truth_value(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        """Raises ValueError for true or false where a number is expected: they would be 1 and 0."""
        found = handler(value)
        if isinstance(value, bool) and not isinstance(found, bool):
            raise ValueError("expected a number")
        return found

    @field_validator("*")
    @classmethod
    def _can_be_used(cls, value: Any) -> Any:
        """Raises ValueError for a number too large to compute with, and for a path that no file can have."""
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ValueError(f"a number beyond {LARGEST} is too large")
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(one, float) and abs(one) > LARGEST_FLOAT for one in numbers):
            raise ValueError(f"a number beyond {LARGEST_FLOAT:g} is too large")
        if isinstance(value, Path) and "\0" in str(value):
            raise ValueError("a file name cannot contain a zero byte")
        return value

    @classmethod
    def make(cls, values: Mapping[str, Any], place: Place = dotted) -> Self:
        """Builds the config from plain values. Raises ConfigError, in one line, for the first mistake.

        ``place`` says where the user wrote a setting.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError(explain(error, cls, place)) from error


def explain(error: ValidationError, config: type[Config] = Config, place: Place = dotted) -> str:
    """The first mistake of a validation error, as 'name: what is wrong (got ...)'; before others, an unknown name."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    loc = first["loc"]
    name = place(loc) if loc else "config"
    if first["type"] == "extra_forbidden":
        return f"{name}: unknown setting. {_close_to(config, loc)}{config.listed}"
    message = first["msg"].removeprefix("Value error, ").replace("Tuple should", "List should")
    if first["type"] == "tuple_type":
        tables = isinstance(first["input"], Mapping)
        message = f"expected a list of tables, [[{name}]]" if tables else "expected a list, in square brackets"
    if first["type"] in ("model_type", "dict_type"):
        table = _table_at(config, loc)
        example = f", such as {name}.{next(iter(table.model_fields))}" if table else ""
        message = f"expected settings of its own{example}"
    got = "" if not loc or isinstance(first["input"], dict | BaseModel) else f" (got {_shown(first['input'])})"
    return f"{name}: {message}{got}." if loc else f"{message}."


def _shown(value: object) -> str:
    """A value in a few characters."""
    try:
        text = repr(value)
    except ValueError:  # Python's, for an integer of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def _close_to(config: type[Config], loc: Loc) -> str:
    """A hint at the setting meant by an unknown one: the same name one table further in, or a similar spelling."""
    table = _table_at(config, loc[:-1])
    if table is None:
        return ""
    key = str(loc[-1])
    further = {name: found for name in table.model_fields if (found := inner(table, name))}
    near = [f"{name}.{key}" for name, found in further.items() if key in found.model_fields]
    near += difflib.get_close_matches(key, table.model_fields, n=1)
    return f"Did you mean {' or '.join(near)}? " if near else ""


def _table_at(config: type[Config], loc: Loc) -> type[Config] | None:
    """The class of the table at a place, if there is one."""
    table: type[Config] | None = config
    for part in loc:
        table = table if isinstance(part, int) or table is None else inner(table, str(part))
    return table


def inner(config: type[Config], field: str) -> type[Config] | None:
    """The class of the table, or list of tables, that a field holds; None for a plain value."""
    known = config.model_fields.get(field)
    kinds = (known.annotation, *get_args(known.annotation)) if known else ()
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Config)), None)
