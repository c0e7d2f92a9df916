"""The reproduction study: its plans, and the whole of it at toy size."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pwae_core.config.experiment import PlannedRun, planned_runs, read_plan
from pwae_core.models import MODELS

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "examples" / "reproduction"
TABLES = ("table2", "table3", "table4", "readings", "selection")
NAMES = {name: model.display_name for name, model in MODELS.items()}


def planned(folder: Path, *parts: str) -> list[PlannedRun]:
    """The runs of the plan that ``run.sh`` makes of these files."""
    plan = folder / "plan.toml"
    plan.write_text("seeds = [7]\n" + "".join((STUDY / f"{part}.toml").read_text("utf-8") for part in parts))
    return planned_runs(read_plan(plan, {}), NAMES)


@pytest.mark.parametrize("budget", ["budget", "quick"])
def test_no_two_runs_of_the_study_are_alike(tmp_path: Path, budget: str) -> None:
    runs = [run for table in TABLES for run in planned(tmp_path, budget, table)]
    assert len({run.folder for run in runs}) == len(runs)
    for one, two in combinations(runs, 2):
        assert one.train != two.train, (one.label, two.label)


def test_table_2_has_every_system_under_the_same_budget(tmp_path: Path) -> None:
    runs = planned(tmp_path, "budget", "table2")
    assert {run.train.model.name for run in runs} == set(MODELS)
    others = {"model": None, "likelihood_weight": 1.0}  # which RL-Persona alone reads
    assert len({run.train.model_copy(update=others).model_dump_json() for run in runs}) == 1


def test_the_paper_preset_is_run_as_it_is(tmp_path: Path) -> None:
    (first, *_) = runs = planned(tmp_path, "paper")
    assert {run.train.autoencoder.rate for run in runs} == {1.0}
    assert first.label == "PersonaWAE (paper preset)"


def test_a_part_of_a_plan_that_is_missing_is_told_in_a_line(tmp_path: Path) -> None:
    command = [sys.executable, STUDY / "plan.py", "--seed", "7", STUDY / "quick.toml", tmp_path / "table9.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "table9.toml") in line


@pytest.mark.parametrize("content", [None, b"a,b\n"])
def test_a_raw_file_that_cannot_be_read_is_told_in_a_line(tmp_path: Path, content: bytes | None) -> None:
    raw = tmp_path / "raw.parquet"
    if content is not None:
        raw.write_bytes(content)
    command = [sys.executable, STUDY / "corpora.py", raw, tmp_path / "out.parquet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{raw} cannot be read as Parquet with the columns conversation_id,")
    assert not (tmp_path / "out.parquet").exists()


STUBS = """
pwae() { [ "$1" != experiment ] || echo "$6" >> experiments; }
python() {
  case $1 in
    *chitchat_to_jsonl.py) echo row > "$2" ;;
    *plan.py) echo a plan ;;
    *) echo "cannot collect" >&2; return 1 ;;
  esac
}
"""


def test_results_that_cannot_be_collected_do_not_stop_the_study(tmp_path: Path) -> None:
    """With stubs in place of the commands: both trainings are done, and the exit code tells of the results."""
    shutil.copytree(STUDY, tmp_path / "examples" / "reproduction")
    (tmp_path / "examples" / "environment.sh").write_text(STUBS)
    command = ["bash", "examples/reproduction/run.sh", "--only", "chitchat/*/table2/7"]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PWAE_DATA_DIR", "CPED", "CHECKED")
    }
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("cannot collect") == 3
    vectors = [f"reproduction/chitchat/{split}/vectors" for split in ("session", "conversation")]
    assert (tmp_path / "experiments").read_text().split() == vectors


@pytest.mark.parametrize(("paths", "detailed"), [({}, "chitchat"), ({"CPED": "cped.parquet"}, "cped")])
def test_the_tables_of_one_corpus_are_of_cped_if_it_is_there(paths: dict[str, str], detailed: str) -> None:
    own = {name: value for name, value in os.environ.items() if name not in ("PWAE_DATA_DIR", "CPED", "CHECKED")}
    command = ["bash", STUDY / "run.sh", "--list"]
    steps = subprocess.run(command, env=own | paths, capture_output=True, text=True, check=True).stdout.split()
    tables = {table: [step for step in steps if f"/{table}/" in step] for table in ("table3", "table4", "readings")}
    assert tables == {table: [f"{detailed}/session/{table}/{seed}" for seed in (10, 11, 12)] for table in tables}


def imported(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(STUDY)
    return importlib.import_module(name)


def scored(monkeypatch: pytest.MonkeyPatch, label: str, seed: int, level: float) -> Any:
    """A run whose contexts all score around ``level``."""
    values = [level + 0.001 * (number % 7) for number in range(40)]
    columns = {"BLEU-Recall": values, "BLEU-Precision": values}
    frame = pd.DataFrame(columns, index=[f"s{number}" for number in range(40)])
    return imported("runs", monkeypatch).Scored("cped", "session", "table2", label, seed, frame)


def test_a_pair_is_compared_over_the_seeds_that_both_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """While other seeds are still to come: PersonaWAE has three, Seq2Seq the first alone, CVAE all of them."""
    collect = imported("collect", monkeypatch)
    levels = {"PersonaWAE": (0.1, 0.2, 0.3), "CVAE": (0.15, 0.15, 0.15), "Seq2Seq": (0.15,)}
    runs = [
        scored(monkeypatch, label, 7 + number, own)
        for label, found in levels.items()
        for number, own in enumerate(found)
    ]
    compared = collect.corrected_rows(list(collect.compared_rows(runs)))
    rows = {row["label"]: row for row in compared if row["base"] == "PersonaWAE" and row["measure"] == "BLEU-Recall"}
    assert rows["CVAE"]["seeds"] == 3
    assert rows["CVAE"]["difference"] == pytest.approx(-0.05)
    assert rows["Seq2Seq"]["seeds"] == 1
    assert rows["Seq2Seq"]["difference"] == pytest.approx(0.05)
    assert rows["Seq2Seq"]["randomisation_holm"] > rows["Seq2Seq"]["randomisation"]  # over both systems


def test_tests_of_runs_that_are_lost_are_kept_and_corrected_with_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """CVAE's pair rests on seeds that the second machine has not: its test is kept. Persona's has more seeds there."""
    collect, tables = imported("collect", monkeypatch), imported("tables", monkeypatch)
    kept: list[dict[str, Any]] = []

    def gather(*runs: tuple[str, int, float], again: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
        made = list(collect.compared_rows([scored(monkeypatch, *run) for run in runs]))
        remade = {("cped", "session", label) for label in again}
        kept[:] = collect.corrected_rows(tables.fuller(kept, made, collect.PAIRED, remade))
        return {row["label"]: row for row in kept if (row["base"], row["measure"]) == ("PersonaWAE", "BLEU-Recall")}

    base = [("PersonaWAE", seed, 0.1) for seed in (7, 8)]
    first = gather(*base, ("CVAE", 7, 0.15), ("CVAE", 8, 0.15), ("Persona", 7, 0.1))
    second = gather(*base, ("CVAE", 7, 0.3), ("Persona", 7, 0.2), ("Persona", 8, 0.2), ("Seq2Seq", 8, 0.3))
    assert {label: row["seeds"] for label, row in second.items()} == {"CVAE": 2, "Persona": 2, "Seq2Seq": 1}
    for name in ("difference", "low", "high", "randomisation", "bootstrap", "signature"):
        assert second["CVAE"][name] == first["CVAE"][name]
    assert second["CVAE"]["randomisation_holm"] > first["CVAE"]["randomisation_holm"], "there are more tests"
    assert second["Persona"]["difference"] == pytest.approx(0.1)
    third = gather(*base, ("CVAE", 7, 0.3), again=("CVAE", "Seq2Seq"))
    assert {label: row["seeds"] for label, row in third.items()} == {"CVAE": 1, "Persona": 2}
    assert third["CVAE"]["difference"] == pytest.approx(0.2)


def test_only_pairs_of_a_run_that_is_new_or_another_are_tested_again(monkeypatch: pytest.MonkeyPatch) -> None:
    collect = imported("collect", monkeypatch)
    runs = [scored(monkeypatch, *run) for run in (("PersonaWAE", 7, 0.1), ("CVAE", 7, 0.15), ("Persona", 7, 0.2))]
    first = list(collect.compared_rows(runs))
    more = [*runs, scored(monkeypatch, "Seq2Seq", 7, 0.3)]
    pairs = {(row["label"], row["base"]) for row in first}
    everything = list(collect.compared_rows(more))

    def again(found: list[Any], *changed: tuple[str, int]) -> set[tuple[str, str]]:
        rows = list(collect.compared_rows(found, first, {("cped", "session", *one) for one in changed}))
        assert all(row in everything for row in rows)
        return {(row["label"], row["base"]) for row in rows}

    assert again(runs) == set()
    assert again(runs, ("CVAE", 7)) == {pair for pair in pairs if "CVAE" in pair} != set()
    assert again(runs, ("PersonaWAE", 7)) == {pair for pair in pairs if "PersonaWAE" in pair}
    assert again(more, ("Seq2Seq", 7)) == {(row["label"], row["base"]) for row in everything} - pairs
    seeds = [*more, scored(monkeypatch, "PersonaWAE", 8, 0.1), scored(monkeypatch, "CVAE", 8, 0.2)]
    assert ("CVAE", "PersonaWAE") in {(row["label"], row["base"]) for row in collect.compared_rows(seeds, first)}


def test_a_run_that_was_made_again_with_other_totals_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = imported("tables", monkeypatch)

    def totals(label: str, seed: int, value: float) -> dict[str, Any]:
        told = {"corpus": "cped", "split": "session", "table": "table2", "label": label, "seed": seed}
        return {**told, "measure": "BLEU-F1", "value": value}

    there = [totals("CVAE", 7, 0.1), totals("CVAE", 8, 0.1), totals("Persona", 7, 0.1)]
    assert tables.remade(there, [totals("CVAE", 7, 0.1), totals("CVAE", 9, 0.2)]) == set()
    assert tables.remade(there, [totals("CVAE", 7, 0.1), totals("CVAE", 8, 0.2)]) == {("cped", "session", "CVAE")}


def test_scores_of_a_run_that_are_there_twice_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = imported("runs", monkeypatch)
    told = {"corpus": "cped", "split": "session", "table": "table2", "label": "CVAE", "seed": 7, "session_id": "s"}
    (tmp_path / "scores").mkdir()
    for name, table in (("one", "table2"), ("two", "base")):
        pq.write_table(pa.Table.from_pylist([{**told, "table": table}]), tmp_path / "scores" / f"{name}.parquet")
    with pytest.raises(SystemExit, match=r"one\.parquet and .*two\.parquet are the same run: CVAE, seed 7"):
        runs.kept_scores(tmp_path)


def test_the_whole_study_at_toy_size(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "docs").mkdir()
    for name in ("reproduction.md", "reproduction-tables.md"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    (tmp_path / "examples" / "environment.sh").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n')
    own = {name: value for name, value in os.environ.items() if name not in ("PWAE_DATA_DIR", "CPED", "CHECKED")}

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = ["bash", "examples/reproduction/run.sh", "--quick", *arguments]
        environment = own | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done

    steps = run("--list").stdout.split()
    assert steps[:2] == ["chitchat/session/table2/7", "chitchat/conversation/table2/7"]
    run()
    work = tmp_path / "reproduction" / "quick"
    results = pq.read_table(work / "results" / "results.parquet").to_pylist()
    found = {(row["split"], row["table"]) for row in results if row["table"]}
    assert found == {("conversation", "table2"), *(("session", table) for table in (*TABLES, "base"))}
    assert {row["label"] for row in results if row["table"] == "table2"} >= set(NAMES.values())
    assert {row["seed"] for row in results if row["label"] == "PersonaWAE K=5"} == {8}
    assert {"BLEU-F1", "Speaker-Accuracy", "Likelihood-Gain", "Swap-Followed", "Latent-Nats"} <= {
        row["measure"] for row in results if row["label"] == "PersonaWAE"
    }
    compared = pq.read_table(work / "results" / "comparisons.parquet").to_pylist()
    others = {"Seq2Seq", "CVAE", "DiaWAE-GMD", "PersonaWAE K=2", "PersonaWAE w/o fusion"}
    assert {row["base"] for row in compared} == {"PersonaWAE", *others}
    answers = pq.read_table(work / "results" / "answers.parquet").to_pylist()
    assert {row["label"] for row in answers} >= set(NAMES.values())
    assert {len(row["answers"]) for row in answers} == {3}, "the systems without z say the same three times"
    pages = [(work / name).read_text("utf-8") for name in ("reproduction.md", "reproduction-tables.md")]
    assert [page.count("No results yet.") for page in pages] == [1, 1], "only of the paper preset, which is not run"
    assert "| PersonaWAE w/o fusion | 1 |" in pages[0]
    drawings = sorted(path.name for path in (work / "reproduction").iterdir())
    assert drawings == ["chitchat-conversation.svg", "chitchat-session.svg"]

    before = {path: path.read_bytes() for path in (work / "results").rglob("*.*")}
    assert len(before) > 5 + len(NAMES), "a file of scores for every run"
    shutil.rmtree(work / "chitchat" / "conversation" / "runs" / "table2-7" / "seq2seq-seed7")
    (work / "results" / "comparisons.parquet").unlink()
    run("--collect")
    assert [path.name for path in before if path.read_bytes() != before[path]] == [], "what is gone from WORK is kept"

    (work / "results" / "scores" / "chitchat-conversation-table2-seq2seq-seed7.parquet").unlink()
    shutil.rmtree(work / "chitchat" / "session" / "runs" / "table2-7")
    run("--missing")
    changed = [path for path in before if path.read_bytes() != before[path]]
    assert [path.name for path in changed] == ["study.json"], "the missing run is made alike, in another time"
    before[changed[0]] = changed[0].read_bytes()
    assert not (work / "chitchat" / "session" / "runs" / "table2-7").exists(), "its runs are in the results"

    plans, runs = work / "chitchat" / "session" / "plans", work / "chitchat" / "session" / "runs"
    shutil.copy(plans / "table4-8.toml", plans / "again-8.toml")
    (runs / "again-8").symlink_to(runs / "table4-8")
    told = run("--collect", code=1).stderr
    assert "runs/again-8/personawae-w-o-prior-seed8/run and " in told
    assert "runs/table4-8/personawae-w-o-prior-seed8/run are the same run: PersonaWAE w/o prior, seed 8" in told
    assert [path.name for path in before if path.read_bytes() != before[path]] == []
    (plans / "again-8.toml").unlink()

    runs /= "table4-8"
    one, two = (f"personawae-w-o-{part}-seed8" for part in ("prior", "fusion"))
    shutil.rmtree(runs / one / "scores")
    shutil.copytree(runs / two / "scores", runs / one / "scores")
    (runs / two / "scores" / "totals.parquet").write_bytes(b"PAR1")
    told = run("--collect").stderr
    assert f"{one} is left out: scores was not made of the responses beside it" in told
    assert f"{two} is left out: " in told
    assert [path.name for path in before if path.read_bytes() != before[path]] == [], "what is left out is kept"
