"""What is done by runs that are made side by side, where processes that a test starts can import it.

As a script, ``python jobs.py FOLDER``: begins one that waits, and prints what it says.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pwae_core.config.experiment import PlannedRun, planned_runs, read_plan
from pwae_core.errors import Interrupted
from pwae_core.experiment.results import RunResult
from pwae_core.experiment.side_by_side import side_by_side
from pwae_core.models import MODELS
from pwae_core.processes import follow_parent
from pwae_core.progress import Progress, Silent

NAMES = {name: model.display_name for name, model in MODELS.items()}
PLAN = """
title = "A tiny table"
corpus = "nowhere"
preset = "small"
seeds = [1, 2]

[train]
max_steps = 6
validate_every = 3
batch_size = 16

[train.model]
word_size = 8
hidden_size = 8
user_size = 4
latent_size = 4
max_length = 8

[sample]
samples = 2
limit = 5

[evaluate]
resamples = 20
"""
SYSTEMS = """
[[systems]]
model = "personawae"

[[systems]]
model = "personawae"
label = "Exploding"
train = { critic = { kind = "sgd", rate = 1e9 }, explosion = 1e-9 }
"""


def planned(folder: Path, steps: int = 6) -> list[PlannedRun]:
    path = folder / "plan.toml"
    path.write_text(PLAN.replace("max_steps = 6", f"max_steps = {steps}") + SYSTEMS)
    return planned_runs(read_plan(path, {"corpus": folder}), NAMES)


def result(run: PlannedRun, failure: str | None = None) -> RunResult:
    return RunResult(run.label, run.seed, run.folder, {}, failure)


def killed(run: PlannedRun, progress: Progress) -> RunResult:
    if run.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    progress.say("here")
    return result(run)


def wrong(run: PlannedRun, progress: Progress) -> RunResult:
    if run.seed == 1:
        raise TypeError("of our own making")
    progress.say(str(os.getpid()))
    time.sleep(60)
    return result(run)


def interrupted(run: PlannedRun, progress: Progress) -> RunResult:
    raise Interrupted(f"{run.folder} is saved.", signal.SIGTERM)


def threads(run: PlannedRun, progress: Progress, at_once: Path) -> RunResult:
    (at_once / run.folder).touch()
    for _ in range(600):
        if len([*at_once.iterdir()]) >= 2:
            break
        time.sleep(0.1)
    return result(run, os.environ["OMP_NUM_THREADS"])


def disturbed(run: PlannedRun, progress: Progress) -> RunResult:
    """The failure says whether an interrupt could reach this process while it started."""
    return result(run, str(signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())))


def reports(pipe: Connection) -> None:
    follow_parent()
    pipe.send("there")


@dataclass(frozen=True)
class Job:
    """What ``runner`` makes pieces of."""

    folder: Path


def disturbed_piece(job: Job, piece: int) -> dict[str, bool]:
    return {"disturbed": signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())}


class Printed(Silent):
    def say(self, message: str) -> None:
        print(message, flush=True)


if __name__ == "__main__":
    list(side_by_side(planned(Path(sys.argv[1]))[1:2], wrong, 2, Printed()))
