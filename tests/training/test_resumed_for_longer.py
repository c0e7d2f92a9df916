"""A run that ended and is resumed for longer is the run made at once: log, weights, checkpoints, all bytes."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import snapshot
from planted import planted
from small_training import small_config, small_trainer
from tiny import Tiny, tiny
from together import StopAfter

from pwae_core.errors import DivergenceError, Interrupted
from pwae_core.models import MODELS
from pwae_core.training.periods import Budget, Position

STILL = {"kind": "sgd", "rate": 1e-12}
SIZES = {"word_size": 8, "hidden_size": 8, "user_size": 6, "latent_size": 4}
LONGER: dict[str, Any] = {
    "max_steps": 11,
    "epochs": 20,
    "batch_size": 16,
    "validate_every": 3,
    "validation_sessions": 16,
    "checkpoint_every": 2,
}
ENDS: list[dict[str, Any]] = [
    {"max_steps": 4},  # between validations
    {"max_steps": 0, "epochs": 1},
    {"stop": 1},
    {"max_steps": 9},  # at one
    {"stop": 0},
]


@pytest.fixture(scope="module")
def data() -> Tiny:
    return tiny(planted(users=4, conversations=40, seed=1).rows)


def train(data: Tiny, folder: Path, settings: dict[str, Any]) -> str:
    config = {**settings, "model": settings["model"] | SIZES}
    stop = StopAfter(config.pop("stop", 1000))
    with suppress(Interrupted, DivergenceError):
        return small_trainer(data, folder, small_config(**config), stop).run()
    return ""


@dataclass(frozen=True)
class Same:
    """Holds resumed runs against the runs made at once, each of which is made but once."""

    data: Tiny
    folder: Path
    made: dict[str, tuple[str, dict[str, bytes]]] = field(default_factory=dict)

    def __call__(self, ends: list[dict[str, Any]], **settings: Any) -> dict[str, bytes]:
        settings = LONGER | {"model": {}} | settings
        if (key := repr(settings)) not in self.made:
            folder = self.folder / str(len(self.made))
            self.made[key] = train(self.data, folder, settings), snapshot(folder)
        resumed = self.folder / "resumed"
        shutil.rmtree(resumed, ignore_errors=True)
        reasons = [train(self.data, resumed, settings | end) for end in [*ends, {}]]
        reason, whole = self.made[key]
        found = snapshot(resumed)
        assert found.keys() == whole.keys()
        assert [name for name in whole if whole[name] != found[name]] == []
        assert reasons[-1] == reason
        return whole


@pytest.fixture(scope="module")
def same(data: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Same:
    return Same(data, tmp_path_factory.mktemp("same"))


@pytest.mark.parametrize("name", MODELS)
def test_more_iterations(same: Same, name: str) -> None:
    """After an end of every kind, one after the other."""
    model = {"name": name} | ({"kl_annealing": 9} if name == "cvae" else {})
    same(ENDS, model=model, autoencoder={"decay": 0.5, "decay_every": 1})


@pytest.mark.parametrize("name", ["personawae", "adaptation", "rl-persona"])
def test_more_patience(same: Same, name: str) -> None:
    """Nothing is learned, so that each period ends by its patience."""
    still = {"autoencoder": STILL, "generator": STILL, "critic": STILL, "model": {"name": name}}
    same([{"patience": 1}, {"stop": 5}], **still, max_steps=40, validate_every=2, patience=2)


def test_more_iterations_where_patience_ends_it(same: Same) -> None:
    """In the shorter runs the last iteration is validated besides: once more that nothing is better."""
    ends = [{"max_steps": 20}, {"max_steps": 29}]
    same(ends, model={"name": "adaptation"}, autoencoder=STILL, max_steps=40, patience=3)


CONTROL: dict[str, Any] = {
    "select_by": "bleu_f1",
    "answered_sessions": 12,
    "answered_samples": 2,
    "keep_best": 2,
    "autoencoder": {"schedule": "cosine", "decay": 0.1, "decay_every": 9, "warmup": 2},
    "generator": {"schedule": "plateau", "decay": 0.5, "decay_every": 1},
}


@pytest.mark.parametrize("name", ["personawae", "adaptation", "rl-persona"])
def test_more_iterations_under_control(same: Same, name: str) -> None:
    """With schedules, the best kept and averaged, and selection by answers."""
    whole = same(ENDS, model={"name": name}, **CONTROL)
    assert any(file.startswith("checkpoints/average-") for file in whole)
    assert sum(file.startswith("checkpoints/kept-") and file.endswith(".json") for file in whole) >= 2


def test_the_best_are_put_back_where_a_longer_run_does_not_judge(same: Same) -> None:
    """Each shorter run validates its last iteration besides, whose weights push others out of the best."""
    same([{"max_steps": steps} for steps in (5, 7, 8, 10)], model={"name": "seq2seq"}, keep_best=2)


def test_shares_of_nothing(same: Same) -> None:
    same([{"max_steps": 7}], model={"name": "rl-persona"}, period_shares=[0.0, 1.0, 0.0])


def test_a_divergence_comes_again(same: Same) -> None:
    whole = same(
        [{"max_steps": 9}, {"max_steps": 9}],
        model={"name": "seq2seq"},
        autoencoder={"kind": "sgd", "rate": 20.0, "clip": 0.0},
    )
    assert whole["log.jsonl"].count(b'"train"') == 5
    assert {name for name in whole if "last-" in name} == {next(name for name in whole if "last-4-" in name)}


@pytest.mark.parametrize("total", [1, 2, 3, 5, 52, 80, 1001])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 1.0), (0.1, 0.7, 0.9999999999999999), (0.0, 1.0, 1.0)])
def test_periods_add_up_to_the_budget(total: int, shares: tuple[float, ...]) -> None:
    budget = Budget(total, 10, 0, shares)
    ends = [budget.end(period, total) for period in range(len(shares))]
    assert ends == sorted(ends)
    assert ends[-1] == total


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("steps", [1, 3])
def test_at_most_means_at_most(data: Tiny, tmp_path: Path, name: str, steps: int) -> None:
    trainer = small_trainer(data, tmp_path, small_config(model={"name": name} | SIZES, max_steps=steps))
    assert trainer.run() == f"all {steps} iterations done"
    assert trainer.position.step == steps


def test_the_least_that_a_history_takes() -> None:
    """70 iterations of the second of three periods: round(100 x .7) is the first that has so many."""
    budget = Budget(200, 8, 0, (0.1, 0.7, 1.0))
    position = Position(step=70, period=1, waited=2)
    budget.note(position)
    least = position.least_steps
    assert budget.end(1, least) >= 70 > budget.end(1, least - 1)
    assert (position.least_epochs, position.least_patience) == (-(-least // 8), 2)
