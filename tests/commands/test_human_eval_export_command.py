"""``pwae human-eval-export`` as users run it: what it prints, what it refuses and in which words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import judged
import openpyxl
import pyarrow.parquet as pq
import pytest

from pwae_core.config.human_eval import DEFAULTS

Pwae = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = judged.make_corpus(tmp_path / "corpus")
    for system in ("one", "two"):
        judged.make_responses(tmp_path / system, system, made)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(folder: Path) -> judged.Judged:
    return judged.Judged(folder / "corpus", pq.read_table(folder / "corpus/test.parquet").to_pylist(), {})


def export(pwae: Pwae, *more: object, systems: tuple[str, ...] = ("one", "two")) -> Any:
    return pwae("human-eval-export", *systems, "--corpus", "corpus", "--out", "out", "--contexts", 5, *more)


def test_the_paper_s_protocol_is_the_default() -> None:
    assert (DEFAULTS.contexts, DEFAULTS.annotators, DEFAULTS.repeats, DEFAULTS.ground_truth) == (200, 3, 0, True)


def test_it_prints_where_sheets_and_key_are(pwae: Pwae, folder: Path) -> None:
    result = export(pwae, "--repeats", 2).succeeds()
    for words in (
        "Sheets for the annotators in out",
        "one, two, ground-truth",
        "never for annotators",
        "out-key",
        "item ids begin with",
    ):
        assert words in result.stdout
    assert "(already existed)" in export(pwae, "--repeats", 2).succeeds().stdout
    assert openpyxl.load_workbook(folder / "out/annotator-3.xlsx")["Items"].max_row == 1 + 5 * 3 + 2


def test_json(pwae: Pwae, folder: Path) -> None:
    report = export(pwae, "--annotators", 1, "--no-ground-truth", "--key", "secret/key", "--json").succeeds().json
    assert report["files"] == ["INSTRUCTIONS.txt", "annotator-1.csv", "annotator-1.html", "annotator-1.xlsx"]
    assert (report["items"], report["systems"], report["standing"]) == (10, ["one", "two"], False)
    assert (folder / "secret/key/manifest.json").exists()
    assert not (folder / "out-key").exists()


def test_which_files_are_written(pwae: Pwae, folder: Path) -> None:
    def files(*more: object) -> list[str]:
        listed: list[str] = export(pwae, "--annotators", 1, "--force", "--json", *more).succeeds().json["files"]
        return [name.removeprefix("annotator-1.") for name in listed]

    assert files("--no-page") == ["INSTRUCTIONS.txt", "csv", "xlsx"]
    assert files("--label-studio") == [
        "INSTRUCTIONS.txt",
        "csv",
        "html",
        "label-studio.json",
        "xlsx",
        "label-studio.xml",
    ]


def test_another_system_s_file_stands_in_the_same_sheets(pwae: Pwae, folder: Path) -> None:
    rows = [{"session_id": row["session_id"], "responses": ["As a model, I agree!"]} for row in made(folder).sessions]
    (folder / "peer.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = export(pwae, "--json", systems=("one", "LLM=peer.jsonl")).succeeds().json
    assert report["systems"] == ["LLM", "one", "ground-truth"]
    key = pq.read_table(folder / "out-key/items.parquet").to_pylist()
    answers = {tuple(row["response"]) for row in key if row["system"] == "LLM"}
    assert answers == {("As", "a", "model", ",", "I", "agree", "!")}


def test_a_system_named_twice(pwae: Pwae, folder: Path) -> None:
    export(pwae, systems=("one", "one")).fails(
        4, "one and one are both called 'one'. Give them different names, NAME=PATH."
    )
    export(pwae, systems=("one", "ground-truth=two")).fails(4, "two is called 'ground-truth', as the real responses")
    assert not (folder / "out").exists()


def test_more_contexts_than_there_are(pwae: Pwae, folder: Path) -> None:
    few = export(pwae, "--contexts", 31)
    few.fails(5, "Only 28 contexts can be judged, 31 were asked for: all systems answer 30, 2 would show a judged")
    export(pwae, "--contexts", 28).succeeds()
    some = made(folder)
    judged.make_responses(folder / "few", "few", judged.Judged(some.corpus, some.sessions[:3], {}))
    export(pwae, "--force", systems=("one", "few")).fails(5, "Only 3 contexts can be judged, 5 were asked for")


def test_contexts_without_a_real_response(pwae: Pwae, folder: Path) -> None:
    judged.make_responses(folder / "typed", "typed", made(folder), references=[])
    export(pwae, systems=("typed",)).fails(5, "30 have no real response. Lower --contexts, or use --no-ground-truth.")
    export(pwae, "--no-ground-truth", systems=("typed",)).succeeds()


def test_the_wrong_corpus(pwae: Pwae, folder: Path) -> None:
    judged.make_responses(folder / "other", "other", made(folder), vocabulary="w" * 64)
    export(pwae, systems=("one", "other")).fails(
        6, "other (vocabulary wwwwwwwwwwww)", "corpus (vocabulary vvvvvvvvvvvv)"
    )
    judged.make_responses(folder / "eve", "eve", made(folder), user_id="eve")
    export(pwae, systems=("eve",)).fails(4, "User 'eve', who responds in session 'c0#0', is not in corpus.")


def test_folders_that_are_not_what_they_should_be(pwae: Pwae, folder: Path) -> None:
    export(pwae, systems=("corpus",)).fails(6, "corpus holds corpus", "expected responses")
    export(pwae, systems=("nowhere",)).fails(4, "nowhere does not exist.")
    export(pwae, "--corpus", "one").fails(6, "one holds responses", "expected corpus")
    export(pwae, "--key", "out/key").fails(3, "The key at out/key and the sheets at out must be separate.")
    (folder / "file").write_text("")
    export(pwae, "--out", "file").fails(6, "file is a file. Choose another --out.")
    export(pwae, "--out", "file/below").fails(7, "Cannot write")


def test_settings_out_of_range(pwae: Pwae, folder: Path) -> None:
    export(pwae, "--annotators", 0).fails(3, "annotators: Input should be greater than or equal to 1 (got 0).")
    export(pwae, "--repeats", 6).fails(3, "repeats: 6 are too many for 15 items; at most 5.")
    assert not (folder / "out").exists()


def test_rerun_with_other_settings(pwae: Pwae, folder: Path) -> None:
    export(pwae).succeeds()
    export(pwae, "--seed", 9).fails(6, "already exists, made differently (config seed: 7, now 9).", "--force")
    told = export(pwae, "--seed", 9, "--force").succeeds().stderr
    assert "The export whose item ids begin with " in told
    assert "was replaced, and so was its key. If its sheets have been sent" in told
    (folder / "out/annotator-1.csv").write_text("rated")
    export(pwae, "--seed", 9).succeeds()
    export(pwae, "--force").fails(6, "out/annotator-1.csv has changed since it was exported: it may hold ratings.")


def test_the_words_of_a_shipped_language_can_be_printed_and_given_back(pwae: Pwae, folder: Path) -> None:
    printed = pwae("human-eval-export", "--print-language", "zh").succeeds().stdout
    (folder / "ours.toml").write_text(printed, encoding="utf-8")
    assert export(pwae, "--language", "ours.toml", "--json").succeeds().json["language"] == "zh-CN"
    (folder / "ours.toml").write_text(printed.replace('save = "保存"\n', ""), encoding="utf-8")
    export(pwae, "--language", "ours.toml", "--out", "other").fails(3, "ours.toml: [page] save: Field required.")
    pwae("human-eval-export", "--print-language", "fr").fails(3, "language: 'fr' is not shipped. Choose one of en, zh.")


def test_pairs_from_export_to_scores(pwae: Pwae, folder: Path) -> None:
    made = export(pwae, "--mode", "pairs", "--pair", "ground-truth=one", "--checks", 1, "--json").succeeds().json
    assert (made["mode"], made["judged"], made["checks"]) == ("pairs", 5, 1)
    for annotator in range(1, made["annotators"] + 1):
        text = (folder / f"out/annotator-{annotator}.csv").read_text("utf-8-sig")
        (folder / f"out/annotator-{annotator}.csv").write_text(text.replace(',"","",""', ',"1","2",""'), "utf-8")
    printed = pwae("human-eval-score", "out", "--key", "out-key", "--resamples", 20).succeeds().stdout
    for words in ("Preferences over 5 contexts", "won/tied/lost", "one – ground-truth", "Attention checks"):
        assert words in printed
