"""Validation of a model: likelihoods, the distance between its prior and its posterior, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pwae_core.config.diagnose import DEFAULTS, DiagnoseConfig
from pwae_core.config.train import OF_ANSWERS, TrainConfig
from pwae_core.data.sessions import Batch, Ints, Sessions
from pwae_core.errors import EmptyResultError
from pwae_core.metrics.energy import energy_distance
from pwae_core.models.base import Measure, Model, Period
from pwae_core.nn.noise import seeded
from pwae_core.training.answered import Judge, answer_validation, judge_of, of_answers
from pwae_core.training.pieces import Cutter

VALIDATION_SEED = 1_000_003
TOKENS = "tokens"
CODES = 512
"""Maximum number of sessions whose z is examined."""


@torch.no_grad()
def validate(
    measure: Measure, sessions: Sessions, config: TrainConfig, device: torch.device, cutter: Cutter
) -> dict[str, float]:
    """``measure`` of the split per token, by name, with the same noise each time, so values can be compared."""
    noise = seeded(config.seed + VALIDATION_SEED, device, training=False)
    sums: dict[str, Tensor] = {}
    for rows in sessions.in_order(config.batch_size, config.validation_sessions):
        for piece in cutter.pieces(sessions.batch(rows).to(device), noise):
            assert isinstance(piece.source, Batch)
            found = measure(piece.source, piece.noise) | {TOKENS: piece.source.response_lengths.sum()}
            for name, value in found.items():
                sums[name] = sums.get(name, 0.0) + piece.counts * value.double()
    total = torch.stack(list(sums.values()))
    cutter.group.add([total])
    means = dict(zip(sums, (total / total[list(sums).index(TOKENS)]).tolist(), strict=True))
    return {name: value for name, value in means.items() if name != TOKENS}


@dataclass(frozen=True)
class Codes:
    """``prior_gap``: the energy distance of the prior's codes to the posterior's. ``z_nats``: nats per token that the
    reconstruction loses when each session is given the z of another, [1]; ``variances`` [z] of the posterior's means.
    """

    prior_gap: float
    z_nats: float
    variances: Tensor


ALIKE = "no user has words of their own, because everybody says all of them: all users are answered alike."


def hardly_used(fact: str, least: float) -> str:
    """The warning about a low measure of z."""
    return f"{fact}, below {least:g}: z is hardly used."


def warnings_of(z_nats: float, prior_gap: float, config: DiagnoseConfig = DEFAULTS) -> tuple[str, ...]:
    """The warnings about a z that is hardly used, and about a prior that is far from the posterior."""
    silent = hardly_used(f"another session's z costs {z_nats:.4f} nats per token", config.least_sensitivity)
    far = (
        f"the prior's codes are {prior_gap:.2f} from the posterior's, above {config.most_prior_gap:g}: "
        "answers start where the decoder has learned little."
    )
    given = ((silent, z_nats < config.least_sensitivity), (far, prior_gap > config.most_prior_gap))
    return tuple(warning for warning, holds in given if holds)


def warnings_in(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The warnings about a run: about its z, if it has one, and about users who are all without words of their own."""
    valid, by_words = facts["valid"], facts["untrained"].get("by_words", False)
    alike = (ALIKE,) if by_words and facts["untrained_users"] == facts["users"] - 1 else ()
    return alike + (warnings_of(valid["z_nats"], valid["prior_gap"]) if "z_nats" in valid else ())


@torch.no_grad()
def look_at_codes(
    model: Model, sessions: Sessions, limit: int, batch_size: int, seed: int, device: torch.device
) -> Codes:
    """Examines the z of the first ``limit`` of ``sessions``, at least two. Only for systems with a z."""
    noise, count = seeded(seed, device, training=False), min(limit, len(sessions))
    drawn, means, lost, tokens = [], [], 0.0, 0
    for rows in _two_or_more(count, batch_size):
        batch = sessions.batch(rows).to(device)
        drawn.append(model.latent_samples(batch, noise))
        means.append(model.posterior_mean(batch, noise))
        own, strangers = (model.cost_of(batch, z, noise) for z in (means[-1], means[-1].roll(1, dims=0)))
        lost += float(strangers - own)
        tokens += int(batch.response_lengths.sum())
    posterior, prior = (torch.cat(side).double().cpu().numpy() for side in zip(*drawn, strict=True))
    return Codes(energy_distance(posterior, prior), lost / tokens, torch.cat(means).var(dim=0))


def _two_or_more(count: int, batch_size: int) -> list[Ints]:
    """The rows of each batch; one row alone, which has no other's z, goes with the batch before it."""
    starts = np.arange(0, count - 1, max(batch_size, 2))
    return np.split(np.arange(count), starts[1:])


class Validator:
    """Validates ``model`` during training: likelihoods and, in the periods that answer, measures of z and of the
    answers.

    Raises EmptyResultError if the settings select by speaker and there are not enough speakers.
    """

    def __init__(
        self,
        model: Model,
        train: Sessions,
        valid: Sessions,
        config: TrainConfig,
        device: torch.device,
        cutter: Cutter,
    ) -> None:
        self.model, self.valid, self.config, self.device, self.cutter = model, valid, config, device, cutter
        self.judge = _judge(train, valid, config) if config.answers else None

    def measures(self, period: Period) -> dict[str, float]:
        """The measures by name; the same in every process."""
        measure = period.validate or self.model.negative_log_likelihood
        found = validate(measure, self.valid, self.config, self.device, self.cutter)
        if not period.answers:
            return found
        return found | self.cutter.group.of_first(self._codes() | self._answers())

    def loss(self, period: Period, measures: Mapping[str, float]) -> float:
        """The measure that decides which checkpoint is best, with its sign chosen so that lower is better."""
        selected = self.selected(period)
        return -measures[selected] if selected in OF_ANSWERS else measures[selected]

    def selected(self, period: Period) -> str:
        """The measure that selects the best checkpoint of a period."""
        return period.select_by or self.config.select_by

    def _codes(self) -> dict[str, float]:
        limit, seed = min(self.config.validation_sessions, len(self.valid), CODES), self.config.seed + VALIDATION_SEED
        if not self.model.latent or limit < 2:
            return {}
        found = look_at_codes(self.model, self.valid, limit, self.config.batch_size, seed, self.device)
        return {"prior_gap": found.prior_gap, "z_nats": found.z_nats}

    def _answers(self) -> dict[str, float]:
        if not self.config.answers:
            return {}
        answers = answer_validation(self.model, self.valid, self.config, self.device)
        return of_answers(answers, self.valid, self.judge)


def _judge(train: Sessions, valid: Sessions, config: TrainConfig) -> Judge | None:
    """The classifier of users; None if there are too few of them and nothing depends on it."""
    try:
        return judge_of(train, valid, config)
    except EmptyResultError:
        if config.select_by == "speaker":
            raise
        return None
