"""Memory reckoned on shapes: the true tensors take as much, and absurd settings are refused in one line."""

import pytest
import torch
from planted import planted
from small_training import CPU, SMALL, small_config
from tiny import tiny

from pwae_core import memory
from pwae_core.config.resolve import merge
from pwae_core.config.sample import SampleConfig
from pwae_core.config.train import TrainConfig
from pwae_core.errors import ConfigError
from pwae_core.models import MODELS
from pwae_core.training.runs import build_model
from pwae_core.training.sizes import outlined, refuse_large_answers, refuse_large_training

SESSIONS = tiny(planted(users=4, conversations=10, seed=1).rows).sessions


def needed_for(monkeypatch, call) -> list[int]:
    """The bytes that were asked for."""
    asked = []
    monkeypatch.setattr(memory, "refuse_beyond", lambda needed, *_: asked.append(needed))
    call()
    return asked


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("kind", "times"), [("sgd", 2), ("rmsprop", 3), ("adam", 4)])
def test_weights_gradients_and_optimiser_are_counted(monkeypatch, name, kind, times):
    settings = {"model": {"name": name}} | {part: {"kind": kind} for part in ("autoencoder", "generator", "critic")}
    config = small_config(**settings)
    model = build_model(config.model, 50, 5, seed=1)
    trained = sum(p.numel() * p.element_size() for p in model.parameters())
    fixed = sum(b.numel() * 4 for b in model.buffers())
    whole, batch = needed_for(monkeypatch, lambda: refuse_large_training(config, 50, 5, SESSIONS, torch.device("cpu")))
    assert whole == times * trained + fixed
    assert 0 < batch < 10_000_000


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"model": {"hidden_size": 1_000_000}},
            ["parameters would take about", "GB of memory; the limit", "hidden_size"],
        ),
        ({"model": {"latent_size": 10**15}}, ["larger than any memory"]),
        ({"model": {"components": 10**12}}, ["parameters would take about"]),
        ({"model": {"name": "rl-persona", "user_words": 10**12}}, ["would take about", "user_words"]),
    ],
)
def test_sizes_that_cannot_fit_are_refused_unbuilt(settings, words):
    config = TrainConfig.make(merge(SMALL, settings))
    with pytest.raises(ConfigError) as caught:
        refuse_large_training(config, 50, 5, SESSIONS, CPU)
    for word in words:
        assert word in str(caught.value)


def test_a_batch_that_cannot_fit_is_refused_and_parts_of_it_are_not(monkeypatch):
    monkeypatch.setattr(memory, "of_machine", lambda: 4_000_000)
    whole = small_config(batch_size=10**9, model={"hidden_size": 1000, "latent_size": 1, "word_size": 1})
    monkeypatch.setattr("pwae_core.training.sizes.outlined", lambda *_: torch.nn.Linear(1, 1))
    with pytest.raises(ConfigError, match=f"A batch of {len(SESSIONS):,} sessions would take about"):
        refuse_large_training(whole, 50, 5, SESSIONS, CPU)
    refuse_large_training(whole.model_copy(update={"micro_batches": 10_000}), 50, 5, SESSIONS, CPU)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"samples": 10**12}, "Decoding 64,000,000,000,000 answers at a time would take about"),
        ({"samples": 10**10, "batch_size": 1, "decoding": {"max_length": 1}}, "Decoding 10,000,000,000 answers"),
        ({"decoding": {"strategy": "beam", "beam_size": 1000}}, "A beam of 1,000 would take"),
    ],
)
def test_answers_that_cannot_fit_are_refused(monkeypatch, given, message):
    monkeypatch.setattr(memory, "of_machine", lambda: 100_000_000)
    config = SampleConfig.make(given)
    with pytest.raises(ConfigError, match=message):
        refuse_large_answers(config, config.samples, 1000, 30_000, CPU)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("personawae", {"answered_samples": 10_000}, "Decoding 40,000 answers at a time would take about 0.1 GB"),
        ("personawae", {"answered_sessions": 10**7}, "Keeping 100,000,000 answers would take about 6.4 GB"),
        ("seq2seq", {"answered_samples": 10**5}, "Keeping 30,000,000 answers would take about 1.9 GB"),
    ],
)
def test_a_validation_whose_answers_cannot_fit_is_refused(monkeypatch, name, given, message):
    monkeypatch.setattr(memory, "of_machine", lambda: 100_000_000)
    config = small_config(**{"model": {"name": name}, "batch_size": 4, "select_by": "bleu_f1"} | given)
    with pytest.raises(ConfigError, match=f"{message}.* Lower .*answered_samples"):
        refuse_large_training(config, 50, 5, SESSIONS, CPU)


def test_an_answers_random_generator_is_counted(monkeypatch):
    monkeypatch.setattr(memory, "of_machine", lambda: 100_000_000)
    config = SampleConfig(samples=40_000, batch_size=1)
    with pytest.raises(ConfigError, match="Decoding 40,000 answers at a time would take"):
        refuse_large_answers(config, config.samples, 1, 50, CPU)


def test_a_deterministic_systems_copies_count_too():
    config = SampleConfig(samples=10**12)
    with pytest.raises(ConfigError, match="Keeping 5,000,000,000,000 answers would take about"):
        refuse_large_answers(config, 1, 5, 50, CPU)


def test_what_fits_is_not_refused():
    refuse_large_answers(SampleConfig(), 10, 5000, 31_000, CPU)
    refuse_large_training(TrainConfig(), 31_004, 10_000, SESSIONS, CPU)
    assert outlined(TrainConfig().model, 100, 5).words.weight.is_meta
