"""``pwae train`` when something breaks: killed, stopped, damaged, diverged, out of space."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from crashes import SOME, killed
from trained import stopped

from pwae_core import artifacts
from pwae_core.errors import ArtifactError
from pwae_core.training import checkpoints

OFTEN = ("log_every=1", "checkpoint_every=1", "validate_every=2")


def test_killed_at_any_moment_the_rerun_gives_the_bytes_of_an_undisturbed_run(made, tmp_path):
    """Before every seventh of its changes on disk, and each of the first."""
    done = killed(tmp_path, made.train(tmp_path / "run", "max_steps=3", *OFTEN), SOME)
    assert done["kills"] >= 10
    assert done["failures"] == []


def test_killed_around_the_change_of_periods(made, tmp_path):
    """Two checkpoints of one iteration follow each other there, with other optimisers in them."""
    command = made.train(tmp_path / "run", "model.name=rl-persona", "max_steps=2", "validate_every=1", "log_every=1")
    done = killed(tmp_path, command, range(50, 76, 3))
    assert done == {"kills": 9, "failures": []}


def test_killed_while_a_finished_run_is_resumed(made, tmp_path):
    command = made.train(tmp_path / "run", *OFTEN)
    resume = [*command, "--max-steps", 3, "--resume"]
    done = killed(tmp_path, resume, SOME, before=[[*command, "--max-steps", 2]])
    assert done["kills"] >= 6
    assert done["failures"] == []


def test_killed_while_a_resumed_run_goes_back_to_the_end_of_a_period(made, tmp_path):
    command = made.train(tmp_path / "run", "model.name=rl-persona", "validate_every=1")
    before = [[*command, "--max-steps", 2]]
    done = killed(tmp_path, [*command, "--max-steps", 4, "--resume"], range(9, 22, 4), before=before)
    assert done == {"kills": 4, "failures": []}


SIGNALLED = """
import os, sys
number = int(sys.argv.pop(1))
from pwae_core.training.log import TrainingLog
write, lines = TrainingLog.write, []
def note(*arguments):
    write(*arguments)
    lines.append(arguments)
    if len(lines) == 4:
        os.kill(os.getpid(), number)
