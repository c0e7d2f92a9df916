"""A trial of a system on a few sessions before it is trained: whether it returns what ``Model`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pwae_core.config.train import LIKELIHOODS, TrainConfig
from pwae_core.data.sessions import Batch, Sessions
from pwae_core.models.base import Loss, Model, Phase
from pwae_core.nn.noise import seeded

SESSIONS, SAMPLES = 2, 2


def wrong_result(model: Model, config: TrainConfig, sessions: Sessions, device: torch.device) -> str:
    """What one of its methods returns instead of what it should; empty if all is well. It answers the first sessions.

    The global random states and the model are left as they were.
    """
    batch = sessions.batch(np.arange(min(SESSIONS, len(sessions)))).to(device)
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        wrong = _of_training(model, config, batch) or _of_decoding(model, batch)
    for buffer, before in buffers:
        buffer.copy_(before)
    return wrong


def _of_training(model: Model, config: TrainConfig, batch: Batch) -> str:
    noise = seeded(config.seed, batch.user.device, training=False)
    phases = model.periods(config)[0].phases
    if not (isinstance(phases, Sequence) and phases and all(isinstance(one, Phase) for one in phases)):
        return "has no phases, a tuple of pwae_core.Phase"
    first = phases[0]
    loss = None if first.reuses_codes else first.loss(batch, noise)  # type: ignore[arg-type]
    if loss is not None and not isinstance(loss, Loss):
        return f"has a phase {first.name!r:.80} whose loss is {_kind(loss)}, not a pwae_core.Loss"
    with torch.no_grad():
        sums = model.negative_log_likelihood(batch, noise)
    if not (isinstance(sums, Mapping) and all(isinstance(sums.get(name), Tensor) for name in LIKELIHOODS)):
        told = f"a dictionary with {', '.join(map(str, sums))}" if isinstance(sums, Mapping) else _kind(sums)
        named = " and ".join(sorted(LIKELIHOODS))
        return f"has a negative_log_likelihood that returns {told:.200}, not a dictionary of tensors with {named}"
    return ""


@torch.no_grad()
def _of_decoding(model: Model, batch: Batch) -> str:
    noise, rows = seeded(0, batch.user.device, training=False), len(batch) * SAMPLES
    state = model.begin(batch, SAMPLES, noise)
    wanted = f"a dictionary of tensors with {rows} rows for {len(batch)} sessions and {SAMPLES} samples"
    if not _has_rows(state, rows):
        return f"has a begin that returns {_kind(state)}, not {wanted}"
    step = model.step(batch.response[:, 0].repeat_interleave(SAMPLES), state)
    if not (isinstance(step, tuple) and len(step) == 2 and _has_rows(step[1], rows)):
        return f"has a step that returns {_kind(step)}, not the logits and {wanted}"
    if not (isinstance(step[0], Tensor) and step[0].shape == (rows, model.vocabulary_size)):
        return f"has a step whose logits are {_kind(step[0])}, not a tensor of shape [rows, vocabulary]"
    return ""


def _has_rows(state: object, rows: int) -> bool:
    return (
        isinstance(state, Mapping)
        and bool(state)
        and all(isinstance(one, Tensor) and one.shape[:1] == (rows,) for one in state.values())
    )


def _kind(value: object) -> str:
    """What a value is, as a message tells it."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)}"
    if isinstance(value, Mapping) and all(isinstance(one, Tensor) for one in value.values()):
        return f"a dictionary of {', '.join(f'{name} {list(one.shape)}' for name, one in value.items()) or 'nothing'}"
    return f"of the type {type(value).__name__}"
