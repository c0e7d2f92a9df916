"""Several processes, and micro-batches: the losses and weights of one process that does each batch whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_training import CPU, small_trainer
from together import RUNS, SCRIPT, data, launch, settings, train

from pwae_core.errors import ConfigError, DivergenceError
from pwae_core.nn.noise import Rows, seeded
from pwae_core.training.checkpoints import BEST, LAST, load_checkpoint
from pwae_core.training.group import ALONE, Followed, Group, local_device
from pwae_core.training.loop import Trainer
from pwae_core.training.pieces import Cutter


@dataclass(frozen=True)
class Outcome:
    """What a run leaves."""

    log: list[dict[str, Any]]
    last: dict[str, torch.Tensor]
    state: dict[str, Any]


def outcome(folder: Path) -> Outcome:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    tensors, state = load_checkpoint(folder / "checkpoints", LAST, CPU)
    return Outcome(lines, tensors, state)


def assert_alike(one: Outcome, other: Outcome) -> None:
    """Every logged loss, estimate and norm of every iteration, every weight, every code that is kept."""
    assert [(line["step"], line["split"], list(line["values"])) for line in one.log] == [
        (line["step"], line["split"], list(line["values"])) for line in other.log
    ]
    for here, there in zip(one.log, other.log, strict=True):
        names, values = list(here["values"]), list(here["values"].values())
        np.testing.assert_allclose(values, list(there["values"].values()), rtol=1e-4, atol=1e-5, err_msg=str(names))
    assert one.last.keys() == other.last.keys()
    torch.testing.assert_close(one.last["generator"], other.last["generator"], rtol=0, atol=0)
    for name in one.last:
        if name.startswith(("model.", "codes.")):
            torch.testing.assert_close(one.last[name], other.last[name], rtol=1e-4, atol=1e-5, msg=name)
    assert one.state["best_step"] == other.state["best_step"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    train(folder, ALONE, 1000)
    return folder


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In two processes, stopped by a signal to the second after six iterations, and continued in two."""
    folder = tmp_path_factory.mktemp("divided")
    for stops_after in (6, 1000):
        done = launch(SCRIPT, folder, stops_after)
        assert done.returncode == 0, done.stderr
        assert outcome(folder / "personawae").state["step"] == min(stops_after + 1, 10)
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_have_the_losses_of_one(whole: Path, divided: Path, name: str) -> None:
    assert_alike(outcome(whole / name), outcome(divided / name))


def test_all_processes_stop_early_together(whole: Path, divided: Path) -> None:
    states = [outcome(folder / "early stop").state for folder in (whole, divided)]
    assert states[0] == states[1] | {"best": pytest.approx(states[0]["best"], rel=1e-5)}
    assert states[0]["step"] == 8


@pytest.mark.parametrize("name", RUNS)
def test_micro_batches_have_the_losses_of_whole_batches(whole: Path, tmp_path: Path, name: str) -> None:
    config = settings(name).model_copy(update={"micro_batches": 3})
    small_trainer(data(), tmp_path, config).run()
    assert_alike(outcome(whole / name), outcome(tmp_path))


def test_a_run_of_two_processes_goes_on_in_one(whole: Path, tmp_path: Path) -> None:
    done = launch(SCRIPT, tmp_path, 6)
    assert done.returncode == 0, done.stderr
    train(tmp_path, ALONE, 1000)
    for name in RUNS:
        assert_alike(outcome(whole / name), outcome(tmp_path / name))
    assert load_checkpoint(tmp_path / "personawae" / "checkpoints", BEST, CPU)[1]["step"] <= 10


