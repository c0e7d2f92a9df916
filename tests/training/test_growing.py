"""The log of a run that trains, however little of it is whole."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pwae_core.artifacts import Plan
from pwae_core.artifacts.notes import write_plan
from pwae_core.training.growing import growing

LINE = '{"step": 2, "epoch": 0, "split": "train", "values": {"loss": 1.5}}'


def run(folder: Path, *lines: str, system: str = "personawae") -> Path:
    write_plan(folder, Plan("run", {"model": {"name": system}}, {}).unfinished())
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(
    "damaged",
    [
        LINE[:-9],
        "[" * 100_000,
        "7",
        LINE.replace("2", '"x"'),
        LINE.replace("2", "null"),
        LINE.replace("2", "NaN"),
        LINE.replace("2", "true"),
        LINE.replace('"train"', "[1]"),
        LINE.replace('{"loss": 1.5}', "[1.5]"),
        LINE.replace("1.5", '"x"'),
        LINE.replace("1.5", "{}"),
    ],
)
def test_a_line_that_is_not_of_a_log_is_left_out(tmp_path: Path, damaged: str) -> None:
    found = growing(run(tmp_path, LINE, damaged))
    assert found.step == 2
    assert found.rows() == [{"step": 2, "split": "train", "name": "loss", "value": 1.5}]
    assert growing(run(tmp_path, damaged)).step == 0


def test_values_that_are_no_numbers_are_kept(tmp_path: Path) -> None:
    """Of a training that diverges."""
    one, two = growing(run(tmp_path, LINE.replace("1.5", "NaN"), LINE.replace("1.5", "null"))).rows()
    assert math.isnan(one["value"])
    assert two["value"] is None


def test_a_system_that_is_not_here_is_called_as_in_the_plan(tmp_path: Path) -> None:
    assert growing(run(tmp_path, LINE)).system == "PersonaWAE"
    assert growing(run(tmp_path, LINE, system="my-own")).system == "my-own"
