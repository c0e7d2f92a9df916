"""A trainer over sessions in memory, for the tests of models and of the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny import Tiny

from pwae_core.config.resolve import merge
from pwae_core.config.sample import DecodingConfig
from pwae_core.config.train import TrainConfig
from pwae_core.data.sessions import Batch, Sessions
from pwae_core.data.statistics import gather
from pwae_core.decoding import decode
from pwae_core.models.base import Model
from pwae_core.nn.noise import seeded
from pwae_core.progress import SILENT
from pwae_core.training.group import ALONE, Group
from pwae_core.training.loop import Trainer
from pwae_core.training.runs import build_model
from pwae_core.training.signals import StopRequest

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {
    "model": {
        "word_size": 24,
        "hidden_size": 32,
        "user_size": 16,
        "latent_size": 12,
        "user_words": 10,
        "kl_annealing": 200,
        "word_dropout": 0.1,
        "utterance_dropout": 0.0,
        "decoder_dropout": 0.0,
        "clean_codes": False,
        "initialisation": "torch",
        "max_length": 20,
    },
    "autoencoder": {"kind": "adam", "rate": 5e-3, "decay": 1.0, "clip": 1.0},
    "generator": {"kind": "rmsprop", "rate": 1e-3},
    "critic": {"kind": "rmsprop", "rate": 1e-3},
    "batch_size": 32,
    "log_every": 1,
    "patience": 0,
    "seed": 3,
}


def small_config(**settings: Any) -> TrainConfig:
    return TrainConfig.make(merge(SMALL, settings))


def informed_model(data: Tiny, config: TrainConfig) -> Model:
    """A model that knows, where it needs them, the statistics of ``data``: its responses are the users' histories."""
    model = build_model(config.model, len(data.vocabulary), len(data.users), config.seed)
    sessions, counts = data.sessions, (len(data.users), len(data.vocabulary))
    known = gather(
        sessions, sessions.user, sessions.response, user_count=counts[0], vocabulary_size=counts[1], words=10
    )
    if model.needs_statistics:
        model.inform(known)
    return model


def small_trainer(
    data: Tiny,
    folder: Path,
    config: TrainConfig,
    stop: StopRequest | None = None,
    group: Group = ALONE,
    device: torch.device = CPU,
) -> Trainer:
    model = informed_model(data, config)
    folder.mkdir(exist_ok=True)
    stop = stop or StopRequest()
    return Trainer(model, data.sessions, data.sessions, config, folder, device, SILENT, stop, group)


def first_batch(sessions: Sessions, size: int = 8) -> Batch:
    return sessions.batch(np.arange(size))


def greedy(model: Model, batch: Batch, samples: int = 1, *, posterior: bool = False) -> list[list[int]]:
    noise = seeded(5, CPU, training=False)
    with torch.no_grad():
        state = model.begin(batch, samples, noise, posterior=posterior)
    return decode(model.step, state, DecodingConfig(max_length=20), noise)