def test_processes_and_micro_batches_share_a_batch_without_gap_or_overlap() -> None:
    for sessions in (1, 2, 5, 31):
        rows = [row for rank in range(3) for row in Cutter(Group(rank, 3), 2).rows(sessions)]
        assert [row.start for row in rows] == [0, *(row.stop for row in rows[:-1])]
        assert rows[-1].stop == sessions
        assert max(row.stop - row.start for row in rows) <= -(-sessions // 6)


def test_a_process_without_a_session_adds_nothing_and_draws_as_the_others() -> None:
    batch = data().sessions.batch(np.arange(1))
    noise, other = seeded(1, CPU), seeded(1, CPU)
    (idle,) = Cutter(Group(0, 2)).pieces(batch, noise)
    assert (idle.rows, idle.counts) == (Rows(0, 1, 1), 0)
    (working,) = Cutter(Group(1, 2)).pieces(batch, other)
    assert (working.rows, working.counts) == (Rows(0, 1, 1), 1)
    torch.testing.assert_close(idle.noise.normal(1, 3), working.noise.normal(1, 3))


def test_noise_of_pieces_is_the_noise_of_the_whole() -> None:
    whole = seeded(1, CPU)
    drawn = whole.normal(5, 2), whole.uniform(5)
    piece = seeded(1, CPU).only(Rows(1, 3, 5))
    torch.testing.assert_close(piece.normal(2, 2), drawn[0][1:3], rtol=0, atol=0)
    torch.testing.assert_close(piece.uniform(2), drawn[1][1:3], rtol=0, atol=0)
    with pytest.raises(ValueError, match=r"noise of shape \(4,\) for the rows Rows\(start=1"):
        piece.uniform(4)


def bf16_trainer(folder: Path, name: str, precision: str, device: torch.device) -> Trainer:
    config = settings(name).model_copy(update={"precision": precision, "max_steps": 4})
    return small_trainer(data(), folder / precision, config, device=device)


CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize("name", RUNS)
def test_bfloat16_comes_near_float32_and_is_another_number(tmp_path: Path, name: str, device: str) -> None:
    """The losses of the reconstruction within 2% (8 bits of mantissa); codes, weights and optimisers stay float32."""
    exact, lower = (bf16_trainer(tmp_path, name, precision, torch.device(device)) for precision in ("fp32", "bf16"))
    exact.run()
    lower.run()
    logs = [[line["values"] for line in trainer.log.lines() if line["split"] == "train"] for trainer in (exact, lower)]
    losses = np.array([[values["reconstruction"] for values in log] for log in logs])
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.02)
    assert (losses[0] != losses[1]).any()
    assert {parameter.dtype for parameter in lower.model.parameters()} == {torch.float32}
    assert {code.dtype for codes in lower.recent for code in codes.values()} <= {torch.float32, torch.int64}


def test_errors_that_all_meet_are_told_by_the_first() -> None:
    with pytest.raises(Followed) as followed, Group(1, 2).one_voice():
        raise DivergenceError("reconstruction is nan")
    assert followed.value.exit_code == 8
    with pytest.raises(DivergenceError), Group(0, 2).one_voice():
        raise DivergenceError("reconstruction is nan")


def test_more_processes_than_devices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert local_device(CPU) == CPU
    with pytest.raises(ConfigError, match="torchrun started process 2 on a machine of 1 CUDA devices"):
        local_device(torch.device("cuda"))
    with pytest.raises(ConfigError, match="--device cuda:0 is one device for 2 processes"):
        local_device(torch.device("cuda:0"))


def test_a_group_leaves_no_thread_behind(tmp_path: Path) -> None:
    """Such a thread can abort the interpreter while it ends, after all is done."""
    script = tmp_path / "threads.py"
    script.write_text(
        "import os, torch\n"
        "from pwae_core.training.group import joined\n"
        "def threads(): return len(os.listdir('/proc/self/task'))\n"
        "before = threads()\n"
        "with joined(torch.device('cpu')) as group:\n"
        "    torch.optim.Adam([torch.zeros(1, requires_grad=True)])\n"
        "    group.wait()\n"
        "    assert threads() > before\n"
        "assert threads() == before, threads()\n"
    )
    if not Path("/proc/self/task").is_dir():
        pytest.skip("the threads of a process are counted in /proc")
    done = launch(script)
    assert done.returncode == 0, done.stderr
