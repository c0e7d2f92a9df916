"""The example package, installed as a wheel is: a corpus by its reader, a run of its system, scores by its metric."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from example_plugin import unpacked
from planted import planted

from pwae_core.artifacts.notes import manifest_of
from pwae_core.models import system_of

PREPROCESS = ("--format", "forum", "--tokenizer", "whitespace", "--min-utterances", 5, "--test", 40)
QUICK = (
    *("--set", "model.word_size=8", "--set", "max_steps=20", "--set", "batch_size=16", "--set", "validate_every=10"),
    *("--set", "autoencoder.kind=adam", "--set", "autoencoder.rate=0.05", "--device", "cpu"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The wheel of the example, unpacked where Python finds it."""
    site = unpacked(tmp_path_factory.mktemp("plugin"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        yield site


@pytest.fixture(scope="module")
def work(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of the reader's, and two seeds of the system's run on it."""
    from conftest import run_pwae

    folder = tmp_path_factory.mktemp("work")
    (folder / "posts").mkdir()
    rows = planted(users=6, conversations=60, seed=1).rows
    posts = [
        {"thread": one["conversation_id"], "number": one["turn"], "by": one["user_id"], "says": one["text"]}
        for one in rows
    ]
    for part in range(2):
        lines = [json.dumps(one) for one in posts[part::2]]
        (folder / "posts" / f"{part}.jsonl").write_text("\n".join([*lines, '{"ping": 1}']))
    run_pwae("preprocess", folder / "posts", "--out", folder / "corpus", *PREPROCESS, "--workers", 2).succeeds()
    for seed in (1, 2):
        run = folder / f"run{seed}"
        command = ("train", folder / "corpus", "--model", "bigram", "--seed", seed, "--out", run)
        run_pwae(*command, *QUICK).succeeds()
        run_pwae("sample", run, "--out", folder / f"answers{seed}", "--samples", 2, "--device", "cpu").succeeds()
    return folder


def test_each_part_does_its_work_from_the_raw_file_to_the_report(pwae: Callable[..., Any], work: Path) -> None:
    account = pwae("preprocess", work / "posts", "--out", work / "corpus", *PREPROCESS, "--json").succeeds().json
    assert account["standing"]
    assert {"unit": "row", "reason": "no post", "count": 2} in account["rejected"]
    answers = [f"{name}={work / name}" for name in ("answers1", "answers2")]
    command = ("evaluate", *answers, "--metric", "Exact-Match", "--compare", "--out", work / "scores")
    total = pwae(*command, "--json").succeeds().json["systems"][0]["totals"]["Exact-Match"]
    assert total["contexts"] == 40
    assert total["signature"].startswith("Exact-Match|by:pwae-example 0.1|tok:whitespace|samples:2|refs:1|")
    pwae("report", work, "--out", work / "report.html", "--markdown", work / "tables.md").succeeds()
    tables = (work / "tables.md").read_text()
    table_2 = tables.partition("Table 2")[2].partition("\n#")[0]
    assert "Exact-Match" in table_2
    assert "answers1" in table_2
    assert "pwae-example" in (work / "report.html").read_text()


def test_an_experiment_takes_them_by_name(pwae: Callable[..., Any], work: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        f"""
        corpus = {json.dumps(str(work / "corpus"))}
        evaluate = {{ metrics = ["Exact-Match"] }}
        sample = {{ samples = 2 }}
        train = {{ model = {{ word_size = 8 }}, max_steps = 5, batch_size = 16 }}
        [diagnose]
        [[systems]]
        model = "bigram"
        """
    )
    command = ("experiment", tmp_path / "plan.toml", "--out", tmp_path / "out", "--device", "cpu")
    shown = pwae(*command).succeeds().stdout
    assert "Other metrics" in shown
    assert "Bigram" in shown
    assert "Exact-Match" in (tmp_path / "out" / "results.md").read_text()
    pwae(*command).succeeds()
    (planned,) = pwae(*command, "--dry-run", "--json").succeeds().json["runs"]
    assert planned["label"] == "Bigram"
    assert planned["exists"] == ["run", "responses", "scores"]


def test_artifacts_tell_what_made_them(work: Path) -> None:
    for name in ("corpus", "run1", "answers1"):
        note = manifest_of(work / name)
        assert note is not None
        assert note.inputs["plugin/pwae-example"] == "0.1", name


def test_the_metric_explains_itself(pwae: Callable[..., Any], site: Path) -> None:
    told = pwae("metrics", "Exact-Match").succeeds().stdout
    assert told.startswith("Exact-Match: Exact-Match  (pwae evaluate --metric Exact-Match)\n    answers that are a")
    assert "\n  Source: an example.\n  ! There are many good answers" in told


def test_a_run_without_its_plugin_says_what_to_install(
    pwae: Callable[..., Any], work: Path, site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one != str(site)])
    told = ("is not installed. It was trained as bigram of pwae-example 0.1: pip install pwae-example==0.1",)
    pwae("sample", work / "run1", "--context", "good morning").fails(6, *told)
    pwae("chat", work / "run1").fails(6, *told)
    pwae("sample", work / "run1", "--out", tmp_path / "r").fails(6, *told)
    pwae("report", work / "run1", work / "corpus", "--out", tmp_path / "r.html").fails(6, *told)
    pwae("train", work / "corpus", "--model", "bigram", "--out", tmp_path / "r").fails(3, "no such system")
    pwae("preprocess", work / "posts", "--format", "forum", "--out", tmp_path / "r").fails(3, "no such format")
    pwae("evaluate", work / "answers1", "--metric", "Exact-Match").fails(3, "no metric called Exact-Match")
    pwae("evaluate", work / "answers1").succeeds()
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_version_of_a_system_are_refused_in_a_line(
    pwae: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = system_of("bigram").__init__

    def wider(self: Any, config: Any, words: int, users: int) -> None:
        build(self, config.model_copy(update={"word_size": 9}), words, users)

    monkeypatch.setattr(system_of("bigram"), "__init__", wider)
    told = ("belong to another system. It was trained as bigram of pwae-example 0.1: pip install pwae-example==0.1",)
    pwae("sample", work / "run1", "--context", "good morning").fails(6, *told)
