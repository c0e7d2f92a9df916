"""The latent space of every system that has one: components set by hand, and the prior that generation draws from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from planted import planted
from tiny import Tiny, tiny
from torch import Tensor, nn

from pwae_core.config.train import ModelConfig
from pwae_core.data.sessions import Batch
from pwae_core.metrics.energy import energy_distance
from pwae_core.models import MODELS
from pwae_core.models.base import Model
from pwae_core.models.cvae import CVAE
from pwae_core.models.dialogwae_gmp import DialogWAEGMP
from pwae_core.models.personawae import PersonaWAE
from pwae_core.nn.latent import GaussianHead, MixtureHead
from pwae_core.nn.noise import Noise, seeded
from pwae_core.report.figures.latent_samples import Draw, Space, space_of

CPU = torch.device("cpu")
LATENT = [
    ("personawae", {}, "personalisation"),
    ("personawae", {"without_prior": True}, "context"),
    ("cvae", {}, "personalisation"),
    ("dialogwae-gmp", {}, "context"),
]
DRAWN = 2000
STILL = -40.0  # a log variance that leaves samples at their mean
PLACES = (-60.0, 0.0, 60.0)
PI = (0.5, 0.3, 0.2)


@pytest.fixture(scope="module")
def corpus() -> Tiny:
    return tiny(planted(users=4, conversations=10, seed=2).rows, limit=20)


def made(name: str, corpus: Tiny, **settings: Any) -> Model:
    sizes = {"word_size": 8, "hidden_size": 10, "user_size": 6, "latent_size": 4}
    sizes |= {"context_components": 2} if MODELS[name].latent else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return MODELS[name](ModelConfig(name=name, **sizes | settings), len(corpus.vocabulary), len(corpus.users))


def drawn(space: Space, corpus: Tiny, row: int = 0) -> Draw:
    with torch.no_grad():
        return space.draw(one_session(corpus, row), seeded(1, CPU, training=False))


def one_session(corpus: Tiny, row: int) -> Batch:
    return corpus.sessions.batch(np.full(DRAWN, row))


def say(layer: nn.Linear, values: Tensor) -> None:
    """Whatever goes in, ``values`` come out."""
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(values)


def set_mixture(head: MixtureHead, places: tuple[float, ...], pi: tuple[float, ...]) -> None:
    means = torch.tensor(places).repeat_interleave(head.latent_size)
    say(head.linear, torch.cat((torch.tensor(pi).log(), means, torch.full_like(means, STILL))))


def set_gaussian(head: GaussianHead, place: float) -> None:
    size = head.linear.out_features // 2
    say(head.linear, torch.cat((torch.full((size,), place), torch.full((size,), STILL))))


@pytest.mark.parametrize(("name", "settings", "of"), LATENT)
def test_codes_lie_where_their_component_is(corpus: Tiny, name: str, settings: dict[str, Any], of: str) -> None:
    """Three components at -60, 0 and 60, drawn by pi; half that far from 0 where a context at 0 weighs as much."""
    model = made(name, corpus, generators=False, context_components=3 if of == "context" else 2, **settings)
    assert isinstance(model, PersonaWAE | CVAE | DialogWAEGMP)
    set_gaussian(model.recognition, 7.0)
    if of == "personalisation":
        assert isinstance(model, PersonaWAE | CVAE)
        assert model.personalisation is not None
        assert model.fusion is not None
        set_mixture(model.context_mixture, (0.0, 0.0), (0.9, 0.1))
        set_mixture(model.personalisation, PLACES, PI)
        nn.init.zeros_(model.fusion.linear.weight)
    else:
        set_mixture(model.context_mixture, PLACES, PI)
    space = space_of(model)
    assert space is not None
    assert space.of == of
    found = drawn(space, corpus)
    assert torch.allclose(found.posterior, torch.tensor(7.0), atol=1e-3)
    expected = torch.tensor(PLACES)[found.component] * (0.5 if of == "personalisation" else 1.0)
    assert torch.allclose(found.prior, expected[:, None].expand(-1, 4), atol=1e-3)
    assert torch.allclose(found.pi, torch.tensor(PI).expand(DRAWN, -1))
    shares = torch.bincount(found.component, minlength=3) / DRAWN
    error = 5 * math.sqrt(0.25 / DRAWN)
    assert shares.tolist() == pytest.approx(PI, abs=error)
    if of == "personalisation":
        assert found.user_weight is not None
        assert torch.allclose(found.user_weight, torch.tensor(0.5))
    else:
        assert found.user_weight is None


def own_prior(model: Model, batch: Batch, noise: Noise) -> Tensor:
    match model:
        case PersonaWAE() | CVAE():
            return model.sample_prior(model.encode_context(batch, noise), model.user_table(batch.user), noise)
        case DialogWAEGMP():
            return model.sample_prior(model.encode_context(batch, noise), noise)
    raise AssertionError(model.display_name)


@pytest.mark.parametrize(("name", "settings", "of"), LATENT)
def test_the_prior_is_that_of_generation(corpus: Tiny, name: str, settings: dict[str, Any], of: str) -> None:
    """Two sessions' priors, made to differ: the codes of one are as its own answers' z, not as the other's."""
    model = made(name, corpus, temperature=0.01, **settings)
    space = space_of(model)
    assert isinstance(model, PersonaWAE | CVAE | DialogWAEGMP)
    assert space is not None
    assert space.of == of
    with torch.no_grad():
        model.context_mixture.linear.weight.mul_(20)
    with torch.no_grad():
        mine, other = (own_prior(model, one_session(corpus, row), seeded(9, CPU, training=False)) for row in (0, 11))
    found = drawn(space, corpus).prior.double().numpy()
    away = energy_distance(found, other.double().numpy())
    assert abs(energy_distance(found, mine.double().numpy())) < 0.2 * away


@pytest.mark.parametrize("name", ["seq2seq", "persona", "adaptation", "rl-persona"])
def test_a_system_without_z_has_no_space(corpus: Tiny, name: str) -> None:
    assert space_of(made(name, corpus)) is None


def test_every_system_with_a_z_has_one(corpus: Tiny) -> None:
    assert {name for name, system in MODELS.items() if system.latent} == {name for name, *_ in LATENT}
