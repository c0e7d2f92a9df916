"""docs/extending.md: what it shows is what the example holds, runs, and is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from judged import make_corpus, make_responses

from pwae_core import Metric, Model, Reader

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = {kind: re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("python", "csv")}


def test_the_parts_shown_are_parts() -> None:
    names: dict[str, Any] = {}
    for block in BLOCKS["python"]:
        exec(compile(block, "docs/extending.md", "exec"), names)
    metric, reader = names["QUESTIONS"], names["READER"]
    assert isinstance(metric, Metric)
    assert list(metric.score([[["why", "?"], ["tea"]], [["no"]]], [[["a"]], [["b"]]])) == [0.5, 0.0]
    assert isinstance(reader, Reader)
    assert list(names["rows"]({"ping": 1})) == ["no post"]


def test_the_methods_named_are_those_that_a_system_must_define() -> None:
    named = re.findall(r"^\| `(\w+)(?:\(.*\))?` \|", PAGE, re.MULTILINE)
    assert set(named) == set(Model.__abstractmethods__)


def test_the_table_shown_is_read(pwae: Callable[..., Any], tmp_path: Path) -> None:
    judged = make_corpus(tmp_path / "corpus", 2)
    for session, name in zip(judged.sessions, ("c12#0", "c12#1"), strict=True):
        session["session_id"] = name
    systems = [make_responses(tmp_path / name, name, judged) for name in ("PersonaWAE", "Seq2Seq")]
    (tmp_path / "bertscore.csv").write_text(BLOCKS["csv"][0])
    report = pwae("evaluate", *systems, "--scores", tmp_path / "bertscore.csv", "--json").succeeds().json
    assert round(report["systems"][0]["totals"]["BERTScore"]["value"], 3) == 0.857
