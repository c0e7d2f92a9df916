"""On a CUDA device: what a CPU computes, resumed runs, the commands. Skipped where there is none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from small_training import small_config, small_trainer
from together import LAUNCH, RUNS, StopAfter, data, settings
from torch import Tensor

from pwae_core.artifacts import load
from pwae_core.errors import Interrupted
from pwae_core.models import MODELS
from pwae_core.nn.noise import Noise
from pwae_core.training.checkpoints import LAST, load_checkpoint, prefixed
from pwae_core.training.loop import Trainer
from pwae_core.training.optimisers import state_tensors

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@dataclass(frozen=True)
class CpuNoise(Noise):
    """Draws on the CPU what is used on CUDA, whose own generator gives other numbers."""

    def _drawn(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        return super()._drawn(draw, shape).to(CUDA)


def steps(trainer: Trainer, count: int) -> list[dict[str, float]]:
    """The logged terms of the first iterations."""
    batches = trainer.train.epoch(trainer.config.batch_size, 1, 0)[:count]
    found = []
    for rows in batches:
        found.append(trainer.iteration(trainer.train.batch(rows).to(trainer.device)))
        trainer.position.step += 1
    return found


@pytest.mark.parametrize("name", RUNS)
def test_an_iteration_is_that_of_a_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """In each period: every loss and norm, every weight. Without TF32, which cuDNN's GRU uses where it can."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    here, there = (small_trainer(data(), tmp_path / d.type, settings(name), device=d) for d in (CPU, CUDA))
    there.noise = CpuNoise(torch.Generator().manual_seed(here.config.seed))
    for number in range(len(here.periods)):
        for trainer in (here, there):
            trainer.position.period = number
            trainer._enter_period()
        for one, other in zip(*(steps(trainer, 2) for trainer in (here, there)), strict=True):
            assert one.keys() == other.keys()
            np.testing.assert_allclose([*other.values()], [*one.values()], rtol=2e-3, atol=1e-4, err_msg=str([*one]))
    own, others = here.model.state_dict(), there.model.state_dict()
    for key, value in own.items():
        torch.testing.assert_close(others[key].cpu(), value, rtol=2e-3, atol=1e-4, msg=key)


@pytest.mark.parametrize("name", MODELS)
def test_a_resumed_run_goes_on_where_it_stopped(tmp_path: Path, name: str) -> None:
    """With the weights, optimisers, codes and random state that were saved, to the bit. What follows is that of the
    uninterrupted run up to the order in which a GPU adds.
    """
    config = small_config(model={"name": name}, max_steps=12, epochs=9, batch_size=16, validate_every=4)
    whole = small_trainer(data(), tmp_path / "whole", config, device=CUDA)
    whole.run()
    with pytest.raises(Interrupted):
        small_trainer(data(), tmp_path / "cut", config, StopAfter(6), device=CUDA).run()
    cut = small_trainer(data(), tmp_path / "cut", config, device=CUDA)
    saved, state = load_checkpoint(tmp_path / "cut" / "checkpoints", LAST, CPU)
    assert cut.position.step == state["step"] == 7
    restored = prefixed("model", cut.model.state_dict())
    for phase, optimiser in cut.optimisers.items():
        restored |= prefixed(f"optimiser.{phase}", state_tensors(optimiser))
    for index, codes in enumerate(cut.recent):
        restored |= prefixed(f"codes.{index}", codes)
    restored["generator"] = cut.noise.generator.get_state()
    assert restored.keys() == saved.keys()
    assert all(torch.equal(restored[key].cpu(), saved[key]) for key in saved)
    cut.run()
    for one, other in zip(whole.log.lines(), cut.log.lines(), strict=True):
        assert [one["step"], one["split"], *one["values"]] == [other["step"], other["split"], *other["values"]]
    losses = [
        [one["values"]["reconstruction"] for one in t.log.lines() if one["split"] == "train"] for t in (whole, cut)
    ]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-2)
    assert torch.equal(whole.noise.generator.get_state(), cut.noise.generator.get_state())


@pytest.mark.parametrize("name", MODELS)
def test_every_system_trains_validates_and_answers_there(pwae: Any, made: Any, tmp_path: Path, name: str) -> None:
    run, answers = tmp_path / "run", tmp_path / "answers"
    train = made.train(run, f"model.name={name}", "max_steps=20", "validate_every=10", "select_by=bleu_f1")
    train[train.index("cpu")] = "cuda"
    pwae(*train, "--set", "precision=auto", "--set", "answered_sessions=5").succeeds()
    note = load(run, "run").manifest
    assert note["facts"]["precision"] == ("bf16" if torch.cuda.is_bf16_supported() else "fp32")
    assert note["environment"]["device"] == torch.cuda.get_device_name()
    pwae("sample", run, "--out", answers, "--device", "cuda", "--limit", 5, "--samples", 3).succeeds()
    pwae("evaluate", answers, "--embeddings", made.vectors, "--out", tmp_path / "scores").succeeds()
    personal = ("--corpus", made.corpus, "--run", run, "--device", "cuda", "--least", 2, "--run-contexts", 4)
    pwae("persona-scores", answers, *personal).succeeds()
    if MODELS[name].latent:
        pwae("diagnose", run, "--device", "cuda", "--contexts", 4, "--samples", 2).succeeds()


@pytest.mark.parametrize("run", ["personawae", "seq2seq"])
def test_a_run_answers_there_as_on_the_cpu(pwae: Any, made: Any, tmp_path: Path, run: str) -> None:
    """Its noise is drawn on the CPU. Words that are equally likely up to rounding may differ."""
    said = []
    for device in ("cpu", "cuda"):
        out = tmp_path / device
        pwae("sample", getattr(made, run), "--out", out, "--device", device, "--limit", 20).succeeds()
        said.append(np.array(pq.read_table(out / "responses.parquet")["responses"].to_pylist(), dtype=object).ravel())
    assert (said[0] == said[1]).mean() > 0.95


def test_torchrun_with_one_process(made: Any, tmp_path: Path) -> None:
    """The group, over NCCL, begins and ends; with one device there can be no second process."""
    words = [*made.train(tmp_path / "run", "max_steps=4", "batch_size=8", "micro_batches=2")]
    words[words.index("cpu")] = "cuda"
    command = [*LAUNCH, "--nproc-per-node", "1", "-m", "pwae_cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, timeout=300)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "run", "run").facts["steps"] == 4
