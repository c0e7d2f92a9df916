"""Codes, projections and distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from pwae_core import artifacts
from pwae_core.data.sessions import read_sessions
from pwae_core.metrics.energy import energy_distance
from pwae_core.models.personawae import PersonaWAE
from pwae_core.nn.noise import seeded
from pwae_core.report.figures.latent_samples import Space, space_of
from pwae_core.report.figures.latent_space import FEWEST, Codes, fit, gaussian, look, project
from pwae_core.training.runs import open_run

CPU = torch.device("cpu")


def test_the_principal_components_of_a_cross() -> None:
    points = np.array([[3.0, 0, 5], [-3, 0, 5], [0, 1, 5], [0, -1, 5]])
    plane = project(points)
    assert plane(points) == pytest.approx(np.array([[3, 0], [-3, 0], [0, 1], [0, -1]]), abs=1e-12)
    assert plane.shares == pytest.approx((0.9, 0.1))


def test_one_dimension_has_a_flat_second_axis() -> None:
    plane = project(np.array([[1.0], [2], [3]]))
    assert plane(np.array([[2.0]])).tolist() == [[0.0, 0.0]]
    assert plane.shares == pytest.approx((1.0, 0.0))


def test_the_ellipse_of_a_gaussian() -> None:
    made = gaussian(np.array([[3.0, 1], [-1, 1], [1, 2], [1, 0]]), "gaussian")  # variances 8/3 and 2/3 around (1, 1)
    assert (made.x, made.y) == (1, 1)
    assert (made.long, made.short) == pytest.approx((2 * math.sqrt(8 / 3), 2 * math.sqrt(2 / 3)))
    assert math.sin(made.turn) == pytest.approx(0, abs=1e-12)


def test_energy_distance_by_hand() -> None:
    one, two = np.array([[0.0], [2]]), np.array([[1.0], [3]])
    assert energy_distance(one, two) == pytest.approx(2 * (1 + 3 + 1 + 1) / 4 - 2 - 2)
    assert energy_distance(one, two + 100) == pytest.approx(2 * 101 - 2 - 2)


def test_a_prior_that_is_the_posterior_is_as_near_as_can_be() -> None:
    random = np.random.default_rng(0)
    same, away = random.normal(size=(2, 400, 3))
    near = fit(Codes(same, away, np.zeros(400, dtype=np.int64)), seed=1)
    far = fit(Codes(same, away + 3, np.zeros(400, dtype=np.int64)), seed=1)
    assert abs(near.prior) < 0.05
    assert abs(near.floor) < 0.05
    assert abs(near.one_gaussian) < 0.05
    assert far.prior > 5


@pytest.fixture(scope="module")
def model(made: Any) -> PersonaWAE:
    opened = open_run(made.personawae, CPU).model
    assert isinstance(opened, PersonaWAE)
    return opened


@pytest.fixture
def space(model: PersonaWAE) -> Space:
    found = space_of(model)
    assert found
    return found


def test_codes_of_a_run_are_what_the_model_itself_draws(made: Any, model: PersonaWAE, space: Space) -> None:
    """Components are drawn by pi, as equation 6 does when tau goes to 0: the same prior, with known components."""
    sessions = read_sessions(artifacts.load(made.corpus, "corpus"), "test", 12)
    found = look(space, sessions, np.arange(len(sessions)), seeded(3, CPU, training=False))
    assert found.everyone.prior.shape == (len(sessions), 8) == found.everyone.posterior.shape
    assert (found.components, found.of) == (3, "personalisation")
    assert found.weights.sum() == pytest.approx(1, abs=1e-6)
    assert 1 <= found.used <= 3
    assert found.user_weight is not None
    assert 0 < found.user_weight < 1
    noise = seeded(4, CPU, training=False)
    batch = sessions.batch(np.repeat(np.array([found.session]), 300))
    with torch.no_grad():
        own = (
            model.sample_prior(model.encode_context(batch, noise), model.user_table(batch.user), noise).double().numpy()
        )
    shifted = own + own.std()
    assert abs(energy_distance(found.focus.prior, own)) < 0.1 * energy_distance(found.focus.prior, shifted)


def test_the_same_seed_gives_the_same_codes(made: Any, space: Space) -> None:
    sessions = read_sessions(artifacts.load(made.corpus, "corpus"), "test", 12)
    one, two = (look(space, sessions, np.arange(5), seeded(3, CPU, training=False)) for _ in range(2))
    assert np.array_equal(one.everyone.prior, two.everyone.prior)
    assert np.array_equal(one.focus.posterior, two.focus.posterior)


@pytest.mark.parametrize("sessions", [1, 2, 3, FEWEST - 1])
def test_of_few_sessions_no_distance_is_told(sessions: int) -> None:
    codes = np.random.default_rng(0).normal(size=(sessions, 4))
    assert fit(Codes(codes, codes, np.zeros(sessions, np.int64)), 7) is None
