"""Trains small systems in as many processes as torchrun starts it in: what tests/training/test_together.py launches.

torchrun --standalone --nproc-per-node 2 tests/together.py FOLDER stops_after
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from planted import planted
from small_training import CPU, small_config, small_trainer
from tiny import Tiny, tiny

from pwae_core.config.resolve import merge
from pwae_core.config.train import TrainConfig
from pwae_core.errors import Interrupted
from pwae_core.models import MODELS
from pwae_core.training.group import Followed, Group, joined
from pwae_core.training.signals import StopRequest

RUNS: dict[str, dict[str, Any]] = {name: {"model": {"name": name}} for name in MODELS}
RUNS["personawae"]["model"] |= {
    "user_dropout": 0.2,
    "utterance_dropout": 0.1,
    "decoder_dropout": 0.1,
    "clean_codes": True,
}
RUNS["dialogwae-gmp"] |= {"keep_best": 2}
RUNS["early stop"] = {"model": {"name": "seq2seq"}, "patience": 1, "autoencoder": {"rate": 1e-9}}
SCRIPT = Path(__file__)
LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"  # whatever the machine's name resolves to, or not
RATES = {"autoencoder": 1.0, "generator": 0.05, "critic": 0.01}


class StopAfter(StopRequest):
    """A signal that comes, to this process alone, after so many iterations."""

    def __init__(self, iterations: int) -> None:
        self.left = iterations

    @property
    def signal_number(self) -> int:  # type: ignore[override]
        self.left -= 1
        return 15 if self.left < 0 else 0


def launch(*words: object) -> subprocess.CompletedProcess[str]:
    """What torchrun does with a script or a module (``-m NAME``), in two processes."""
    paths = os.pathsep.join(filter(None, [str(SCRIPT.parent), os.environ.get("PYTHONPATH")]))
    own = {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "GLOO_SOCKET_IFNAME": LOOPBACK}
    return subprocess.run(
        [*LAUNCH, "--nproc-per-node", "2", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | own,
        timeout=300,
    )


def data() -> Tiny:
    return tiny(planted(users=6, conversations=40, seed=1).rows)


def settings(name: str) -> TrainConfig:
    """Batches of 31 of 94 sessions: the last of an epoch has one session, and so one process has none.

    Plain gradient descent: the others divide by the size of a gradient, and so make the most of a rounding error.
    """
    common = {name: {"kind": "sgd", "rate": rate, "clip": 1.0} for name, rate in RATES.items()}
    common |= {"batch_size": 31, "max_steps": 10, "epochs": 9, "validate_every": 4}
    return small_config(**merge(common, RUNS[name]))


def train(folder: Path, group: Group, stops_after: int) -> None:
    sessions = data()
    for name in RUNS:
        stop = StopAfter(stops_after if group.rank == group.size - 1 else 1000)
        trainer = small_trainer(sessions, folder / name, settings(name), stop, group)
        with suppress(Interrupted, Followed), group.one_voice():
            trainer.run()


if __name__ == "__main__":
    with joined(CPU) as together:
        train(Path(sys.argv[1]), together, int(sys.argv[2]))
