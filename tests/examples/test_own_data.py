"""The example that chains the stages in a shell script, on a generated corpus."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from planted import planted

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZES = "--set model.word_size=16 --set model.hidden_size=8 --set model.latent_size=4"


@pytest.fixture
def run(tmp_path):
    """The script beside an ``environment.sh`` that takes the environment these tests run in."""
    (tmp_path / "examples").mkdir()
    for name in ("own_data.sh", "busiest_users.py"):
        shutil.copy(EXAMPLES / name, tmp_path / "examples")
    (tmp_path / "examples" / "environment.sh").write_text(f'PATH="{Path(sys.executable).parent}:$PATH"\n')

    def run(*arguments):
        options = {
            "EMBED_WORDS": "--dimension 16",
            "TRAIN": f"--preset small --max-steps 4 {SIZES}",
            "SAMPLE": "--samples 2",
            "CONTEXT": "do you like tea ? * $(false)",
            "OMP_NUM_THREADS": "1",
        }
        command = ["bash", "examples/own_data.sh", *arguments]
        environment = os.environ | options
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


SYSTEMS = ["personawae", "seq2seq"]


def test_the_whole_pipeline_and_again(run, tmp_path, snapshot):
    rows = planted(users=6, conversations=80).rows
    (tmp_path / "my data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    first = run("my data.jsonl", "work folder")
    assert first.returncode == 0, first.stderr
    work = tmp_path / "work folder"
    made = [
        "corpus",
        "report.html",
        "responses",
        "runs",
        "scores",
        "scores.json",
    ]
    assert sorted(p.name for p in work.iterdir()) == [*made, "sheets", "sheets-key", "vectors"]
    assert [sorted(p.name for p in (work / part).iterdir()) for part in ("runs", "responses")] == [SYSTEMS, SYSTEMS]
    scores = json.loads((work / "scores.json").read_text())
    assert [system["system"] for system in scores["systems"]] == ["PersonaWAE", "Seq2Seq"]
    _, context, answered = first.stdout.partition("do you like tea ? * $(false)")
    assert context
    assert sum(f"user00{number}" in answered for number in range(6)) == 4

    before = snapshot(work)
    again = run("my data.jsonl", "work folder")
    assert again.returncode == 0, again.stderr
    after = snapshot(work)
    assert {name for name in before if before[name] != after[name]} <= {"scores.json"}
    assert json.loads(after["scores.json"]) == scores


def test_a_stage_that_fails_stops_the_script_with_its_own_exit_code(run, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    done = run("empty.jsonl", "work")
    assert done.returncode in {4, 5}
    assert done.stderr.splitlines()[-1].startswith("pwae: ")
    assert "== pwae preprocess:" not in done.stderr
    assert list((tmp_path / "work").iterdir()) == []


def test_it_says_how_it_is_used(run):
    done = run("only-one")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Usage: bash examples/own_data.sh my.jsonl work/\n"
