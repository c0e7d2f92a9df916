"""The table that ``pwae experiment`` writes as Markdown."""

from __future__ import annotations

import html
import re
from pathlib import Path

import markdown
import pytest

from pwae_cli.commands.experiment import _print as print_report
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


def test_every_table_says_of_how_many_contexts_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Answers are scored on the test split, personalisation on contexts of candidates, z on the validation split."""
    contexts = {"Length": 5_000, "Speaker-Accuracy": 120, "Swap-Changed": 40, "Latent-Nats": 7}
    totals = {metric: Total(0.5, None, None, count, metric) for metric, count in contexts.items()}
    runs = [
        RunResult("with z", 7, "with-seed7", totals, None),
        RunResult("without", 7, "without-seed7", {"Length": totals["Length"]}, None),
    ]
    report = results.report_of(ExperimentConfig.model_construct(title="t"), tmp_path, runs)
    results.write(report, tmp_path)
    shown = [line for line in (tmp_path / "results.md").read_text("utf-8").splitlines() if line.startswith("| with")]
    assert [line.split(" | ")[1:3] for line in shown] == [
        ["1", "5,000"],
        ["1", "5,000"],
        ["1", "40 to 120"],
        ["1", "0"],
        ["1", "7"],
        ["1", "0"],
    ]
    assert report.rows[0].counts == contexts
    assert "Fewer than 100 contexts: the 95% intervals are somewhat too narrow." in results.legend(report)
    print_report(report)
    printed = capsys.readouterr().out
    for told in ("5,000 contexts", "120 contexts", "40 contexts", "7 contexts"):
        assert told in printed
