"""People who were not in training: learned from ten utterances, kept beside the run."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from planted import planted
from small_training import CPU, greedy, small_config, small_trainer
from tiny import Tiny, tiny

from pwae_core.artifacts import Artifact
from pwae_core.config.adapt import AdaptConfig
from pwae_core.data.sessions import Sessions, from_lists
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.models.base import Model
from pwae_core.nn.noise import seeded
from pwae_core.training.new_users import (
    PART,
    Rows,
    join_people,
    keep_person,
    learned_from,
    nats_a_token,
    pairs,
    person,
    read_people,
)
from pwae_core.training.runs import build_model


def sessions_of(said: list[list[int]]) -> Sessions:
    contexts = [[before] for before, _ in pairs(said)]
    return from_lists(contexts, [[False]] * len(said), [0] * len(said), 20, said)


def rows_of(model: Model) -> np.ndarray:
    return np.arange(1, model.user_count)


def joined(model: Model, rows: Rows, run: Artifact) -> Model:
    model = copy.deepcopy(model)
    keep_person(run, "somebody", rows, "their words")
    assert join_people(model, run) == ("somebody",)
    return model


def artifact(folder: Path, fingerprint: str = "a") -> Artifact:
    return Artifact(folder, {}, fingerprint)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tiny, Model]:
    data = tiny(planted(users=30, conversations=300, seed=1).rows)
    trainer = small_trainer(
        data, tmp_path_factory.mktemp("people") / "run", small_config(max_steps=300, validate_every=300)
    )
    trainer.run()
    return data, trainer.model


@pytest.mark.parametrize("candidates", [0, 256], ids=["from the mean", "from the nearest"])
def test_ten_utterances_of_unseen_users_are_enough_for_their_habits(
    trained: tuple[Tiny, Model], tmp_path: Path, candidates: int
) -> None:
    data, model = trained
    others = planted(users=10, conversations=60, seed=9)
    context = [data.vocabulary.encode(said.split()) for said in ("do you like tea ? indeed", "tea is not for me mate")]
    carried = []
    for name, habit in others.habits.items():
        said = [data.vocabulary.encode(row["text"].split()) for row in others.rows if row["user_id"] == name][:10]
        rows = person(
            copy.deepcopy(model), rows_of(model), sessions_of(said), said, AdaptConfig(candidates=candidates), CPU
        )
        knowing = joined(model, rows, artifact(tmp_path / name))
        asked = from_lists([context], [[False, False]], [len(data.users)], 20)
        answers = greedy(knowing, asked.batch(np.arange(1)), 10)
        carried.append(sum(habit in data.text(answer).split() for answer in answers) >= 9)
    assert sum(carried) >= 0.7 * len(carried)


def test_only_the_new_row_is_new(tmp_path: Path) -> None:
    model = build_model(small_config().model, 20, 4, 0)
    said = [[5, 6, 7], [8, 9]]
    config = AdaptConfig(steps=30)
    rows = person(copy.deepcopy(model), rows_of(model), sessions_of(said), said, config, CPU)
    assert rows["user_table.weight"].shape == (1, 16)
    after = joined(model, rows, artifact(tmp_path))
    for name, value in model.state_dict().items():
        assert torch.equal(after.state_dict()[name][: len(value)], value), name
    assert len(after.state_dict()["user_table.weight"]) == 5
    assert nats_a_token(after, sessions_of(said), 4, config, CPU) < nats_a_token(
        model, sessions_of(said), 0, config, CPU
    )


def test_words_of_a_new_person_are_those_that_the_trained_users_say_less(tmp_path: Path) -> None:
    model = build_model(small_config(model={"name": "adaptation", "user_words": 3}).model, 20, 4, 0)
    model.user_words.rarity.copy_(torch.tensor([0.0] * 5 + [1.0, 0.5] + [0.0] * 13))  # type: ignore[union-attr, operator]
    rows = person(model, rows_of(model), sessions_of([[5, 6, 7, 5]]), [[5, 6, 7, 5]], AdaptConfig(), CPU)
    assert rows["user_words.ids"].tolist() == [[5, 6, 0]]
    assert rows["user_words.weights"].tolist() == [[pytest.approx(0.8), pytest.approx(0.2), 0.0]]


def test_people_are_added_and_replaced_by_name(tmp_path: Path) -> None:
    run = artifact(tmp_path)
    for name, value in (("a", 1.0), ("b", 2.0), ("a", 3.0)):
        keep_person(run, name, {"user_table.weight": torch.full((1, 2), value)}, f"{name} {value}")
    names, rows = read_people(run)
    assert names == {"a": 0, "b": 1}
    assert rows["user_table.weight"].tolist() == [[3.0, 3.0], [2.0, 2.0]]
    assert [learned_from(run, name) for name in ("a", "b", "c")] == ["a 3.0", "b 2.0", None]
    with pytest.raises(ArtifactError, match=r"adapted before .* was trained further"):
        read_people(artifact(tmp_path, "another fingerprint"))


def test_only_trained_users_are_started_from(tmp_path: Path) -> None:
    """Rows that were never trained are far away here: neither a start nor part of the Gaussian."""
    model = build_model(small_config().model, 20, 6, 0)
    with torch.no_grad():
        model.user_table.weight[4:] = 1e6  # type: ignore[union-attr, index]
    said, config = [[5, 6, 7], [8, 9]], AdaptConfig(steps=20)
    rows = person(copy.deepcopy(model), np.array([1, 2, 3]), sessions_of(said), said, config, CPU)
    with torch.no_grad():
        model.user_table.weight[4:] = -1e6  # type: ignore[union-attr, index]
    again = person(copy.deepcopy(model), np.array([1, 2, 3]), sessions_of(said), said, config, CPU)
    assert torch.equal(rows["user_table.weight"], again["user_table.weight"])
    assert rows["user_table.weight"].abs().max() < 100


def test_as_much_is_in_memory_however_much_a_person_said() -> None:
    """A long history is never one batch; where there is no noise, it gives what the whole of it would."""
    model, config = build_model(small_config(model={"name": "persona"}).model, 20, 4, 0), AdaptConfig(steps=2)
    said = [[5 + place % 11, 6 + place % 7] for place in range(2 * PART + 1)]
    sessions, sizes = sessions_of(said), []
    measured = model.negative_log_likelihood
    model.negative_log_likelihood = lambda batch, noise: (sizes.append(len(batch)), measured(batch, noise))[1]  # type: ignore[method-assign]
    whole = sessions.batch(np.arange(len(said)))
    summed = measured(replace(whole, user=torch.full_like(whole.user, 2)), seeded(7, CPU, training=False))
    nats = summed["prior_nll"].item() / int(whole.response_lengths.sum())
    assert nats_a_token(model, sessions, 2, config, CPU) == pytest.approx(nats, rel=1e-5)
    person(model, rows_of(model), sessions, said, config, CPU)
    assert max(sizes) == PART


@pytest.mark.parametrize("ablation", [{"name": "seq2seq"}, {"without_prior": True, "without_fusion": True}])
def test_a_system_without_users_has_nothing_to_adapt(ablation: dict[str, Any]) -> None:
    model = build_model(small_config(model=ablation).model, 20, 4, 0)
    with pytest.raises(ConfigError, match=r"Nothing in this \w+ reads who answers, so there is nothing"):
        person(model, rows_of(model), sessions_of([[5]]), [[5]], AdaptConfig(), CPU)
