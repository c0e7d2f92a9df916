"""The loop: exact resuming, signals, divergence, early stop, checkpoints, schedules."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import snapshot
from planted import planted
from small_training import CPU, small_config, small_trainer
from tiny import Tiny, tiny
from together import StopAfter

from pwae_core.config.train import OptimiserConfig
from pwae_core.errors import ArtifactError, ConfigError, DivergenceError, EmptyResultError, Interrupted
from pwae_core.training.checkpoints import BEST, LAST, has_checkpoint, load_checkpoint
from pwae_core.training.optimisers import rate_at
from pwae_core.training.validation import look_at_codes


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
        f"{phase}_{what}"
        for phase in ("autoencoder", "generator", "critic")
        for what in ("loss", "gradient_norm", "rate")
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


@pytest.mark.parametrize(
    ("schedule", "every", "rates"),
    [
        ("iterations", 4, [2.0, 2.0, 1.0, 0.5]),
        ("linear", 8, [2.0, 1.75, 1.5, 1.0]),
        ("cosine", 8, [2.0, 1.5 + math.sqrt(0.125), 1.5, 1.0]),  # 1 + (1 + cos 45 degrees) / 2
    ],
)
def test_rates_by_iteration(schedule: Any, every: int, rates: list[float]) -> None:
    """At the iterations 0, 2, 4 and 8, by hand: from 2 to half of it."""
    config = OptimiserConfig(rate=2.0, schedule=schedule, decay=0.5, decay_every=every)
    assert [rate_at(config, 0, place) for place in (0, 2, 4, 8)] == pytest.approx(rates)
    if schedule != "iterations":
        assert rate_at(config, 0, 1000) == pytest.approx(1.0)


def test_a_rate_grows_from_nothing_while_it_warms_up() -> None:
    config = OptimiserConfig(rate=2.0, warmup=4)
    assert [rate_at(config, 0, place) for place in (0, 1, 3, 4)] == pytest.approx([0.5, 1.0, 2.0, 2.0])


def test_a_rate_falls_at_every_plateau() -> None:
    config = OptimiserConfig(rate=2.0, schedule="plateau", decay=0.5, decay_every=3)
    assert [rate_at(config, 99, 99, plateaus) for plateaus in (0, 1, 3)] == [2.0, 1.0, 0.25]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"schedule": "cosine"}, "schedule = cosine: give a decay below 1"),
        ({"schedule": "cosine", "decay": 0}, "schedule = cosine: give decay_every, in iterations"),
        ({"schedule": "plateau", "decay": 0.5}, "schedule = plateau: give decay_every, in validations"),
        (
            {"schedule": "plateau", "decay": 0, "decay_every": 3},
            "decay = 0: with schedule = plateau nothing more would be learned",
        ),
    ],
)
def test_a_schedule_that_goes_nowhere_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        OptimiserConfig.make(values)


def test_a_plateau_that_patience_does_not_wait_for_is_refused(data: Tiny, tmp_path: Path) -> None:
    critic = {"schedule": "plateau", "decay": 0.5, "decay_every": 3}
    told = "critic: decay_every = 3: with patience = 3, training ends before a plateau is that long"
    with pytest.raises(ConfigError, match=told):
        small_trainer(data, tmp_path / "3", small_config(critic=critic, patience=3))
    for patience in (0, 4):
        small_trainer(data, tmp_path / str(patience), small_config(critic=critic, patience=patience))


def test_a_system_need_not_log_its_reconstruction(data: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = small_trainer(data, tmp_path, small_config(model={"name": "seq2seq"}, max_steps=2))
    whole = trainer.iteration
    monkeypatch.setattr(
        trainer, "iteration", lambda batch: {k: v for k, v in whole(batch).items() if k != "reconstruction"}
    )
    trainer.run()
    assert trainer.position.step == 2


def test_selecting_by_answers_takes_answers() -> None:
    with pytest.raises(ConfigError, match="answered_sessions = 0: select_by = distinct needs answers to measure"):
        small_config(select_by="distinct", answered_sessions=0)


def test_selecting_by_speakers_takes_two_of_them(data: Tiny, tmp_path: Path) -> None:
    config = small_config(select_by="speaker", answered_sessions=1)
    with pytest.raises(EmptyResultError, match="select_by = speaker: 1 of the users in the first 1 validation"):
        small_trainer(data, tmp_path, config)


def test_one_validation_session_says_nothing_of_distances(data: Tiny, tmp_path: Path) -> None:
    trainer = small_trainer(data, tmp_path, small_config(max_steps=1, validation_sessions=1))
    trainer.run()
    assert trainer.log.values("valid", 1).keys() == {"posterior_nll", "prior_nll"}


def test_answers_are_measured_wherever_a_system_can_answer(data: Tiny, tmp_path: Path) -> None:
    """Though nothing is selected by them: RL-Persona's last period is selected by its rewards."""
    config = small_config(model={"name": "rl-persona"}, answered_sessions=3, answered_samples=2, validation_sessions=8)
    trainer = small_trainer(data, tmp_path, config)
    measured = ["bleu_f1" in trainer.validator.measures(period) for period in trainer.periods]
    assert measured == [False, True, True]


