"""A run to try out: loaded once, it answers as several people, says why, and moves along z."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from pwae_core.artifacts import Artifact
from pwae_core.config.sample import SampleConfig
from pwae_core.data.sessions import Sessions
from pwae_core.data.untrained import NOBODY
from pwae_core.decoding import decode
from pwae_core.demo.requests import Ask, Between
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.grammar import counted
from pwae_core.nn.noise import own_noise
from pwae_core.progress import SILENT
from pwae_core.text.tokenize import detokenise
from pwae_core.training.answers import answer, is_deterministic
from pwae_core.training.own_corpus import corpus_of
from pwae_core.training.runs import Run, choose_device, open_run
from pwae_core.training.typed import typed_sessions

REAL = 5
"""How many real responses of a person are shown."""
FOUND = 20
"""How many people a search shows."""


@dataclass(frozen=True)
class About:
    """What the page has to know about the system, so that it shows only what the system has."""

    system: str
    run: str
    nobody: str
    people: int
    turns: int
    personal: bool
    latent: bool
    deterministic: bool
    corpus: bool


@dataclass(frozen=True)
class Answers:
    """One person's answers. ``why`` led to the first of ``responses``; ``real`` are their own training responses."""

    user: str
    remark: str
    responses: tuple[str, ...]
    why: dict[str, list[float]]
    real: tuple[str, ...]


@dataclass(frozen=True)
class Demo:
    """``corpus`` is None if it is no longer there; then no real responses are shown."""

    run: Run
    config: SampleConfig
    corpus: Artifact | None

    @property
    def about(self) -> About:
        model = self.run.model
        return About(
            system=self.run.system,
            run=self.run.artifact.folder.name,
            nobody=NOBODY,
            people=len(self.run.users) - 1,
            turns=self.run.turns,
            personal=bool(model.user_rows),
            latent=model.latent,
            deterministic=is_deterministic(self.run, self.config),
            corpus=self.corpus is not None,
        )

    def find(self, part: str) -> tuple[list[str], int]:
        """The first ``FOUND`` users whose name contains ``part``, and how many there are in all."""
        names = [name for name in self.run.users if part.casefold() in name.casefold()]
        return names[:FOUND], len(names)

    def answer(self, ask: Ask) -> list[Answers]:
        """Each person's answers. Raises InputError for an unknown user, or text that leaves no words."""
        users = list(dict.fromkeys(ask.users))
        config = self._config(ask)
        sessions, keys = self._sessions(ask, users)
        drawn = answer(self.run, sessions, keys, config, SILENT)
        first = [self.run.vocabulary.encode(one[0]) for one in drawn]
        reasons = self._why(sessions.answered(first), keys, config)
        return [
            Answers(user, self.run.remark(user), tuple(map(detokenise, responses)), why, self._real(user))
            for user, responses, why in zip(users, drawn, reasons, strict=True)
        ]

    @torch.no_grad()
    def between(self, ask: Between) -> str:
        """The greedy answer at z = (1 - share) z_one + share z_two, between the z of two answers to the same ``ask``.

        Raises ConfigError for a system without z, and for a sample that was not drawn.
        """
        if not self.run.model.latent:
            raise ConfigError(f"{self.run.system} has no z to move along.")
        if max(ask.one, ask.two) >= ask.samples:
            drawn = counted(ask.samples, "sample")
            raise ConfigError(f"The answer has only {drawn}. Choose lower sample numbers, or draw more samples.")
        sessions, keys = self._sessions(ask, ask.users[:1])
        batch = sessions.batch(np.arange(1)).to(self.run.device)
        noise = own_noise(self._config(ask).seed, keys, ask.samples, self.run.device)
        ends = self.run.model.draw_z(batch, ask.samples, noise)
        z = torch.lerp(ends[ask.one], ends[ask.two], ask.share).unsqueeze(0)
        greedy = self.config.decoding.model_copy(update={"strategy": "greedy"})
        (ids,) = decode(self.run.model.step, self.run.model.begin_at(batch, z, noise), greedy, noise)
        return detokenise(self.run.vocabulary.decode(ids))

    def _config(self, ask: Ask) -> SampleConfig:
        seed = (self.config.seed + ask.draw) % 2**32
        return self.config.model_copy(update={"samples": ask.samples, "seed": seed})

    def _sessions(self, ask: Ask, users: Sequence[str]) -> tuple[Sessions, list[str]]:
        heard = ask.context[-self.run.turns :]  # as many as contexts had in training
        contexts = [[(user if turn.who is None else turn.who, turn.text) for turn in heard] for user in users]
        return typed_sessions(self.run, contexts, users, ("The conversation", "The person"))

    @torch.no_grad()
    def _why(self, sessions: Sessions, keys: Sequence[str], config: SampleConfig) -> list[dict[str, list[float]]]:
        rows = np.arange(len(sessions))
        noise = own_noise(config.seed, keys, 1, self.run.device)
        found = self.run.model.explain(sessions.batch(rows).to(self.run.device), noise)
        return [{name: values[row].tolist() for name, values in found.items()} for row in rows.tolist()]

    @cached_property
    def _said(self) -> pa.Table | None:
        return None if self.corpus is None else self.corpus.table("train.parquet", ["user_id", "response"])

    def _real(self, user: str) -> tuple[str, ...]:
        """Different responses of ``user``, spread evenly over the training split; none without the corpus."""
        if self._said is None or user == NOBODY:
            return ()
        theirs = self._said.filter(pc.equal(self._said["user_id"], user))["response"]
        step = max(len(theirs) // (4 * REAL), 1)
        texts = (detokenise(tokens) for tokens in theirs[::step].to_pylist())
        return tuple(dict.fromkeys(texts))[:REAL]


def open_demo(run: Path, config: SampleConfig, *, corpus: Path | None = None, device: str = "auto") -> Demo:
    """Loads a run. Raises ArtifactError if the run, or the ``corpus`` if given, is not what it should be."""
    opened = open_run(run, choose_device(device), config.checkpoint)
    found: Artifact | None = None
    with suppress(ArtifactError) if corpus is None else nullcontext():
        found = corpus_of(opened.artifact, corpus)
    return Demo(opened, config, found)
