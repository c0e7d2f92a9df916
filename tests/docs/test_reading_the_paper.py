"""The paper preset is what docs/reading-the-paper.md says it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pwae_core.config.resolve import resolve

PAGE = (Path(__file__).parents[2] / "docs" / "reading-the-paper.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("| setting | the paper |")[2].partition("\n\n")[0]
FIELDS = dict(re.findall(r"`([a-z_.]+) = ([^`]+)`", TABLE))


def value_of(config: Any, key: str) -> Any:
    for part in key.split("."):
        config = getattr(config, part)
    return config


@pytest.mark.parametrize("key", FIELDS)
def test_the_paper_preset_has_the_value_of_the_table(key: str) -> None:
    assert value_of(resolve("paper", None, []), key) == tomllib.loads(f"value = {FIELDS[key]}")["value"]


def test_the_table_has_every_setting_that_makes_a_run_what_it_is() -> None:
    """Those that are left out are readings of the model, which have tables of their own, or say when to look."""
    assert len(FIELDS) >= 29
    names = ("autoencoder", "generator", "critic")
    optimisers = {f"{name}.{field}" for name in names for field in ("kind", "rate", "clip")}
    dropouts = {f"model.{part}_dropout" for part in ("word", "utterance", "decoder")}
    assert optimisers | dropouts | {"model.clean_codes", "model.initialisation"} <= FIELDS.keys()