def test_every_session_is_given_the_z_of_another(data: Tiny, tmp_path: Path) -> None:
    """Also one that would be alone in its batch."""
    trainer = small_trainer(data, tmp_path, small_config(max_steps=1))
    alone, fifth, whole = (
        look_at_codes(trainer.model, data.sessions, 5, batch_size, 3, CPU).z_nats for batch_size in (1, 4, 5)
    )
    assert alone != 0
    assert fifth == whole


def test_rates_on_a_plateau_are_lower_in_the_log(data: Tiny, tmp_path: Path) -> None:
    still = {"kind": "sgd", "rate": 1e-9, "schedule": "plateau", "decay": 0.5, "decay_every": 2}
    config = small_config(model={"name": "seq2seq"}, autoencoder=still, validate_every=1, max_steps=8)
    trainer = small_trainer(data, tmp_path, config)
    trainer.run()
    lines = trainer.log.lines()
    rates = [line["values"]["autoencoder_rate"] for line in lines if line["split"] == "train"]
    valid = [line["values"]["posterior_nll"] for line in lines if line["split"] == "valid"]
    waited, halvings, best = 0, 0, math.inf
    for rate, value in zip(rates, valid, strict=True):
        assert rate == pytest.approx(1e-9 / 2**halvings)
        waited, best = (0, value) if value < best else (waited + 1, best)
        halvings += waited > 0 and waited % 2 == 0
    assert halvings > 0


CONTROLLED: dict[str, Any] = {
    **SETTINGS,
    "select_by": "bleu_f1",
    "answered_sessions": 20,
    "answered_samples": 3,
    "keep_best": 3,
    "autoencoder": {"schedule": "cosine", "decay": 0.1, "decay_every": 20, "warmup": 3},
    "generator": {"schedule": "plateau", "decay": 0.5, "decay_every": 1},
}


@pytest.mark.parametrize("stops_after", [1, 5, 13, 20])
def test_a_run_under_control_resumes_to_the_bit(data: Tiny, tmp_path: Path, stops_after: int, controlled: Path) -> None:
    """With schedules, several kept checkpoints and selection by answers."""
    config = small_config(**CONTROLLED)
    with pytest.raises(Interrupted):
        small_trainer(data, tmp_path / "cut", config, StopAfter(stops_after)).run()
    small_trainer(data, tmp_path / "cut", config).run()
    files = [
        sorted(
            (path.relative_to(folder).as_posix(), path.read_bytes())
            for path in folder.rglob("*.*")
            if path != folder / "timing.jsonl"
        )
        for folder in (controlled, tmp_path / "cut")
    ]
    assert [name for name, _ in files[0]] == [name for name, _ in files[1]]
    assert files[0] == files[1]


