"""``pwae prompts``: what it prints, and its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged import Judged, make_corpus


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return make_corpus(tmp_path / "corpus")


def test_it_prints_a_summary_and_the_first_prompt(pwae: Callable[..., Any], judged: Judged, tmp_path: Path) -> None:
    printed = pwae("prompts", judged.corpus, "--out", tmp_path / "p.jsonl", "--limit", 5).succeeds().stdout
    assert [line.split("│")[2].strip() for line in printed.splitlines() if line.startswith("│ prompts ")] == ["5"]
    assert "The next message of B:" in printed
    assert "(already existed)" in pwae("prompts", judged.corpus, "--out", tmp_path / "p.jsonl", "--limit", 5).stdout


def test_json_is_the_report(pwae: Callable[..., Any], judged: Judged, tmp_path: Path) -> None:
    report = pwae("prompts", judged.corpus, "--out", tmp_path / "p.jsonl", "--json").succeeds().json
    first = json.loads((tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert report["prompts"] == 30
    assert report["first"].endswith(first["messages"][1]["content"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["{folder}", "--out", "p.jsonl"], 6, ["holds no corpus. Run 'pwae preprocess' first."]),
        (["{corpus}", "--out", "p.jsonl", "--samples", "0"], 3, ["samples: Input should be greater than 0"]),
        (["{corpus}", "--out", "p.jsonl", "--samples", "101"], 3, ["samples: Input should be less than or equal to 1"]),
        (["{corpus}", "--out", "{folder}"], 6, ["was not made by 'pwae prompts'"]),
        (["{corpus}", "--out", "p.jsonl", "--template", "no.txt"], 4, ["Cannot read no.txt"]),
    ],
)
def test_errors_are_one_line(
    pwae: Callable[..., Any], judged: Judged, arguments: list[str], code: int, words: list[str]
) -> None:
    given = [one.format(corpus=judged.corpus, folder=judged.corpus.parent) for one in arguments]
    pwae("prompts", *given).fails(code, *words)
