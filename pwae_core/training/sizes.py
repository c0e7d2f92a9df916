"""How much memory a model takes, computed from shapes alone, before it is built."""

from __future__ import annotations

import torch

from pwae_core import memory
from pwae_core.config.sample import SampleConfig
from pwae_core.config.train import ModelConfig, OptimiserConfig, TrainConfig
from pwae_core.data.sessions import Sessions
from pwae_core.errors import ConfigError
from pwae_core.models import system_of
from pwae_core.models.base import Model

FLOAT = 4
KEPT_BY_OPTIMISER = {"sgd": 0, "rmsprop": 1, "adam": 2}
"""Numbers that each optimiser keeps per parameter."""
KEPT = 64
"""Least bytes of an answer that is kept."""
HYPOTHESIS = 200
"""Approximate bytes of a hypothesis in beam search."""
GENERATOR = 2700
"""Approximate bytes of the random generator that every answer has."""
LOWER_SIZES = "Lower the sizes of [model]: hidden_size, user_size, latent_size, word_size, components, user_words"


def outlined(config: ModelConfig, vocabulary_size: int, users: int) -> Model:
    """The model without its weights. Raises ConfigError for one that no machine could address."""
    try:
        with torch.device("meta"):
            return system_of(config.name)(config, vocabulary_size, users)
    except (RuntimeError, OverflowError, TypeError) as error:  # torch's, for a number of bytes beyond 64 bits
        raise ConfigError(f"{config.name} would be larger than any memory. {LOWER_SIZES}.") from error


def refuse_large_training(
    config: TrainConfig, vocabulary_size: int, users: int, train: Sessions, device: torch.device
) -> None:
    """Raises ConfigError, with the memory it would take, for a training that cannot fit.

    This counts weights, gradients, the optimisers' state, the encoders' states of one batch, and what a validation
    answers. The true need is larger.
    """
    model = outlined(config.model, vocabulary_size, users)
    elements = sum(tensor.numel() for tensor in (*model.parameters(), *model.buffers()))
    trained = sum(parameter.numel() for parameter in model.parameters())
    kept = max(KEPT_BY_OPTIMISER[one.kind] for one in _optimisers(config))
    what = f"{config.model.name} with {trained:,} parameters"
    memory.refuse_beyond(FLOAT * (elements + trained * (1 + kept)), what, f"{LOWER_SIZES}.", on_device(device))
    rows = -(-min(config.batch_size, len(train)) // config.micro_batches)
    advice = "Lower batch_size, or raise micro_batches."
    needed = FLOAT * rows * _tokens(train) * (config.model.word_size + 4 * config.model.hidden_size)
    memory.refuse_beyond(needed, f"A batch of {rows:,} sessions", advice, on_device(device))
    if config.answers:
        rows = min(config.batch_size, config.answers)
        rows *= 1 if system_of(config.model.name).deterministic else config.answered_samples
        advice = "Lower batch_size, answered_samples or max_length."
        _refuse_large_decoding(rows, config.model.max_length, vocabulary_size, device, advice)
        number, advice = config.answers * config.answered_samples, "Lower answered_sessions or answered_samples."
        memory.refuse_beyond(KEPT * number, f"Keeping {number:,} answers", advice)


def _optimisers(config: TrainConfig) -> tuple[OptimiserConfig, ...]:
    return config.autoencoder, config.generator, config.critic


def _tokens(sessions: Sessions) -> int:
    """The mean number of tokens that are read per session."""
    lengths = (sessions.context.offsets, sessions.response.offsets)
    read = sum(int((one[1:] - one[:-1]).clip(max=sessions.max_length).sum()) for one in lengths)
    return -(-read // max(len(sessions), 1))


def refuse_large_answers(
    config: SampleConfig, drawn: int, contexts: int, vocabulary_size: int, device: torch.device
) -> None:
    """Raises ConfigError, with the memory they would take, if ``drawn`` answers to each context cannot fit."""
    decoding, rows = config.decoding, min(config.batch_size, contexts) * drawn
    if decoding.strategy == "beam":
        rows = max(rows, decoding.beam_size)
        hypotheses = HYPOTHESIS * decoding.beam_size * min(decoding.beam_size, vocabulary_size)
        memory.refuse_beyond(hypotheses, f"A beam of {decoding.beam_size:,}", "Lower beam_size.")
    advice = "Lower batch_size, samples or max_length."
    _refuse_large_decoding(rows, decoding.max_length, vocabulary_size, device, advice)
    number = contexts * config.samples
    memory.refuse_beyond(KEPT * number, f"Keeping {number:,} answers", "Lower samples, or --limit the contexts.")


def _refuse_large_decoding(rows: int, length: int, vocabulary_size: int, device: torch.device, advice: str) -> None:
    what = f"Decoding {rows:,} answers at a time"
    memory.refuse_beyond(GENERATOR * rows, what, advice)
    memory.refuse_beyond(FLOAT * rows * (2 * vocabulary_size + length), what, advice, on_device(device))


def on_device(device: torch.device) -> int:
    """The bytes of memory of a device."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return memory.of_machine()
