"""What is told beside Table 2: the split, the preset and what differs from it, the day of the training."""

from typing import Any

import pytest

from pwae_core import artifacts
from pwae_core.config.resolve import resolve
from pwae_core.report.page.settings import preset_of, trained_on


@pytest.mark.parametrize(
    ("preset", "changed", "told"),
    [
        ("paper", [], "paper"),
        ("small", [], "small"),
        ("small", ["model.name=seq2seq", "seed=9"], "small"),
        ("small", ["max_steps=90", "model.word_size=8"], "small, but model.word_size, max_steps"),
    ],
)
def test_the_preset_and_what_differs_from_it(preset: str, changed: list[str], told: str) -> None:
    assert preset_of(resolve(preset, None, changed).model_dump(mode="json")) == told


def test_many_other_settings_are_counted() -> None:
    changed = ["max_steps=90", "model.word_size=8", "model.latent_size=8", "model.hidden_size=8", "batch_size=3"]
    assert preset_of(resolve("small", None, changed).model_dump(mode="json")) == "small, but for 5 settings"


def test_the_day_is_the_run_s_own_record(made: Any, tmp_path: Any) -> None:
    run = artifacts.load(made.personawae, "run")
    shown = trained_on(run)
    assert shown == "–" or len(shown) == len("2019-11-03")
    object.__setattr__(run, "folder", tmp_path)
    assert trained_on(run) == "–"
    (tmp_path / "timing.jsonl").write_text('{"time": 1572739200.5, "step": 1, "elapsed": 2.0}\n')
    assert trained_on(run) == "2019-11-03"
