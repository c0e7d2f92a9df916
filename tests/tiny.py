"""Sessions in memory, without the stages before training: for tests of models and of the loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa

from pwae_core.data.sessions import COLUMNS, Sessions, from_table
from pwae_core.schemas import SESSIONS
from pwae_core.text.vocabulary import Vocabulary, build


@dataclass(frozen=True)
class Tiny:
    """Windows of 3 over rows of (conversation_id, turn, user_id, text); user 0 is nobody in particular."""

    sessions: Sessions
    vocabulary: Vocabulary
    users: dict[str, int]
    rows: list[dict[str, Any]]

    def text(self, ids: Sequence[int]) -> str:
        return " ".join(self.vocabulary.decode(ids))


def tiny(rows: Sequence[dict[str, Any]], *, limit: int | None = None, max_length: int = 20) -> Tiny:
    """Cuts ``rows`` into sessions; white space tokens; at most ``limit`` sessions."""
    vocabulary = build(Counter(token for row in rows for token in row["text"].split()), 1000)
    users = {"<unk>": 0} | {name: n for n, name in enumerate(sorted({row["user_id"] for row in rows}), 1)}
    windows = []
    for _, group in groupby(rows, key=lambda row: row["conversation_id"]):
        said = list(group)
        windows += [said[start : start + 3] for start in range(len(said) - 2)]
    made = [
        {
            "session_id": f"{one['conversation_id']}#{one['turn']}",
            "user": users[answer["user_id"]],
            "user_id": answer["user_id"],
            "context_user_ids": [one["user_id"], two["user_id"]],
            "context_ids": [vocabulary.encode(one["text"].split()), vocabulary.encode(two["text"].split())],
            "response_ids": vocabulary.encode(answer["text"].split()),
        }
        for one, two, answer in windows[:limit]
    ]
    schema = pa.schema([SESSIONS.field(name) for name in COLUMNS])
    return Tiny(from_table(pa.Table.from_pylist(made, schema=schema), max_length), vocabulary, users, made)
