"""The map of users."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from pwae_core import artifacts
from pwae_core.config.report import ReportConfig
from pwae_core.config.train import ModelConfig
from pwae_core.models import MODELS
from pwae_core.report.figures.latent_space import project
from pwae_core.report.figures.user_map import (
    FEWEST,
    draw_map,
    near_kept,
    nearest,
    neighbourhoods,
    user_table,
    uses_users,
)
from pwae_core.report.tables.cases import busiest
from pwae_core.training.runs import open_run

CPU = torch.device("cpu")


def test_the_nearest_are_those_of_the_highest_cosine() -> None:
    values = np.array([[1.0, 0], [10, 1], [0, 1], [-1, 0.1]])
    assert nearest(values).tolist() == [[1, 2, 3], [0, 2, 3], [3, 1, 0], [2, 1, 0]]


def test_everybody_who_answers_is_on_the_map_with_real_utterances(made: Any) -> None:
    run, corpus = open_run(made.personawae, CPU), artifacts.load(made.corpus, "corpus")
    table = user_table(run.model)
    assert table is not None
    found = draw_map(run, table, corpus, ReportConfig())
    assert found
    users = corpus.table("users.parquet").to_pylist()[1:]
    assert sorted(one.user_id for one in found.people) == sorted(row["user_id"] for row in users)
    assert [one.responses for one in found.people] == sorted((row["train_responses"] for row in users), reverse=True)
    numbers = {row["user_id"]: row["user"] for row in users}
    for one in found.people:
        said = corpus.table("histories.parquet").to_pylist()
        own = {" ".join(row["tokens"]) for row in said if row["user"] == numbers[one.user_id]}
        assert len(one.utterances) == 3
        assert {text.replace("?", " ?").replace(".", " .").replace("  ", " ") for text in one.utterances} <= own


def test_a_smaller_map_keeps_those_who_answer_most(made: Any) -> None:
    run = open_run(made.personawae, CPU)
    table = user_table(run.model)
    assert table is not None
    found = draw_map(run, table, None, ReportConfig(map_users=3))
    assert found
    assert (len(found.people), found.users) == (3, 6)
    assert found.people[0].utterances == ()
    assert draw_map(run, table, None, ReportConfig(map_users=2)) is None


def test_users_who_answer_nothing_in_training_are_not_on_the_map(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their rows are as they were before the training."""
    run = open_run(made.personawae, CPU)
    table = user_table(run.model)
    assert table is not None
    known = run.artifact.table("users.parquet")
    silent = pa.array([count if user != 2 else 0 for user, count in enumerate(known["train_responses"].to_pylist())])
    told = known.set_column(known.column_names.index("train_responses"), "train_responses", silent)
    monkeypatch.setattr(artifacts.Artifact, "table", lambda *_: told)
    found = draw_map(run, table, None, ReportConfig())
    assert found
    assert (len(found.people), found.users) == (5, 5)
    assert known["user_id"][2].as_py() not in [one.user_id for one in found.people]
    assert known["user_id"][2].as_py() not in busiest(run, 9)


def test_a_table_that_nothing_reads_is_no_map() -> None:
    sizes = {"word_size": 4, "hidden_size": 4, "latent_size": 4, "user_size": 4}
    found = {
        (prior, fusion): user_table(
            MODELS["personawae"](ModelConfig.make(sizes | {"without_prior": prior, "without_fusion": fusion}), 9, 3)
        )
        is not None
        for prior in (False, True)
        for fusion in (False, True)
    }
    assert found == {(False, False): True, (False, True): True, (True, False): True, (True, True): False}


def test_a_system_may_call_its_table_as_it_likes() -> None:
    class Own(MODELS["persona"]):  # type: ignore[misc]
        user_rows = ("shifts", "people.weight")

        def __init__(self, *sizes: Any) -> None:
            super().__init__(*sizes)
            self.people = self._modules.pop("user_table")
            self.register_buffer("shifts", torch.zeros(3, 4))

        def __getattr__(self, name: str) -> Any:
            return super().__getattr__("people" if name == "user_table" else name)

    model = Own(ModelConfig.make({"word_size": 4, "hidden_size": 4, "user_size": 4}), 9, 3)
    assert user_table(model) is model.people.weight


def test_a_system_without_users_has_no_map(made: Any) -> None:
    model = open_run(made.seq2seq, CPU).model
    assert user_table(model) is None
    assert not uses_users(model)


def test_what_of_the_nearest_a_map_keeps() -> None:
    near = np.array([[1], [0], [1], [2]])
    assert near_kept(near, np.array([[0.0, 0], [1, 0], [3, 0], [6, 0]])) == 1.0
    assert near_kept(near, np.array([[0.0, 0], [9, 0], [1, 0], [8, 0]])) == 0.0


def test_a_map_by_neighbours_keeps_more_of_them_than_two_components() -> None:
    chance = np.random.default_rng(7)
    centres = chance.normal(size=(8, 40)) * 3
    values = np.repeat(centres, 6, axis=0) + chance.normal(size=(48, 40))
    near = nearest(values)
    flat = neighbourhoods(values, 7)
    assert near_kept(near, flat) > near_kept(near, project(values)(values)) + 0.1
    assert (flat == neighbourhoods(values, 7)).all()
    assert len(values) >= FEWEST


def test_somebody_who_is_called_nobody_is_not_asked_for_by_name(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 0 answers under that name, whoever else bears it."""
    run = open_run(made.personawae, CPU)
    known = run.artifact.table("users.parquet")
    names = pa.array([name if user != 2 else "<unk>" for user, name in enumerate(known["user_id"].to_pylist())])
    told = known.set_column(known.column_names.index("user_id"), "user_id", names)
    monkeypatch.setattr(artifacts.Artifact, "table", lambda *_: told)
    assert "<unk>" not in busiest(run, 9)
    assert len(busiest(run, 9)) == len(known) - 2
