"""The reproduction study: its plans, and the whole of it at toy size."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from pwae_core.config.experiment import PlannedRun, planned_runs, read_plan
from pwae_core.models import MODELS

STUDY = Path(__file__).parents[2] / "examples" / "reproduction"
TABLES = ("table2", "table3", "table4", "readings")
NAMES = {name: model.display_name for name, model in MODELS.items()}


def planned(folder: Path, *parts: str) -> list[PlannedRun]:
    """The runs of the plan that ``run.sh`` makes of these files."""
    plan = folder / "plan.toml"
    plan.write_text("seeds = [7]\n" + "".join((STUDY / f"{part}.toml").read_text("utf-8") for part in parts))
    return planned_runs(read_plan(plan, {}), NAMES)


@pytest.mark.parametrize("budget", ["budget", "quick"])
def test_no_two_runs_of_the_study_are_alike(tmp_path: Path, budget: str) -> None:
    runs = [run for table in TABLES for run in planned(tmp_path, budget, table)]
    assert len({run.folder for run in runs}) == len(runs)
    for one, two in combinations(runs, 2):
        assert one.train != two.train, (one.label, two.label)


def test_table_2_has_every_system_under_the_same_budget(tmp_path: Path) -> None:
    runs = planned(tmp_path, "budget", "table2")
    assert {run.train.model.name for run in runs} == set(MODELS)
    assert len({run.train.model_copy(update={"model": None}).model_dump_json() for run in runs}) == 1


def test_the_paper_preset_is_run_as_it_is(tmp_path: Path) -> None:
    (first, *_) = runs = planned(tmp_path, "paper")
    assert {run.train.autoencoder.rate for run in runs} == {1.0}
    assert first.label == "PersonaWAE (paper preset)"
