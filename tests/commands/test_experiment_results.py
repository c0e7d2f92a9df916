"""The table that ``pwae experiment`` writes as Markdown."""

from __future__ import annotations

import html
import re
from pathlib import Path

import markdown

from pwae_core.config.experiment import ExperimentConfig
from pwae_core.experiment import results
from pwae_core.experiment.results import RunResult
from pwae_core.metrics.table import Total


def test_text_of_a_plan_or_of_an_answer_does_nothing_in_the_results(tmp_path: Path) -> None:
    """Labels, remarks and failures quote what users and models wrote."""
    said = "a|b <img src=x onerror=alert(1)> [l](javascript:alert(1)) `c`"
    plan = ExperimentConfig.model_construct(title=said)
    runs = [
        RunResult(said, 7, "one-seed7", {"Length": Total(4.0, None, None, 1, "Length")}, None, (said,)),
        RunResult(said, 8, "one-seed8", {}, said),
    ]
    results.write(results.report_of(plan, tmp_path, runs), tmp_path)
    shown = markdown.markdown((tmp_path / "results.md").read_text("utf-8"), extensions=["tables"])
    assert not {"img", "script", "a", "em"} & {*re.findall(r"<(\w+)", shown)}
    assert shown.count(html.escape(said, quote=False)) == 4  # title, label, remark, failure
    assert f"<td>{html.escape(said, quote=False)}</td>" in shown
