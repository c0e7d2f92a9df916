"""A configuration refuses what it does not know, in one line."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from pydantic import Field, ValidationError, field_validator

import pwae_core.config
from pwae_core.config.base import Config
from pwae_core.errors import ConfigError


class Inner(Config):
    size: int = Field(3, ge=1, description="A size.")


class Example(Config):
    rate: float = Field(0.1, gt=0, description="A rate.")
    kind: str = Field("plain", description="A kind.")
    inner: Inner = Field(Inner(), description="Something nested.")

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind == "odd":
            raise ValueError("odd is not a kind")
        return kind


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"rat": 1},
            "rat: unknown setting. Did you mean rate? Run the command with --help for a list of the settings.",
        ),
        (
            {"inner": {"siez": 1}},
            "inner.siez: unknown setting. Did you mean size? Run the command with --help for",
        ),
        ({"size": 1}, "size: unknown setting. Did you mean inner.size? Run the"),
        ({"nothing": 1}, "nothing: unknown setting. Run the"),
        ({"rate": "fast"}, "rate: Input should be a valid number, unable to parse string as a number (got 'fast')."),
        ({"rate": 0}, "rate: Input should be greater than 0 (got 0)."),
        ({"inner": {"size": 0}}, "inner.size: Input should be greater than or equal to 1 (got 0)."),
        ({"inner": {"size": 1.5}}, "inner.size: Input should be a valid integer, got a number with a fractional part"),
        ({"rate": True}, "rate: expected a number (got True)."),
        ({"inner": {"size": True}}, "inner.size: expected a number (got True)."),
        ({"inner": {"size": False}}, "inner.size: "),
        ({"kind": "odd"}, "kind: odd is not a kind (got 'odd')."),
        ({"kind": None}, "kind: Input should be a valid string (got None)."),
    ],
)
def test_what_is_wrong_is_one_line(values, message):
    with pytest.raises(ConfigError) as caught:
        Example.make(values)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_good_values_are_taken_and_frozen():
    config = Example.make({"rate": 2, "inner": {"size": 5}})
    assert (config.rate, config.kind, config.inner.size) == (2.0, "plain", 5)
    with pytest.raises(ValidationError, match="frozen"):
        config.rate = 3.0
    assert Example.make({}) == Example()


def every_config():
    for module in pkgutil.iter_modules(pwae_core.config.__path__):
        for name, kind in vars(importlib.import_module(f"pwae_core.config.{module.name}")).items():
            if isinstance(kind, type) and issubclass(kind, Config) and kind is not Config:
                yield pytest.param(kind, id=f"{module.name}.{name}")


@pytest.mark.parametrize("kind", list(every_config()))
def test_every_setting_of_every_stage_is_described_in_a_sentence(kind):
    for name, field in kind.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


class Place(Config):
    folder: Path = Field(Path(), description="A folder.")
    size: int | None = Field(None, description="A size.")
    rate: float | None = Field(None, description="A rate.")
    shares: tuple[float, ...] = Field((), description="Shares.")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"folder": "a\0b"}, "folder: a file name cannot contain a zero byte (got 'a\\x00b')."),
        ({"size": -(2**60)}, f"size: a number beyond 9007199254740992 is too large (got {-(2**60)})."),
        ({"rate": 1.1e30}, "rate: a number beyond 1e+30 is too large (got 1.1e+30)."),
        ({"shares": [1, -1e308]}, "shares: a number beyond 1e+30 is too large (got [1, -1e+308])."),
        (
            {"size": "x" * 10_000},
            "size: Input should be a valid integer, unable to parse string as an integer (got 'xx",
        ),
        (
            {"size": "\x1b[2J\u202e"},
            r"size: Input should be a valid integer, unable to parse string as an integer (got '\x1b",
        ),
    ],
)
def test_what_no_setting_can_be_is_refused_in_few_characters(values, message):
    with pytest.raises(ConfigError) as caught:
        Place.make(values)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()
