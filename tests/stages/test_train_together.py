"""``pwae train`` under torchrun: one run, one voice."""

import json

from together import launch

from pwae_core import artifacts


def told(done):
    """What pwae itself said on stderr, without torchrun's own report."""
    return [line for line in done.stderr.splitlines() if line.startswith("pwae: ")]


def test_two_processes_make_one_run_and_print_one_result(pwae, made, tmp_path):
    command = [*made.train(tmp_path / "two", "max_steps=20", "validate_every=10"), "--json"]
    done = launch("-m", "pwae_cli", *command)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["steps"], printed["standing"]) == (20, False)
    run = artifacts.load(tmp_path / "two", "run")
    assert run.facts["processes"] == 2
    command[command.index(tmp_path / "two")] = tmp_path / "one"
    alone = pwae(*command).succeeds().json
    assert abs(alone["valid"]["posterior_nll"] - printed["valid"]["posterior_nll"]) < 0.01
    again = launch("-m", "pwae_cli", *[tmp_path / "two" if word == tmp_path / "one" else word for word in command])
    assert json.loads(again.stdout) == printed | {"standing": True}
    answers = pwae("sample", tmp_path / "two", "--out", tmp_path / "answers", "--limit", 2, "--device", "cpu")
    answers.succeeds()


def test_an_error_is_told_once(made, tmp_path):
    missing = launch("-m", "pwae_cli", "train", tmp_path / "nothing", "--out", tmp_path / "run")
    assert missing.returncode != 0
    assert told(missing) == [f"pwae: {tmp_path / 'nothing'} holds no corpus. Run 'pwae preprocess' first."]
    diverging = launch("-m", "pwae_cli", *made.train(tmp_path / "run", "critic.kind=sgd", "critic.rate=1e9"))
    assert diverging.returncode != 0
    assert len(told(diverging)) == 1
    assert "Training diverged at iteration" in told(diverging)[0]
    assert diverging.stdout == ""


KILLED = """
import os, signal
from pwae_core.training.loop import Trainer
whole = Trainer.iteration
def iteration(self, batch):
    if self.group.rank == 1 and self.position.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, batch)
Trainer.iteration = iteration
from pwae_cli.app import main
main()
"""


def test_a_killed_process_ends_the_others_and_the_run_goes_on_by_its_own_records(made, tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    command = made.train(tmp_path / "run", "max_steps=8", "checkpoint_every=1", "validate_every=4")
    done = launch(script, *command)
    assert done.returncode != 0
    assert done.stdout == ""
    assert all("Another of the processes that train together has stopped" in line for line in told(done))
    done = launch("-m", "pwae_cli", "train", "--resume", tmp_path / "run", "--max-steps", 9, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "continuing from iteration 5" in done.stderr
    assert artifacts.load(tmp_path / "run", "run").facts["steps"] == 9
