"""The responder's utterances that are shown beside an item: the same for every system that answers the context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.errors import InputError
from pwae_core.human_eval.blinding.candidates import Candidate
from pwae_core.human_eval.blinding.drawing import Drawn, wording
from pwae_core.human_eval.blinding.placement import Context, Tokens, shuffled


@dataclass(frozen=True)
class Said:
    """One utterance of the training split. ``conversation_id`` and ``turn`` locate it."""

    conversation_id: str
    turn: int
    tokens: Tokens


@dataclass(frozen=True)
class Histories:
    """The users of a corpus (``users.parquet``), and four columns of its ``histories.parquet``."""

    users: Mapping[str, int]
    table: pa.Table

    def check_known(self, contexts: Iterable[Context], corpus: object) -> None:
        """Raises InputError for a context whose responder is not in the corpus."""
        for context in contexts:
            if context.user_id not in self.users:
                raise InputError(
                    f"User {context.user_id!r}, who responds in session {context.session_id!r}, is not in {corpus}. "
                    "Give the corpus that the responses were made from."
                )

    @property
    def speaking(self) -> set[str]:
        """The ids of the users who have said anything."""
        numbers = set(pc.unique(self.table["user"]).to_pylist())
        return {user_id for user_id, number in self.users.items() if number in numbers}

    def of(self, user_ids: Iterable[str]) -> dict[str, list[Said]]:
        """Everything that each of the given users has said."""
        wanted = {self.users[user_id]: user_id for user_id in user_ids}
        rows = self.table.filter(pc.is_in(self.table["user"], pa.array(wanted, pa.int32())))
        said: dict[str, list[Said]] = {user_id: [] for user_id in wanted.values()}
        for row in rows.to_pylist():
            one = Said(row["conversation_id"], row["turn"], tuple(row["tokens"]))
            said[wanted[row["user"]]].append(one)
        return said


def draw_histories(drawn: Drawn, histories: Histories, count: int, secret: str) -> dict[str, list[Tokens]]:
    """At most ``count`` utterances by each context's responder, by session id."""
    said = histories.of({one.context.user_id for one in drawn.chosen})
    hidden = drawn.responses
    return {
        one.context.session_id: draw_history(said[one.context.user_id], one, count, secret, hidden)
        for one in drawn.chosen
    }


def draw_history(
    said: Iterable[Said], candidate: Candidate, count: int, secret: str, hidden: Set[str] = frozenset()
) -> list[Tokens]:
    """At most ``count`` different utterances by the context's responder.

    It leaves out what the item itself shows: its context, and the real responses, which would give the ground truth
    away. It also leaves out what any judged response says (``hidden``, as ``wording``). Utterances from other
    conversations come first; those from the item's own only make up the number.
    """
    context = candidate.context
    left_out = hidden | {wording(text) for text in (*context.utterances, *candidate.references)}
    drawn = shuffled(said, lambda one: (one.conversation_id, str(one.turn)), secret, "history", context.session_id)
    drawn.sort(key=lambda one: one.conversation_id == context.conversation_id)
    different = dict.fromkeys(one.tokens for one in drawn)
    return list(islice((tokens for tokens in different if wording(tokens) not in left_out), count))
