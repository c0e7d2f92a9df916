"""What is told beside Table 2: the day of the training."""

from typing import Any

from pwae_core import artifacts
from pwae_core.report.page.settings import trained_on


def test_the_day_is_the_run_s_own_record(made: Any, tmp_path: Any) -> None:
    run = artifacts.load(made.personawae, "run")
    shown = trained_on(run)
    assert shown == "–" or len(shown) == len("2019-11-03")
    object.__setattr__(run, "folder", tmp_path)
    assert trained_on(run) == "–"
    (tmp_path / "timing.jsonl").write_text('{"time": 1572739200.5, "step": 1, "elapsed": 2.0}\n')
    assert trained_on(run) == "2019-11-03"
