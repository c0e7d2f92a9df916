"""``pwae chat``: a conversation with a run, in which you can change who answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from pwae_core.config.sample import SampleConfig
from pwae_core.data.sessions import Sessions, from_lists
from pwae_core.data.typed_context import prepare
from pwae_core.data.untrained import NOBODY
from pwae_core.errors import InputError, in_one_line
from pwae_core.nn.noise import own_noise
from pwae_core.progress import SILENT
from pwae_core.text.tokenize import detokenise
from pwae_core.training.answers import answer
from pwae_core.training.runs import Run, choose_device, open_run

YOU = ""


@dataclass(eq=False)
class Chat:
    """A conversation: ``said`` holds (speaker, token ids); the person at the terminal is ``YOU``."""

    run: Run = field(repr=False)
    config: SampleConfig = field(repr=False)
    user: str = NOBODY
    said: list[tuple[str, list[int]]] = field(default_factory=list, repr=False)
    turns: int = 0
    last: Sessions | None = field(default=None, repr=False)  # the last context with the answer to it

    @in_one_line
    def say(self, text: str) -> str:
        """What the user answers to ``text``.

        Raises InputError if the text is empty after cleaning; the conversation is then as it was.
        """
        (tokens,) = prepare([text], self.run.artifact.facts["preprocess"], "The message")
        said, turns = [*self.said, (YOU, self.run.vocabulary.encode(tokens))], self.turns + 1
        settings = self.config.model_copy(update={"samples": 1})
        (samples,) = answer(self.run, self._sessions(said), [_key(turns)], settings, SILENT)
        response = self.run.vocabulary.encode(samples[0])
        self.last = self._sessions(said, response)
        self.said, self.turns = [*said, (self.user, response)], turns
        return detokenise(samples[0])

    def _sessions(self, said: Sequence[tuple[str, list[int]]], response: Sequence[int] = ()) -> Sessions:
        """The last utterances of ``said`` that have words, as many as training contexts had."""
        with_words = [one for one in said if one[1]]
        heard = with_words[-self.run.turns :]
        own = [[who == self.user for who, _ in heard]]
        user, length = self.run.answering(self.user), self.run.model.config.max_length
        return from_lists([[ids for _, ids in heard]], own, [user], length, [response])

    def switch(self, name: str, asked: str = "name") -> None:
        """Makes ``name`` answer from now on. Raises InputError for an unknown user."""
        self.run.user_number(name, asked)
        self.user = name

    @property
    def remark(self) -> str:
        """A remark on the answering user, if any."""
        return self.run.remark(self.user)

    def find(self, part: str) -> list[str]:
        """The users whose names contain ``part``. Raises InputError if it is no text."""
        if not isinstance(part, str):
            raise InputError(f"part: expected a text, got {part!r:.80}.")
        return [name for name in self.run.users if part.lower() in name.lower()]

    @torch.no_grad()
    def why(self) -> Mapping[str, list[float]]:
        """What led to the last answer, by name: component weights, w_c and w_u, the gate's mean; empty for systems
        without these. Raises InputError if there is no answer yet.
        """
        if self.last is None:
            raise InputError("There is no answer yet. Say something first.")
        noise = own_noise(self.config.seed, [_key(self.turns)], 1, self.run.device)
        found = self.run.model.explain(self.last.batch(np.arange(1)).to(self.run.device), noise)
        return {name: values[0].tolist() for name, values in found.items()}


def _key(turn: int) -> str:
    """What the noise belongs to: another each turn, the same conversation for the same seed."""
    return f"turn {turn}"


def open_chat(run: Path, config: SampleConfig, user: str | None = None, device: str = "auto") -> Chat:
    """Opens a conversation with a run. Raises ArtifactError, or InputError for an unknown user."""
    chat = Chat(open_run(run, choose_device(device), config.checkpoint), config)
    if user is not None:
        chat.switch(user, "--user")
    return chat
