"""``pwae evaluate`` as a user meets it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pwae_cli import console, scores
from pwae_core.metrics.table import METRICS

ROWS = [
    {"session_id": "a", "reference": "good day to you", "responses": ["good day to you", "good night"]},
    {"session_id": "b", "reference": "so it is", "responses": ["it is so", "no"]},
]


@pytest.fixture
def responses(tmp_path: Path) -> Path:
    path = tmp_path / "my=llm.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def headings(printed: str) -> list[str]:
    """The heads of the columns of all tables, each put together from the lines that it is broken over."""
    found: list[str] = []
    for head in re.findall("┏.*?┡", printed, re.S):
        lines = [[cell.strip() for cell in line.split("┃")[2:-1]] for line in head.splitlines()[1:-1]]
        found += ["".join(parts) for parts in zip(*lines, strict=True)]
    return found


def test_every_column_is_called_as_its_metric() -> None:
    for columns in scores.OF_EXPERIMENTS.values():
        assert [heading.replace("\n", "") for heading in columns.values()] == list(columns)


def test_prints_a_row_per_system_and_the_signatures(pwae: Callable[..., Any], responses: Path) -> None:
    arguments = [responses, f"Peer={responses}", "--tokenizer", "whitespace"]
    printed = pwae("evaluate", *arguments).succeeds().stdout
    lines = printed.splitlines()
    assert lines[0] == "2 contexts"
    assert headings(printed) == [
        *("BLEU-Recall", "BLEU-Precision", "BLEU-F1"),
        *("Distinct-1", "Distinct-2", "Intra-Distinct-1", "Intra-Distinct-2", "Inter-Distinct-1", "Inter-Distinct-2"),
        *("Repetition", "Length"),
    ]
    rows = [line for line in lines if "Peer" in line][1:]
    assert [[cell.strip() for cell in row.split("│")[2:-1]] for row in rows] == [
        ["1.0000", "1.0000"],
        ["1.0000", "0.7500", "0.9167", "1.0000"],
        ["0.0000", "2.50"],
    ]
    assert any("my=llm" in line for line in lines)
    assert sum(line.startswith("BLEU-F1|n:3|s:nltk-current7|") for line in lines) == 1
    assert pwae("evaluate", *arguments).stdout == printed


def test_no_heading_and_no_number_is_broken_on_a_terminal_of_80_columns(
    pwae: Callable[..., Any], responses: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    other = responses.with_name("other.jsonl")
    other.write_text("".join(json.dumps(row | {"responses": ["no", "no no"]}) + "\n" for row in ROWS))
    given = (f"PersonaWAE w/o prior={responses}", f"Adaptation={other}", "--tokenizer", "whitespace")
    printed = pwae("evaluate", *given, "--compare", "--against", "Adaptation", "--permutations", 9).succeeds().stdout
    tables = [line for line in printed.splitlines() if line[:1] in set("┃│┏└")]
    assert max(map(len, tables)) <= 80
    for word, times in {"Precision": 2, "Intra-": 2, "Repetition": 2, "PersonaWAE": 7, "Adaptation": 4}.items():
        assert sum(word in line for line in tables) == times, word
    assert any("0.9167" in line for line in tables)


def test_tables_of_differences_fit_with_every_metric(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    for headings in scores.DIFFERENCES:
        row = ["PersonaWAE", *("+10.12*\np 0.0010" if m == "Length" else "+0.1234*\np 0.0010" for m in headings)]
        console.print_table("Less Adaptation", ["System", *headings.values()], [row])
    printed = capsys.readouterr().out
    metrics = [metric for headings in scores.TABLES.values() for metric in headings]
    assert [metric for headings in scores.DIFFERENCES for metric in headings] == metrics == list(METRICS)
    assert printed.count("PersonaWAE") == 5
    assert printed.count("+0.1234*") == len(metrics) - 1


def test_a_p_below_the_digits_shown_is_not_0(pwae: Callable[..., Any], tmp_path: Path) -> None:
    for name, answer in (("real", "a b c d"), ("other", "e")):
        rows = [{"session_id": f"s{n}", "reference": "a b c d", "responses": [answer]} for n in range(20)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = (tmp_path / "other.jsonl", tmp_path / "real.jsonl", "--tokenizer", "whitespace", "--permutations", 100_000)
    shown = pwae("evaluate", *given, "--compare").succeeds().stdout
    assert "p <0.0001" in shown
    assert "p 0.0000" not in shown


def test_json_has_what_the_table_rounds(pwae: Callable[..., Any], responses: Path, tmp_path: Path) -> None:
    rows = [row | {"session_id": f"{row['session_id']}{n}"} for n in range(15) for row in ROWS]
    responses.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first = pwae("evaluate", responses, "--tokenizer", "whitespace", "--json", "--out", tmp_path / "scores").json
    again = pwae("evaluate", responses, "--tokenizer", "whitespace", "--json", "--out", tmp_path / "scores").json
    assert again == first | {"standing": True}
    total = first["systems"][0]["totals"]
    assert list(total)[:3] == ["BLEU-Recall", "BLEU-Precision", "BLEU-F1"]
    assert total["BLEU-F1"]["low"] < total["BLEU-F1"]["value"] < total["BLEU-F1"]["high"]
    assert total["Distinct-1"]["low"] is None
    shown = pwae("evaluate", responses, "--tokenizer", "whitespace").succeeds().stdout
    assert f"±{(total['BLEU-F1']['high'] - total['BLEU-F1']['low']) / 2:.4f}" in shown
    assert "\n±: half the width of the 95% bootstrap interval; --json has its bounds.\n" in shown


def test_of_two_contexts_there_is_no_interval(pwae: Callable[..., Any], responses: Path) -> None:
    shown = pwae("evaluate", responses, "--tokenizer", "whitespace").succeeds().stdout
    assert "±" not in shown
    assert "\nFewer than 30 contexts: too few for intervals and for the bootstrap's p-values.\n" in shown


def test_one_context_is_one(pwae: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(ROWS[0]))
    assert pwae("evaluate", path, "--tokenizer", "whitespace").succeeds().stdout.startswith("1 context\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.jsonl"], 4, ["nowhere.jsonl does not exist"]),
        (["{responses}"], 3, ["holds strings", "--tokenizer nltk, jieba"]),
        (["{responses}", "--tokenizer", "whitespace", "--first", "3"], 4, ["'a' has 2 responses", "--first 2"]),
        (["{responses}", "--ngram", "0"], 3, ["ngram: Input should be greater than or equal to 1"]),
        (["{folder}"], 6, ["holds no responses. Run 'pwae sample' first."]),
    ],
)
def test_errors_are_one_line(
    pwae: Callable[..., Any], responses: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    given = [one.format(responses=responses, folder=responses.parent) for one in arguments]
    pwae("evaluate", *given).fails(code, *words)


def test_compare_prints_differences_and_seeds_their_mean(
    pwae: Callable[..., Any], responses: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text("".join(json.dumps(row | {"responses": ["no", "no no"]}) + "\n" for row in ROWS))
    third = tmp_path / "third.jsonl"
    third.write_text("".join(json.dumps(row | {"responses": ["so", "no"]}) + "\n" for row in ROWS))
    given = [f"Ours={responses}", f"Peer={other}", f"Ours={third}", "--tokenizer", "whitespace"]
    printed = pwae("evaluate", *given, "--compare", "--against", "Peer", "--permutations", 99).succeeds().stdout
    assert "Less Peer" in printed
    assert "mean of 2 seeds" in printed
    lines = printed.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("│ Ours (1)"))
    assert "Ours (2)" in lines[place + 1] + lines[place + 2]
    difference = next(line for line in lines[lines.index("Less Peer") :] if "Ours" in line)
    made = pwae("evaluate", *given, "--compare", "--against", "Peer", "--permutations", 99, "--json").json
    found = {one["metric"]: one for one in made["comparisons"]}
    assert f"{found['BLEU-F1']['difference']:+.4f}" in difference
    assert "Holm-adjusted" in printed
    assert [len(one["runs"]) for one in made["seeds"]] == [2]
