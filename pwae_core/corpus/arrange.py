"""Steps 2 and 3: the rows of every conversation in their order, and how much each user says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus import spill
from pwae_core.corpus.engine import Counts
from pwae_core.corpus.job import ROWS, USER_COUNTS, Job
from pwae_core.corpus.keys import hash_texts


def arrange(job: Job, piece: int) -> Counts:
    """Orders one shard by conversation and turn, merges where asked, counts its users.

    Counts ``utterances`` and ``conversations``; ``duplicate`` is a (conversation_id, turn) that stands twice, or None.
    """
    rows = spill.read_shard(job.files("rows", len(job.spans)), ROWS, piece, job.shards)
    rows = ordered(rows)
    duplicate = _duplicate(rows)
    if job.config.merge_consecutive:
        rows = merged(rows)
    spill.write(job.file("dialogue", piece), rows)
    users = rows.group_by("user_id", use_threads=False).aggregate([([], "count_all")])
    users = users.rename_columns(["user_id", "utterances"]).cast(USER_COUNTS)
    with spill.writer(job.file("users", piece), USER_COUNTS) as out:
        spill.write_sharded(out, users, hash_texts(users["user_id"].combine_chunks()), job.shards)
    conversations = int(conversation_starts(rows).sum())
    return {"utterances": rows.num_rows, "conversations": conversations, "duplicate": duplicate}


def count(job: Job, piece: int) -> Counts:
    """Adds up one shard of the users, keeps those over the threshold. Counts ``users`` and ``enough`` of them."""
    partial = spill.read_shard(job.files("users", job.shards), USER_COUNTS, piece, job.shards)
    users = partial.group_by("user_id", use_threads=False).aggregate([("utterances", "sum")])
    users = users.rename_columns(["user_id", "utterances"])
    enough = users.filter(pc.greater_equal(users["utterances"], job.config.min_utterances))
    spill.write(job.file("speakers", piece), enough.cast(USER_COUNTS))
    return {"users": users.num_rows, "enough": enough.num_rows}


def ordered(rows: pa.Table) -> pa.Table:
    """Rows by (key, conversation_id, turn): an order that does not depend on how they came."""
    keys, turns = rows["key"].to_numpy(), rows["turn"].to_numpy()
    result = rows.take(pa.array(np.lexsort((turns, keys)))).combine_chunks()
    same_key = np.diff(result["key"].to_numpy()) == 0
    if np.array_equal(same_key, ~conversation_starts(result)[1:]):
        return result
    by = [(name, "ascending") for name in ("key", "conversation_id", "turn")]
    return rows.sort_by(by).combine_chunks()


def conversation_starts(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """True where a row is the first of its conversation; rows must be in order."""
    return _changes(rows["conversation_id"])


def merged(rows: pa.Table) -> pa.Table:
    """Consecutive rows of one sender as one: texts joined with a space, the rest from the first."""
    starts = np.flatnonzero(conversation_starts(rows) | _changes(rows["user_id"]))
    if not len(starts):
        return rows
    offsets = pa.array(np.append(starts, rows.num_rows), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, rows["text"].combine_chunks())
    first = rows.take(pa.array(starts))
    return first.set_column(rows.schema.get_field_index("text"), "text", pc.binary_join(lists, " "))


def _changes(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    values = column.combine_chunks()
    changes = np.ones(len(values), np.bool_)
    if len(values) > 1:
        changes[1:] = pc.not_equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False)
    return changes


def _duplicate(rows: pa.Table) -> list[object] | None:
    same = np.append(False, np.diff(rows["turn"].to_numpy()) == 0) & ~conversation_starts(rows)
    if not same.any():
        return None
    row = int(np.flatnonzero(same)[0])
    return [rows["conversation_id"][row].as_py(), rows["turn"][row].as_py()]