TrainingLog.write = note
from pwae_cli.app import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_ends_in_one_line(pwae, made, tmp_path, snapshot, number, code):
    command = made.train(tmp_path / "run", "max_steps=9", "validate_every=4", "log_every=1")
    words = [sys.executable, "-c", SIGNALLED, str(int(number)), *map(str, command)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    expected = f"pwae: Stopped at iteration 4; {tmp_path / 'run'} is saved. Run the same command again to continue."
    assert done.stderr.splitlines()[-1] == expected
    assert "continuing from iteration 4" in pwae(*command).succeeds().stderr
    command[command.index(tmp_path / "run")] = tmp_path / "whole"
    pwae(*command).succeeds()
    assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")


# -- damage


def flip(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)


DAMAGES = {
    "a flipped byte": ("last-*.safetensors", flip),
    "a cut file": ("last-*.safetensors", lambda path: path.write_bytes(path.read_bytes()[:-100])),
    "no file": ("last-*.safetensors", Path.unlink),
    "no JSON": ("last.json", lambda path: path.write_bytes(b"\xff\x00{")),
    "other JSON": ("last.json", lambda path: path.write_text("[1]")),
    "another number": ("last.json", lambda path: path.write_text(path.read_text().replace('"step": 3', '"step": 2'))),
    "a shorter log": ("log.jsonl", lambda path: path.write_bytes(path.read_bytes()[:40])),
    "no log": ("log.jsonl", Path.unlink),
}


@pytest.fixture(scope="module")
def unfinished(made, tmp_path_factory):
    """The folder of a run that was stopped after three of its four iterations."""
    from conftest import run_pwae

    out = tmp_path_factory.mktemp("unfinished") / "run"
    stopped(run_pwae, 3, made.train(out, "max_steps=4", "log_every=1"))
    return out


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused_and_force_starts_anew(pwae, made, unfinished, tmp_path, snapshot, damage):
    out = shutil.copytree(unfinished, tmp_path / "run")
    name, harm = DAMAGES[damage]
    (path,) = out.rglob(name)
    harm(path)
    before = snapshot(out)
    command = made.train(out, "max_steps=4", "log_every=1")
    pwae(*command).fails(6, f"{path} is damaged", "Restore it, or move it away and train again with --force.")
    assert snapshot(out) == before
    if path.exists() and path.name != "log.jsonl":
        pwae(*command, "--force").fails(6, f"{path} is in the way, and pwae did not write it, or it has changed since.")
        assert snapshot(out) == before
        path.unlink()
    pwae(*command, "--force").succeeds()


@pytest.mark.parametrize(
    ("lost", "more", "code", "words"),
    [
        ("", ["patience=2"], 3, ["autoencoder: decay_every = 3: with patience = 2, training ends before"]),
        ("checkpoints/last-*.safetensors", ["max_steps=3"], 6, [".safetensors is missing. Restore it: "]),
        ("checkpoints/last.json", ["max_steps=3"], 6, ["last.json is missing. Restore it: "]),
        ("log.jsonl", ["max_steps=3"], 6, ["log.jsonl is missing. Restore it: "]),
    ],
)
def test_a_finished_run_that_cannot_go_on_stays_as_it_was(pwae, made, tmp_path, snapshot, lost, more, code, words):
    out, plateau = tmp_path / "run", [f"autoencoder.{key}" for key in ("schedule=plateau", "decay=.5", "decay_every=3")]
    pwae(*made.train(out, "max_steps=2", *plateau, "patience=0")).succeeds()
    for path in out.glob(lost) if lost else ():
        path.unlink()
    before = snapshot(out)
    pwae("train", "--resume", out, "--set", *more).fails(code, *words)
    assert snapshot(out) == before
    pwae("sample", out, "--context", "do you like tea ?").succeeds()


def test_a_damaged_manifest_is_refused(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "max_steps=2")
    pwae(*command).succeeds()
    (tmp_path / "run" / "manifest.json").write_text("{")
    for more in ([], ["--resume"], ["--force"]):
        pwae(*command, *more).fails(6, "manifest.json was altered or damaged", "Move the folder away and make")


@pytest.mark.parametrize("name", ["checkpoints/best.json", "log.parquet", "users.parquet"])
def test_a_file_that_somebody_has_put_into_a_run_is_not_written_over(pwae, made, tmp_path, name):
    command = made.train(tmp_path / "run", "model.name=seq2seq", "validate_every=1")
    pwae(*command, "--max-steps", 1).succeeds()
    mine = tmp_path / "run" / name
    mine.write_text('{"mine": 1}')
    for more in (["--max-steps", 2, "--resume"], ["--max-steps", 1, "--force"]):
        pwae(*command, *more).fails(6, f"{mine} is in the way, and pwae did not write it, or it has changed since.")
        assert mine.read_text() == '{"mine": 1}'


def test_a_checkpoint_is_not_written_over_another_s_file(made, tmp_path):
    tensors, state = {"model.a": torch.ones(1)}, {"step": 1}
    checkpoints.save_checkpoint(tmp_path, "best", tensors, state)
    (written,) = tmp_path.glob("best-1-*.safetensors")
    for path in (written, tmp_path / "best.json"):
        whole = path.read_bytes()
        path.write_text("{}")
        with pytest.raises(ArtifactError, match=f"{path.name} is in the way"):
            checkpoints.save_checkpoint(tmp_path, "best", tensors, state)
        assert path.read_text() == "{}"
        path.write_bytes(whole)
    (tmp_path / "best-mine.safetensors").write_text("mine")
    (tmp_path / "best-1-00000000.safetensors").write_text("mine")
    checkpoints.save_checkpoint(tmp_path, "best", {"model.a": torch.zeros(1)}, state)
    assert not written.exists()
    assert len(list(tmp_path.iterdir())) == 4


# -- divergence


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            ["model.name=seq2seq", "autoencoder.kind=sgd", "autoencoder.rate=1e6"],
            [": autoencoder_loss is ", "Try a lower autoencoder.rate or another --seed, into a new --out."],
        ),
        (
            ["critic.kind=sgd", "critic.rate=1e9"],
            [": critic_", "Try a lower critic.rate or autoencoder.rate, a larger penalty_weight or another --seed"],
        ),
        (["explosion=0.5"], ["at iteration 1: autoencoder_loss is 3."]),
    ],
)
def test_a_divergence_stops_and_says_what_to_try(pwae, made, tmp_path, settings, words):
    pwae(*made.train(tmp_path / "run", "max_steps=50", *settings)).fails(8, "Training diverged at iteration", *words)
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_weights_that_diverge_in_the_last_iteration_are_not_saved(pwae, made, tmp_path):
    settings = ("model.name=seq2seq", "max_steps=1", "autoencoder.kind=sgd", "autoencoder.rate=1e30")
    pwae(*made.train(tmp_path / "run", *settings)).fails(8, "at iteration 1: validation posterior_nll is nan.")
    assert not (tmp_path / "run" / "checkpoints").exists()


# -- disks and folders


def test_a_full_disk_ends_in_one_line_and_the_same_command_goes_on(pwae, made, tmp_path, monkeypatch, snapshot):
    command = made.train(tmp_path / "run", "max_steps=5", "validate_every=2")
    real, written = checkpoints.write_bytes, []

    def full(path, data, token):
        written.append(path)
        if len(written) > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data, token)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_bytes", full)
        pwae(*command).fails(7, "run: the disk is full; free some space.")
    assert not (tmp_path / "run" / "manifest.json").exists()
    pwae(*command).succeeds()
    pwae(*made.train(tmp_path / "whole", "max_steps=5", "validate_every=2")).succeeds()
    assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full(pwae, made, tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    try:
        command = made.train(tmp_path / "run", "max_steps=5", "validate_every=1")
        pwae(*command).fails(7, "run: the disk is full; free some space.")
        subprocess.run(["mount", "-o", "remount,size=20m", str(tmp_path)], check=True)
        pwae(*command).succeeds()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_folders_that_may_not_be_written(pwae, made, tmp_path):
    (tmp_path / "file").write_text("")
    pwae(*made.train(tmp_path / "file" / "run")).fails(7, "part of the path is a file; choose another --out")
    pwae(*made.train(tmp_path / "file")).fails(6, "file exists and is not an artifact of pwae. Choose another --out.")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    for option in ([], ["--force"]):
        pwae(*made.train(tmp_path / "mine"), *option).fails(6, "mine exists and is not an artifact of pwae.")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]
    corpus = shutil.copytree(made.corpus, tmp_path / "corpus")
    pwae(*made.train(corpus), "--force").fails(6, "corpus holds corpus (of 'pwae preprocess'), expected run")
    assert artifacts.load(corpus, "corpus").rows("train.parquet") == 160
