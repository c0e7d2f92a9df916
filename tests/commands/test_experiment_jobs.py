"""``pwae experiment --jobs``: several runs at a time make what they make one after the other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jobs
import pytest
from trained import write_corpus

from pwae_core.errors import Interrupted
from pwae_core.experiment.side_by_side import side_by_side
from pwae_core.progress import Silent


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import run_pwae

    return write_corpus(run_pwae, tmp_path_factory.mktemp("experiment") / "corpus", conversations=40)


@dataclass
class Heard(Silent):
    """Keeps what is said."""

    said: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.said.append(message)


def test_runs_side_by_side_are_those_made_in_turn(
    pwae: Callable[..., Any], snapshot: Callable[[Path], dict[str, bytes]], corpus: Path, tmp_path: Path
) -> None:
    jobs.planned(tmp_path)
    told, made = [], []
    for jobs_at_once in ("1", "3"):
        out = tmp_path / f"jobs{jobs_at_once}"
        command = ("experiment", tmp_path / "plan.toml", "--corpus", corpus, "--out", out, "--jobs", jobs_at_once)
        done = pwae(*command, "--json")
        assert done.exit_code == 1
        assert "2 of 4 runs failed" in done.stderr.splitlines()[-1]
        told.append({name: value for name, value in done.json.items() if name != "out"})
        made.append({seed: snapshot(out / f"personawae-seed{seed}") for seed in (1, 2)})
        assert sorted(path.name for path in out.glob("*results.*")) == ["results.json", "results.md", "results.parquet"]
    assert told[0] == told[1]
    assert [run["folder"] for run in told[1]["runs"]] == [run.folder for run in jobs.planned(tmp_path)], "in order"
    assert made[0] == made[1]
    assert {"run/manifest.json", "responses/responses.parquet", "scores/scores.parquet"} <= made[1][2].keys()
    assert "personawae-seed1: iteration 3: validation" in done.stderr, "who says what"


def test_a_signal_stops_all_of_them_and_they_go_on_later(corpus: Path, tmp_path: Path) -> None:
    jobs.planned(tmp_path, steps=100_000)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pwae_cli", "experiment", tmp_path / "plan.toml", "--corpus", corpus, "--out", out]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen([*command, "--jobs", "2"], stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        training = set()
        for line in process.stderr:
            training |= set(re.findall(r"^(personawae-seed\d): iteration", line))
            if len(training) == 2:
                break
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
        assert process.wait() == 128 + signal.SIGTERM, said
    assert said.splitlines()[-1] == "pwae: Stopped; what was trained is saved. Run the same command again to continue."
    for seed in (1, 2):
        assert [*(out / f"personawae-seed{seed}").rglob("last-*.safetensors")], "saved before it ended"
    assert not (out / ".results.partial").exists()


def test_a_process_that_is_killed_is_a_run_that_failed(tmp_path: Path) -> None:
    runs, heard = jobs.planned(tmp_path)[:2], Heard()
    made = dict(side_by_side(runs, jobs.killed, 2, heard))
    failure = made[0].failure
    assert failure
    assert failure.startswith("Its process was ended by signal SIGKILL.")
    assert made[1] == jobs.result(runs[1])
    assert f"{runs[1].folder}: here" in heard.said


def test_a_mistake_of_pwae_s_own_ends_them_all(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(TypeError, match="of our own making") as caught:
        list(side_by_side(jobs.planned(tmp_path)[:2], jobs.wrong, 2, Silent()))
    assert "in wrong" in "".join(caught.value.__notes__), "where it was made"
    assert time.monotonic() - began < 50


def test_a_run_that_was_stopped_stops_the_others(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="is saved") as caught:
        list(side_by_side(jobs.planned(tmp_path)[:2], jobs.interrupted, 2, Silent()))
    assert caught.value.exit_code == 143


def test_each_has_its_part_of_the_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pwae_core.experiment.side_by_side.processors", lambda: 7)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (tmp_path / "here").mkdir()
    do = partial(jobs.threads, at_once=tmp_path / "here")
    assert {one.failure for _, one in side_by_side(jobs.planned(tmp_path)[:2], do, 2, Silent())} == {"3"}
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert {one.failure for _, one in side_by_side(jobs.planned(tmp_path)[:2], do, 9, Silent())} == {"5"}
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert {one.failure for _, one in side_by_side(jobs.planned(tmp_path)[:2], do, 9, Silent())} == {"3"}, (
        "two at a time"
    )


def test_ctrl_c_does_not_reach_them_while_they_start(tmp_path: Path) -> None:
    done = side_by_side(jobs.planned(tmp_path)[:2], jobs.disturbed, 2, Silent())
    assert {one.failure for _, one in done} == {"False"}


def test_they_end_with_the_process_that_began_them(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, jobs.__file__, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        child = next(int(found[1]) for line in process.stdout if (found := re.search(r": (\d+)$", line)))
        process.kill()
        process.stdout.read()  # until the child, too, has closed it
        process.wait()
    for _ in range(100):
        if not _works(child):
            return
        time.sleep(0.1)
    pytest.fail("it still works")


def _works(process: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def test_jobs_that_make_no_sense_are_refused(pwae: Callable[..., Any], tmp_path: Path) -> None:
    jobs.planned(tmp_path)
    command = ("experiment", tmp_path / "plan.toml", "--out", tmp_path / "out")
    done = pwae(*command, "--jobs", "0")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--jobs': Input should be greater than or equal to 1" in done.stderr
    pwae(*command, "--jobs", "2", "--dry-run").fails(3, "--jobs has no effect with --dry-run")
