"""Measures of a model's answers to some validation contexts during training: overlap, diversity, speaker accuracy.

The contexts are the first of the validation split. Each gets the same noise at every validation, so only the model
changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from pwae_core.config.sample import DecodingConfig
from pwae_core.config.train import TrainConfig
from pwae_core.data.sessions import Ints, Sessions
from pwae_core.decoding import decode
from pwae_core.errors import EmptyResultError
from pwae_core.metrics import table
from pwae_core.metrics.sentences import encode
from pwae_core.metrics.speakers import Speakers, learn
from pwae_core.models.base import Model
from pwae_core.nn.noise import own_noise

BLEU_ORDER = 3
CANDIDATES, LEAST, UTTERANCES = 100, 5, 200
"""Maximum number of users to distinguish; minimum and maximum responses of each in the training split."""
Answers = list[list[list[int]]]
"""By session, by sample: token ids."""


@dataclass(frozen=True)
class Judge:
    """Distinguishes candidate users by their responses in the training split. ``numbers``: by row of the user table."""

    speakers: Speakers
    numbers: dict[int, int]

    def accuracy(self, answers: Answers, users: Ints) -> float:
        """The share of the candidates' answers that the classifier attributes to the user who was asked for."""
        told = [
            (self.numbers[user], own) for user, own in zip(users.tolist(), answers, strict=True) if user in self.numbers
        ]
        said = [_words(one) for _, own in told for one in own]
        true = np.array([number for number, own in told for _ in own])
        return float((self.speakers.identify(said) == true).mean())


def candidates(train: Sessions, valid: Sessions, config: TrainConfig) -> list[int]:
    """The users to distinguish: of those who respond in the validation sessions to answer, those who respond most often
    in the training split.

    Raises EmptyResultError if fewer than two of them have enough responses there.
    """
    said = np.bincount(train.user, minlength=int(valid.user.max(initial=0)) + 1)
    asked = np.unique(valid.user[: config.answers])
    able = [user for user in asked.tolist() if user and said[user] >= LEAST]
    chosen = sorted(able, key=lambda user: (-said[user], user))[:CANDIDATES]
    if len(chosen) < 2:
        raise EmptyResultError(
            f"select_by = speaker: {len(chosen)} of the users in the first {config.answers} validation sessions answer "
            f"{LEAST} times or more in the training split; distinguishing users needs 2. Select by another measure."
        )
    return chosen


def judge_of(train: Sessions, valid: Sessions, config: TrainConfig) -> Judge:
    """A judge of the candidates. Raises EmptyResultError if there are fewer than two."""
    chosen = candidates(train, valid, config)
    rows = np.concatenate([np.flatnonzero(train.user == user)[:UTTERANCES] for user in chosen])
    numbers = {user: number for number, user in enumerate(chosen)}
    speakers = np.array([numbers[user] for user in train.user[rows].tolist()])
    return Judge(learn([_words(ids) for ids in train.response.lists(rows)], speakers, config.seed), numbers)


@torch.no_grad()
def answer_validation(model: Model, valid: Sessions, config: TrainConfig, device: torch.device) -> Answers:
    """``answered_samples`` answers to each of the first validation sessions, greedy for each z; all the same
    if there is none.
    """
    samples = 1 if model.deterministic else config.answered_samples
    decoding = DecodingConfig(max_length=config.model.max_length)
    answers: dict[int, list[list[int]]] = {}
    for rows in valid.in_order(config.batch_size, config.answers):
        noise = own_noise(config.seed, [str(row) for row in rows.tolist()], samples, device)
        state = model.begin(valid.batch(rows).to(device), samples, noise)
        decoded = decode(model.step, state, decoding, noise)
        for place, row in enumerate(rows.tolist()):
            answers[row] = decoded[place * samples : (place + 1) * samples] * (config.answered_samples // samples)
    return [answers[row] for row in range(len(answers))]


def of_answers(answers: Answers, valid: Sessions, judge: Judge | None) -> dict[str, float]:
    """By name: recall, precision and F1 of BLEU (section 4.4); ``distinct``, distinct-1 over the answers to a context;
    ``repetition``; ``speaker``, if there is a ``judge``.
    """
    rows = np.arange(len(answers))
    references = [[_words(ids)] for ids in valid.response.lists(rows)]
    pairs = encode(_column(references), _column([[_words(one) for one in own] for own in answers]))
    found = table.score(pairs, BLEU_ORDER, "nltk-current").contexts
    recall, precision = found[table.RECALL].mean(), found[table.PRECISION].mean()
    f1 = table.harmonic_mean(np.array([recall]), np.array([precision]))[0]
    told = {"bleu_f1": f1, "bleu_recall": recall, "bleu_precision": precision}
    told |= {"distinct": found["Inter-Distinct-1"].mean(), "repetition": found[table.REPETITION].mean()}
    told |= {"speaker": judge.accuracy(answers, valid.user[rows])} if judge else {}
    return {name: float(value) for name, value in told.items()}


def _words(ids: Sequence[int]) -> list[str]:
    return [str(number) for number in ids]


def _column(rows: list[list[list[str]]]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(rows, pa.list_(pa.list_(pa.string())))])
