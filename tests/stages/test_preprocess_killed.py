"""Killed at any moment, then run again: the bytes of an undisturbed run, and nothing temporary."""

import random
import signal
import subprocess
import sys
import time

import pytest
from planted import planted, write_jsonl

RUN = """
import sys
from pathlib import Path
from pwae_core.corpus.readers import sources
from pwae_core.corpus.readers import jsonl
from pwae_core.stages.preprocess import preprocess
sources.ROWS_A_SHARD, jsonl.SPAN_BYTES = 500, 50_000
raw, out, workers = sys.argv[1:]
preprocess([raw], Path(out), workers=int(workers))
"""


def start(raw, out, workers=1) -> subprocess.Popen:
    command = [sys.executable, "-c", RUN, str(raw), str(out), str(workers)]
    return subprocess.Popen(command, start_new_session=True)


def finish(raw, out, workers=1) -> None:
    assert start(raw, out, workers).wait() == 0


def kill_after(pieces, raw, out, workers, number=signal.SIGKILL) -> None:
    """Stops a run when so many of its pieces are done, or lets it finish if it is quicker."""
    process = start(raw, out, workers)
    while process.poll() is None and len(list(out.parent.glob(f".{out.name}.partial/work/*.json"))) < pieces:
        time.sleep(0.001)
    process.send_signal(number)
    process.wait()


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment_then_run_again(tmp_path, snapshot, workers):
    raw = write_jsonl(planted(users=20, conversations=800, seed=workers).rows, tmp_path / "raw.jsonl")
    out = tmp_path / "corpus"
    finish(raw, tmp_path / "undisturbed", workers)
    chance = random.Random(workers)
    for pieces in (1, *sorted(chance.randint(2, 50) for _ in range(3))):
        kill_after(pieces, raw, out, workers)
        assert pieces > 1 or not out.exists()
    finish(raw, out, workers)
    assert snapshot(out) == snapshot(tmp_path / "undisturbed")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "raw.jsonl", "undisturbed"]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_finished_is_kept_after_ctrl_c(tmp_path, snapshot, workers):
    raw = write_jsonl(planted(users=20, conversations=800, seed=workers).rows, tmp_path / "raw.jsonl")
    out = tmp_path / "corpus"
    finish(raw, tmp_path / "undisturbed", workers)
    kill_after(2, raw, out, workers, signal.SIGINT)
    assert not out.exists()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob(".corpus.partial/work/*.json")}
    assert len(kept) >= 2
    kill_after(len(kept) + 1, raw, out, workers, signal.SIGINT)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "it went on"
    finish(raw, out, workers)
    assert snapshot(out) == snapshot(tmp_path / "undisturbed")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "raw.jsonl", "undisturbed"]


def test_killed_while_standard_input_is_kept(tmp_path, snapshot):
    raw = write_jsonl(planted(users=8, conversations=100).rows, tmp_path / "raw.jsonl")
    process = subprocess.Popen([sys.executable, "-c", RUN, "-", str(tmp_path / "corpus"), "1"], stdin=subprocess.PIPE)
    process.stdin.write(raw.read_bytes()[:1000])
    process.stdin.flush()
    while not list(tmp_path.glob(".corpus.stdin.partial/new/*")):
        time.sleep(0.05)
    process.kill()
    process.wait()
    process.stdin.close()
    with raw.open("rb") as whole:
        command = [sys.executable, "-c", RUN, "-", str(tmp_path / "corpus"), "1"]
        assert subprocess.run(command, stdin=whole, check=False).returncode == 0
    finish(raw, tmp_path / "undisturbed")
    names = ("train.parquet", "vocabulary.parquet", "histories.parquet")
    made, expected = snapshot(tmp_path / "corpus"), snapshot(tmp_path / "undisturbed")
    assert {name: made[name] for name in names} == {name: expected[name] for name in names}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "raw.jsonl", "undisturbed"]
