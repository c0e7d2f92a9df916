"""``pwae diagnose``: what it measures, and that it warns of a z that says nothing."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from planted import planted
from small_training import CPU, first_batch, informed_model, small_config
from tiny import tiny
from trained import Made, make

from pwae_core.nn.noise import seeded
from pwae_core.stages.diagnose import distinct_share


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    from conftest import run_pwae

    return make(run_pwae, tmp_path_factory.mktemp("diagnose"))


def test_distinct_share_counts_from_all_alike_to_none_alike() -> None:
    assert distinct_share([["a"], ["a"], ["a"]]) == 0
    assert distinct_share([["a"], ["b"], ["a"]]) == 0.5
    assert distinct_share([["a"], ["b"], ["a", "b"]]) == 1


def test_reports_and_warns(pwae: Callable[..., Any], made: Made) -> None:
    ask = ("diagnose", made.personawae, "--contexts", 12, "--samples", 4, "--device", "cpu")
    report = pwae(*ask, "--json").succeeds().json
    assert report["contexts"] == 12
    assert report["dimensions"] == 8
    assert 0 <= report["active"] <= 8
    assert 0 <= report["distinct"] <= 1
    assert pwae(*ask, "--json").succeeds().json == report
    high = ("--least-distinct", 1, "--least-active", 1, "--least-sensitivity", 99)
    shown = pwae(*ask, *high).succeeds().stdout
    assert "nats per token, below 99: z is hardly used." in shown
    low = ("--least-distinct", 0, "--least-active", 0, "--least-sensitivity", 0, "--most-prior-gap", 99)
    if report["sensitivity"] >= 0:
        assert "Warning" not in pwae(*ask, *low).succeeds().stdout


def test_systems_without_z_are_refused(pwae: Callable[..., Any], made: Made) -> None:
    pwae("diagnose", made.seq2seq).fails(3, "Seq2Seq has no z that could collapse")


@pytest.mark.parametrize("name", ["personawae", "cvae", "dialogwae-gmp"])
def test_another_z_costs_nothing_where_the_decoder_does_not_read_it(name: str, tmp_path: Path) -> None:
    data = tiny(planted(users=6, conversations=20, seed=1).rows)
    model = informed_model(data, small_config(model={"name": name}))
    batch, noise = first_batch(data.sessions, 6), seeded(0, CPU, training=False)
    z = model.posterior_mean(batch, noise)
    assert not torch.equal(model.cost_of(batch, z, noise), model.cost_of(batch, z.roll(1, dims=0), noise))
    with torch.no_grad():
        model.start.weight[:, : z.shape[1]] = 0  # type: ignore[union-attr, index]
    torch.testing.assert_close(model.cost_of(batch, z, noise), model.cost_of(batch, z.roll(1, dims=0), noise))


def test_sessions_taken_are_the_same_sessions() -> None:
    sessions = tiny(planted(users=6, conversations=20, seed=1).rows).sessions
    rows = np.array([7, 2, 11])
    taken = sessions.take(rows).batch(np.arange(3))
    for one, other in zip(vars(taken).values(), vars(sessions.batch(rows)).values(), strict=True):
        assert np.array_equal(one, other)


def test_one_context_has_no_other_to_be_compared_with(pwae: Callable[..., Any], made: Made) -> None:
    command = ("diagnose", made.personawae, "--samples", 2, "--json", "--contexts")
    pwae(*command, 1).fails(3, "contexts: Input should be greater than 1 (got 1).")
    assert isfinite(pwae(*command, 2).succeeds().json["prior_gap"])
