"""The plan in the page on experiments is a plan."""

from __future__ import annotations

import re
from pathlib import Path

from pwae_core.config.experiment import ExperimentConfig, SystemPlan, planned_runs, read_plan
from pwae_core.models import MODELS

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"


def test_the_plan_shown_uses_every_key_and_expands(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "plan.toml").write_text(text)
    plan = read_plan(tmp_path / "plan.toml", {})
    runs = planned_runs(plan, {name: model.display_name for name, model in MODELS.items()})
    assert len(runs) == 9
    assert {run.label for run in runs} == {"Mine K=1", "Mine K=3", "Mine K=5"}
    assert runs[0].train.model.without_prior
    for key in (*ExperimentConfig.model_fields, *SystemPlan.model_fields):
        assert re.search(rf"^\W*{key}\W", text, re.MULTILINE), key
