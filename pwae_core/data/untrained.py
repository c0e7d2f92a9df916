"""Users about whom a system learned nothing: they are treated as nobody in particular and are counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pwae_core.data.sessions import Sessions
from pwae_core.grammar import counted

NOBODY = "<unk>"
"""The name of row 0 of the user table."""
Known = npt.NDArray[np.bool_]
"""For each row of the user table, whether training taught the system something about it."""


@dataclass(frozen=True)
class Untrained:
    """``sessions`` of ``users`` without a training response; ``nobody``: whether nobody in particular was trained.

    ``by_words``: the system knows users by their words, and these users have none of their own.
    """

    users: int
    sessions: int
    nobody: bool
    by_words: bool = False

    def told(self, of: str) -> str:
        """A sentence about them; ``of`` is what to call one of their sessions. Empty if there are none."""
        if not self.sessions:
            return ""
        theirs, users = counted(self.sessions, of), counted(self.users, "user")
        are, were = ("is" if self.sessions == 1 else "are"), ("was" if self.users == 1 else "were")
        why = "without words of their own" if self.by_words else f"who {were} never trained"
        neither = "" if self.nobody else " Nobody was not trained either: model.user_dropout was 0."
        return f"{theirs} {are} of {users} {why}, taken for nobody ({NOBODY}).{neither}"


def as_nobody(sessions: Sessions, known: Known, *, by_words: bool = False) -> tuple[Sessions, Untrained]:
    """``sessions``, with those of unknown users given to nobody, and how many these are."""
    strange = ~known[sessions.user] & (sessions.user != 0)
    found = Untrained(len(np.unique(sessions.user[strange])), int(strange.sum()), bool(known[0]), by_words)
    return replace(sessions, user=np.where(strange, 0, sessions.user)), found
