"""Step 6: the corpus's own tables, shard by shard, with the vocabulary's ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import Job
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.steps import naming, splits
from pwae_core.corpus.steps.segment import Roles, sessions_of
from pwae_core.corpus.steps.trees import Indices
from pwae_core.corpus.steps.windows import session_ids
from pwae_core.schemas import HISTORIES, IDS, SESSIONS, TOKENS
from pwae_core.text.vocabulary import UNK, Vocabulary


@dataclass(frozen=True)
class Shard:
    """Everything about a shard: the ``rows`` of the dialogue, and each row's turn, user number and tokens."""

    rows: pa.Table
    turns: Indices
    users: Indices
    position: Indices
    tokens: pa.ListArray
    words: pa.Array
    ids: pa.Array

    def column(self, name: str, rows: Indices) -> pa.Array:
        return self.rows[name].combine_chunks().take(pa.array(rows))

    def utterances(self, rows: Indices) -> tuple[pa.ListArray, pa.ListArray]:
        """Tokens and ids of the utterances at ``rows``."""
        codes = self.tokens.take(pa.array(self.position[rows]))
        flat = codes.flatten()
        tokens = pa.ListArray.from_arrays(codes.offsets, self.words.take(flat), type=TOKENS)
        return tokens, pa.ListArray.from_arrays(codes.offsets, self.ids.take(flat), type=IDS)


def assemble(job: Job, piece: int) -> Counts:
    """Writes one shard of the splits and of the histories. Counts their rows, and the sessions that have a time."""
    rows = naming.named(job, piece)
    windows, split = sessions_of(job, piece, rows)
    roles = Roles.of(rows.num_rows, windows, split)
    shard = _open(job, piece, rows, roles)
    counts: Counts = {}
    for number, name in enumerate(splits.SPLITS):
        table = _sessions(shard, windows[split == number])
        spill.write(job.file(name, piece), table)
        counts[name] = table.num_rows
        counts[f"{name}_times"] = table.num_rows - table["time"].null_count
    said = np.flatnonzero(roles.trained & ~roles.held_response & (shard.users > 0))
    spill.write(job.file("histories", piece), _histories(shard, said))
    return counts | {"histories": len(said)}


def _open(job: Job, piece: int, rows: pa.Table, roles: Roles) -> Shard:
    words = spill.read(job.file("words", piece))["token"].combine_chunks()
    vocabulary = Vocabulary.from_table(spill.read(job.folder / "vocabulary.arrow"))
    users = spill.read(job.folder / "users.arrow")["user_id"].combine_chunks()
    return Shard(
        rows=rows,
        turns=rows["ordinal"].to_numpy(),
        users=_numbers(rows["user_id"].combine_chunks(), users.slice(1), 1, 0).to_numpy(),
        position=np.cumsum(roles.used) - 1,
        tokens=spill.read(job.file("tokens", piece))["tokens"].combine_chunks(),
        words=words,
        ids=encode(words, vocabulary),
    )


def encode(words: pa.Array, vocabulary: Vocabulary) -> pa.Array:
    """The id of every word; UNK for words outside the vocabulary and words spelt like a special token."""
    first = len(vocabulary) - len(vocabulary.ids)
    return _numbers(words, pa.array(vocabulary.tokens[first:], pa.string()), first, UNK)


def _numbers(values: pa.Array, known: pa.Array, first: int, otherwise: int) -> pa.Array:
    """The position of each value in ``known``, counted from ``first``."""
    return pc.fill_null(pc.add(pc.index_in(values, value_set=known), pa.scalar(first, pa.int32())), otherwise)


def _sessions(shard: Shard, windows: Indices) -> pa.Table:
    """``windows`` [sessions, window] as the rows of a split."""
    count, size = windows.shape
    starts, responses = windows[:, 0], windows[:, -1]
    context = windows[:, :-1].reshape(-1)
    offsets = pa.array(np.arange(count + 1) * (size - 1), pa.int32())
    context_tokens, context_ids = shard.utterances(context)
    response_tokens, response_ids = shard.utterances(responses)
    conversations = shard.column("conversation_id", responses)
    columns = {
        "session_id": session_ids(conversations, shard.turns[starts]),
        "conversation_id": conversations,
        "turn": pa.array(shard.turns[starts], pa.int32()),
        "user": pa.array(shard.users[responses], pa.int32()),
        "user_id": shard.column("user_id", responses),
        "context_user_ids": _nested("context_user_ids", offsets, shard.column("user_id", context)),
        "context": _nested("context", offsets, context_tokens),
        "response": response_tokens,
        "context_ids": _nested("context_ids", offsets, context_ids),
        "response_ids": response_ids,
        "time": shard.column("timestamp", responses),
    }
    return pa.table(columns, schema=SESSIONS)


def _nested(name: str, offsets: pa.Array, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(offsets, values, type=SESSIONS.field(name).type)


def _histories(shard: Shard, rows: Indices) -> pa.Table:
    tokens, ids = shard.utterances(rows)
    columns = {
        "user": pa.array(shard.users[rows], pa.int32()),
        "conversation_id": shard.column("conversation_id", rows),
        "turn": pa.array(shard.turns[rows], pa.int32()),
        "tokens": tokens,
        "ids": ids,
    }
    return pa.table(columns, schema=HISTORIES)
