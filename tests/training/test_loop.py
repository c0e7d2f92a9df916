"""The loop: exact resuming, signals, divergence, early stop, checkpoints, schedules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from planted import planted
from small_training import CPU, small_config, small_trainer
from tiny import Tiny, tiny
from together import StopAfter

from pwae_core.config.train import OptimiserConfig
from pwae_core.errors import ArtifactError, DivergenceError, Interrupted
from pwae_core.training.checkpoints import BEST, LAST, has_checkpoint, load_checkpoint
from pwae_core.training.optimisers import rate_at


@pytest.fixture(scope="module")
def data() -> Tiny:
    return tiny(planted(users=6, conversations=40, seed=1).rows)


SETTINGS: dict[str, Any] = {"max_steps": 23, "epochs": 9, "batch_size": 16, "validate_every": 5, "checkpoint_every": 4}


@pytest.mark.parametrize("name", ["personawae", "seq2seq", "adaptation", "rl-persona"])
@pytest.mark.parametrize("stops_after", [1, 7, 13])
def test_a_resumed_run_equals_the_uninterrupted_one_to_the_bit(
    data: Tiny, tmp_path: Path, name: str, stops_after: int
) -> None:
    config = small_config(model={"name": name}, **SETTINGS)
    small_trainer(data, tmp_path / "whole", config).run()
    with pytest.raises(Interrupted) as stopped:
        small_trainer(data, tmp_path / "cut", config, StopAfter(stops_after)).run()
    assert stopped.value.exit_code == 128 + 15
    small_trainer(data, tmp_path / "cut", config).run()
    whole, cut = ((tmp_path / folder / "log.jsonl").read_text() for folder in ("whole", "cut"))
    assert whole == cut
    for checkpoint in (LAST, BEST):
        one, other = (load_checkpoint(tmp_path / f / "checkpoints", checkpoint, CPU) for f in ("whole", "cut"))
        assert one[1] == other[1]
        assert one[0].keys() == other[0].keys()
        assert all(torch.equal(one[0][key], other[0][key]) for key in one[0])


def test_what_was_logged_after_the_last_checkpoint_comes_again_once(data: Tiny, tmp_path: Path) -> None:
    """As after SIGKILL: the log is longer than the checkpoint remembers."""
    config = small_config(**SETTINGS)
    small_trainer(data, tmp_path / "whole", config).run()
    with pytest.raises(Interrupted):
        small_trainer(data, tmp_path / "cut", config, StopAfter(7)).run()
    log = tmp_path / "cut" / "log.jsonl"
    log.write_text(log.read_text() + '{"step": 8, "half')
    small_trainer(data, tmp_path / "cut", config).run()
    assert log.read_text() == (tmp_path / "whole" / "log.jsonl").read_text()


def test_every_loss_norm_and_estimate_is_logged(data: Tiny, tmp_path: Path) -> None:
    small_trainer(data, tmp_path, small_config(max_steps=1)).run()
    line = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    phases = [
        f"{phase}_{what}" for phase in ("autoencoder", "generator", "critic") for what in ("loss", "gradient_norm")
    ]
    assert set(line["values"]) == {"reconstruction", "wasserstein", "critic_wasserstein", "penalty", *phases}


def test_divergence_is_told_and_the_checkpoint_is_from_before(data: Tiny, tmp_path: Path) -> None:
    config = small_config(critic={"kind": "sgd", "rate": 1e6}, max_steps=50, validate_every=2)
    with pytest.raises(DivergenceError, match=r"diverged at iteration \d+: .*critic.*Try a lower critic\.rate"):
        small_trainer(data, tmp_path, config).run()
    if has_checkpoint(tmp_path / "checkpoints", LAST):
        tensors, _ = load_checkpoint(tmp_path / "checkpoints", LAST, CPU)
        assert all(torch.isfinite(value).all() for key, value in tensors.items() if key.startswith("model."))


def test_patience_stops_and_the_best_checkpoint_is_kept(data: Tiny, tmp_path: Path) -> None:
    config = small_config(
        autoencoder={"kind": "sgd", "rate": 1e-9}, patience=2, validate_every=1, max_steps=50, select_by="posterior_nll"
    )
    trainer = small_trainer(data, tmp_path, config)
    reason = trainer.run()
    values = [line["values"]["posterior_nll"] for line in trainer.log.lines() if line["split"] == "valid"]
    _, state = load_checkpoint(tmp_path / "checkpoints", BEST, CPU)
    assert state["posterior_nll"] == min(values)
    assert (reason == "no better validation in the last 2") == (len(values) < 50)


def test_a_damaged_checkpoint_is_refused(data: Tiny, tmp_path: Path) -> None:
    config = small_config(max_steps=2)
    small_trainer(data, tmp_path, config).run()
    (path,) = (tmp_path / "checkpoints").glob("last-*.safetensors")
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ArtifactError, match=r"last-2-[0-9a-f]{8}\.safetensors is damaged: its bytes are not those"):
        small_trainer(data, tmp_path, config)
    (tmp_path / "checkpoints" / "last.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"last\.json is damaged"):
        small_trainer(data, tmp_path, config)


def test_rates_decay_by_their_factor() -> None:
    config = OptimiserConfig(rate=1.0, decay=0.6, decay_every=10)
    assert [rate_at(config, epoch) for epoch in (0, 9, 10, 20)] == [1.0, 1.0, 0.6, pytest.approx(0.36)]