@pytest.fixture(scope="module")
def controlled(data: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("controlled") / "run"
    small_trainer(data, folder, small_config(**CONTROLLED)).run()
    return folder


def test_the_best_answers_are_kept_and_averaged(controlled: Path) -> None:
    lines = [json.loads(line) for line in (controlled / "log.jsonl").read_text().splitlines()]
    valid = {line["step"]: line["values"] for line in lines if line["split"] == "valid"}
    ranked = sorted(valid, key=lambda step: (-valid[step]["bleu_f1"], step))
    checkpoints = controlled / "checkpoints"
    there = {path.stem for path in checkpoints.glob("*.json")}
    expected = {"best", "last", "average", *(f"kept-{step}" for step in ranked[:3])}
    before_the_end = {"period1-best", *(f"kept-{step}" for step in ranked[3:4])}
    assert expected <= there <= expected | before_the_end
    best, state = load_checkpoint(checkpoints, BEST, CPU)
    assert state["bleu_f1"] == max(values["bleu_f1"] for values in valid.values())
    assert all(
        torch.equal(best[name], value)
        for name, value in load_checkpoint(checkpoints, f"kept-{ranked[0]}", CPU)[0].items()
    )
    kept = [load_checkpoint(checkpoints, f"kept-{step}", CPU)[0] for step in ranked[:3]]
    average, _ = load_checkpoint(checkpoints, "average", CPU)
    for name, value in average.items():
        torch.testing.assert_close(value, sum(one[name] for one in kept) / 3)
    last, _ = load_checkpoint(checkpoints, LAST, CPU)
    assert any(not torch.equal(average[name], last[name]) for name in average)


@pytest.mark.parametrize("able", [True, False])
def test_automatic_precision_is_what_the_device_has_and_stays(
    data: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    """As when a run is moved to another machine: it goes on as it began."""
    monkeypatch.setattr("pwae_core.training.gradients.has_bfloat16", lambda _: able)
    config = small_config(precision="auto", model={"name": "seq2seq"}, max_steps=6)
    with pytest.raises(Interrupted):
        small_trainer(data, tmp_path / "auto", config, StopAfter(2)).run()
    monkeypatch.setattr("pwae_core.training.gradients.has_bfloat16", lambda _: not able)
    small_trainer(data, tmp_path / "auto", config).run()
    fixed = small_config(precision="bf16" if able else "fp32", model={"name": "seq2seq"}, max_steps=6)
    small_trainer(data, tmp_path / "fixed", fixed).run()
    assert (tmp_path / "auto" / "log.jsonl").read_text() == (tmp_path / "fixed" / "log.jsonl").read_text()


def test_a_kill_at_a_validation_leaves_no_best_checkpoint_that_is_never_judged(
    data: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at its better validation 6, before it could save; then resumed for 5 iterations, the last no better."""
    settings: dict[str, Any] = {"model": {"name": "seq2seq"}, "validate_every": 3, "checkpoint_every": 2}
    losses = {3: 1.0, 5: 2.0, 6: 0.5}
    trainer = small_trainer(data, tmp_path, small_config(max_steps=9, **settings))
    monkeypatch.setattr(trainer.validator, "loss", lambda *_: losses[trainer.position.step])
    save = trainer.save
    monkeypatch.setattr(trainer, "save", lambda: kill() if trainer.position.step == 6 else save())
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    resumed = small_trainer(data, tmp_path, small_config(max_steps=5, **settings))
    monkeypatch.setattr(resumed.validator, "loss", lambda *_: losses[resumed.position.step])
    resumed.run()
    assert resumed.position.best_step == 3
    assert load_checkpoint(tmp_path / "checkpoints", BEST, CPU)[1]["step"] == 3


def test_a_best_checkpoint_that_a_kill_prevented_is_written_from_the_last(
    data: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the last checkpoint of the iteration that is best, and before the best."""
    config = small_config(model={"name": "seq2seq"}, validate_every=3, max_steps=3, keep_best=2)
    small_trainer(data, tmp_path / "whole", config).run()
    trainer = small_trainer(data, tmp_path / "cut", config)
    monkeypatch.setattr(trainer, "_write_weights", lambda *_: kill())
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    small_trainer(data, tmp_path / "cut", config).run()
    assert snapshot(tmp_path / "cut") == snapshot(tmp_path / "whole")


def kill() -> None:
    raise KeyboardInterrupt


def test_several_best_of_a_system_whose_last_period_is_empty(data: Tiny, tmp_path: Path) -> None:
    """Nothing is kept of an empty period: the mean is that of the best of the one before."""
    config = small_config(model={"name": "adaptation"}, keep_best=2, max_steps=4, period_shares=[1.0, 0.0])
    small_trainer(data, tmp_path, config).run()
    best, average = (load_checkpoint(tmp_path / "checkpoints", name, CPU) for name in (BEST, "average"))
    assert all(torch.equal(value, best[0][name]) for name, value in average[0].items())
