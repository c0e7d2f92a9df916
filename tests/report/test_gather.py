"""Paths are recognised by what they are; what does not belong together is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from altered import resealed
from judged import make_corpus, make_responses
from small_corpus import write_corpus

from pwae_core.data.responses import Named, named
from pwae_core.errors import ArtifactError, InputError
from pwae_core.report.gather import gather


def test_a_folder_is_looked_through_three_levels_deep(made: Any, tmp_path: Path) -> None:
    """As deep as the folder of several experiments, and not into what is a run's own."""
    (tmp_path / "not ours").mkdir()
    shutil.copytree(made.corpus, tmp_path / "corpus")
    run = tmp_path / "experiments" / "table2" / "run"
    shutil.copytree(made.seq2seq, run)
    shutil.copytree(made.seq2seq, tmp_path / "runs" / "same again")
    shutil.copytree(made.personawae, tmp_path / "one" / "two" / "three" / "too deep")
    shutil.copytree(made.personawae, tmp_path / ".hidden")
    shutil.copytree(made.personawae, run / "checkpoints" / "inside")
    found = gather([Named(tmp_path)])
    assert [run.folder.name for run in found.runs] == ["same again"]
    assert found.corpus
    assert found.corpus.folder == tmp_path / "corpus"
    shutil.rmtree(tmp_path / "runs")
    assert [one.folder for one in gather([Named(tmp_path)]).runs] == [run]


def test_what_a_report_does_not_show_is_looked_into(made: Any, tmp_path: Path) -> None:
    shutil.copytree(made.seq2seq, tmp_path / "sheets" / "run")
    shutil.copy(made.seq2seq / "manifest.json", tmp_path / "sheets")
    resealed(tmp_path / "sheets" / "manifest.json", lambda note: note.update(kind="human-eval-key"))
    assert [one.folder.name for one in gather([Named(tmp_path)]).runs] == ["run"]


def test_runs_are_called_as_their_answers(made: Any, tmp_path: Path) -> None:
    from conftest import run_pwae

    run_pwae("sample", made.seq2seq, "--out", tmp_path / "a", "--samples", 2, "--device", "cpu").succeeds()
    alone = gather([Named(made.seq2seq), Named(made.personawae)])
    assert list(alone.run_names.values()) == ["Seq2Seq", "PersonaWAE"]
    named_ = gather([Named(made.seq2seq), named(f"Mine={tmp_path / 'a'}"), Named(made.personawae)])
    assert list(named_.run_names.values()) == ["Mine", "PersonaWAE"]


def test_the_corpus_is_found_where_the_run_remembers_it(made: Any) -> None:
    found = gather([Named(made.personawae)])
    assert found.corpus
    assert found.corpus.folder.name == "corpus"
    assert found.aside == ()


def test_a_run_whose_corpus_is_gone_is_still_shown(made: Any, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(made.seq2seq, moved)
    resealed(moved / "manifest.json", lambda note: note["facts"].update(corpus_path="nowhere"))
    found = gather([Named(moved)])
    assert found.corpus is None
    assert "was not found. Give it too" in found.aside[0]


def test_a_corpus_of_another_run_is_refused(made: Any, tmp_path: Path) -> None:
    other = write_corpus(tmp_path / "other")
    with pytest.raises(ArtifactError, match=r"was not trained on .*other\. A report covers runs of one corpus\."):
        gather([Named(made.seq2seq), Named(other)])
    with pytest.raises(ArtifactError, match="are two corpora"):
        gather([Named(made.corpus), Named(other)])


def test_names_are_kept_apart_and_can_be_given(tmp_path: Path) -> None:
    judged = make_corpus(tmp_path / "corpus")
    one = make_responses(tmp_path / "one", "PersonaWAE", judged)
    two = make_responses(tmp_path / "two", "PersonaWAE", judged, samples=2)
    assert [s.system for s in gather([Named(one), Named(two)]).responses] == ["PersonaWAE (one)", "PersonaWAE (two)"]
    assert [s.system for s in gather([named(f"mine={one}"), Named(two)]).responses] == ["mine", "PersonaWAE"]
    kept = gather([Named(one), named(f"PersonaWAE={two}")])
    assert [s.system for s in kept.responses] == ["PersonaWAE (one)", "PersonaWAE"]


def test_folders_of_one_name_are_told_apart_by_what_differs_in_their_paths(tmp_path: Path) -> None:
    judged = make_corpus(tmp_path / "corpus")
    for samples, table in ((3, "table2"), (4, "table4")):
        make_responses(tmp_path / table / "personawae-seed7" / "responses", "PersonaWAE", judged, samples=samples)
    found = gather([Named(tmp_path / "table2"), Named(tmp_path / "table4")])
    assert [s.system for s in found.responses] == ["PersonaWAE (table2)", "PersonaWAE (table4)"]


@pytest.mark.parametrize("turned", [False, True])
def test_a_given_name_goes_before_what_a_folder_holds(tmp_path: Path, turned: bool) -> None:
    judged = make_corpus(tmp_path / "corpus")
    path = make_responses(tmp_path / "all" / "one", "PersonaWAE", judged)
    given = [Named(tmp_path / "all"), named(f"mine={path}")]
    assert [s.system for s in gather(given[::-1] if turned else given).responses] == ["mine"]


def test_other_systems_files_are_read_beside_the_corpus(tmp_path: Path) -> None:
    judged = make_corpus(tmp_path / "corpus", tokenizer="whitespace")
    lines = tmp_path / "llm.jsonl"
    lines.write_text(json.dumps({"session_id": "c0#0", "responses": ["tea rain"]}) + "\n")
    (one,) = gather([Named(judged.corpus), Named(lines)]).responses
    assert one.system == "llm"
    assert one.table["responses"].to_pylist() == [[["tea", "rain"]]]
    assert one.table["user_id"].to_pylist() == [judged.sessions[0]["user_id"]]
    with pytest.raises(ArtifactError, match=r"llm\.jsonl can only be read with its corpus"):
        gather([Named(lines)])


@pytest.mark.parametrize("content", [None, "x"])
def test_what_is_nothing_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "thing"
    if content:
        path.write_text(content)
    with pytest.raises(InputError, match=r"Nothing to report at .*thing\. Give runs, responses, scores"):
        gather([Named(path)])


def test_damaged_and_unknown_artifacts_are_named(made: Any, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{")
    with pytest.raises(ArtifactError, match="was altered or damaged"):
        gather([Named(tmp_path / "bad")])
    shutil.copy(made.seq2seq / "manifest.json", tmp_path / "bad")
    resealed(tmp_path / "bad" / "manifest.json", lambda note: note.update(kind="dreams"))
    with pytest.raises(ArtifactError, match="holds 'dreams', which this version of pwae does not know"):
        gather([Named(tmp_path / "bad")])
