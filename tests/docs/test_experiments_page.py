"""The plan in the page on experiments is a plan, and the page lists every key of the tables that have no command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pwae_core.config.base import Config, inner
from pwae_core.config.diagnose import DiagnoseConfig
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.config.experiment import ExperimentConfig, SystemPlan, planned_runs, read_plan
from pwae_core.config.persona_scores import PersonaScoresConfig
from pwae_core.config.sample import DecodingConfig, SampleConfig
from pwae_core.experiment.checks import OF_SEVERAL
from pwae_core.models import MODELS

PAGE = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")


def test_the_plan_shown_uses_every_key_and_expands(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "plan.toml").write_text(text)
    plan = read_plan(tmp_path / "plan.toml", {})
    runs = planned_runs(plan, {name: model.display_name for name, model in MODELS.items()})
    assert len(runs) == 9
    assert {run.label for run in runs} == {"Mine K=1", "Mine K=3", "Mine K=5"}
    assert runs[0].train.model.without_prior
    for key in (*ExperimentConfig.model_fields, *SystemPlan.model_fields):
        assert re.search(rf"^\W*{key}\W", text, re.MULTILINE), key


@pytest.mark.parametrize(
    ("table", "config"),
    [
        ("sample", SampleConfig),
        ("sample.decoding", DecodingConfig),
        ("evaluate", EvaluateConfig),
        ("persona_scores", PersonaScoresConfig),
        ("diagnose", DiagnoseConfig),
    ],
)
def test_every_key_of_a_table_is_listed_with_its_default(table: str, config: type[Config]) -> None:
    (section,) = re.findall(rf"^### `\[{re.escape(table)}\]`\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    listed = re.findall(r"^\| `(\w+)` \| (.*?) \| (.+) \|$", section, re.MULTILINE)
    assert listed == [
        (name, "" if field.default is None else f"`{json.dumps(field.default)}`", field.description)
        for name, field in config.model_fields.items()
        if inner(config, name) is None and (table != "evaluate" or name not in OF_SEVERAL)
    ]
