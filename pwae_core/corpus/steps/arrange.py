"""Steps 2 and 3: the utterances of every conversation in their order, and how much each user says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import DIALOGUE, KNOWN, MESSAGES, ROWS, USER_COUNTS, Job
from pwae_core.corpus.engine.keys import hash_texts
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.steps import chats, links, naming, trees
from pwae_core.corpus.steps.chains import OWN, QUOTED
from pwae_core.corpus.steps.chats import changes
from pwae_core.corpus.steps.trees import Indices, Mask

MOST_USERS_TOLD = 3


def arrange(job: Job, piece: int) -> Counts:
    """Orders one shard by turn, by time, or along its reply trees; merges if asked; counts its users.

    Counts ``utterances`` and ``conversations``, the rows they were made from (``own`` and ``quoted`` ones), and reply
    links (see ``in_trees``); ``duplicate`` is a (conversation_id, turn) that occurs twice, or None.
    """
    rows = ordered(spill.read_shard(job.files("rows", len(job.spans)), ROWS, piece, job.shards))
    duplicate = _duplicate(rows)
    messages = spill.read_shard(job.files("messages", len(job.spans)), MESSAGES, piece, job.shards)
    talks, told = chats.conversations(messages, job.config.gap)
    own = rows.num_rows + talks.num_rows
    if job.config.merge_consecutive:
        rows, talks = merged(rows), merged(talks)
    parts = [in_line(rows), in_line(talks)]
    threads = job.files("threads", job.shards)
    counts: Counts = {"own": 0, "quoted": 0, "circular": 0, **links.count_none()}
    if threads[0].is_file():
        grown, counts = in_trees(spill.read_shard(threads, KNOWN, piece, job.shards), job.config.merge_consecutive)
        parts.append(grown)
    rows = together(parts)
    counts["own"] += own
    spill.write(job.file("dialogue", piece), rows)
    naming.note(job, piece, rows)
    users = rows.group_by("user_id", use_threads=False).aggregate([([], "count_all")])
    users = users.rename_columns(["user_id", "utterances"]).cast(USER_COUNTS)
    with spill.writer(job.file("users", piece), USER_COUNTS) as out:
        spill.write_sharded(out, users, hash_texts(users["user_id"].combine_chunks()), job.shards)
    conversations = int((rows["ordinal"].to_numpy() == rows["length"].to_numpy() - 1).sum())
    return {"utterances": rows.num_rows, "conversations": conversations, "duplicate": duplicate} | counts | told


def count(job: Job, piece: int) -> Counts:
    """Sums up one shard of the users and keeps those over the threshold.

    Counts ``users`` and ``enough`` of them; ``most`` are those who say most, [utterances, user_id] each.
    """
    partial = spill.read_shard(job.files("users", job.shards), USER_COUNTS, piece, job.shards)
    users = partial.group_by("user_id", use_threads=False).aggregate([("utterances", "sum")])
    users = users.rename_columns(["user_id", "utterances"])
    enough = users.filter(pc.greater_equal(users["utterances"], job.config.min_utterances))
    spill.write(job.file("speakers", piece), enough.cast(USER_COUNTS))
    most = users.sort_by([("utterances", "descending"), ("user_id", "ascending")]).slice(0, MOST_USERS_TOLD)
    told = [[row["utterances"], row["user_id"]] for row in most.to_pylist()]
    return {"users": users.num_rows, "enough": enough.num_rows, "most": told}


def ordered(rows: pa.Table) -> pa.Table:
    """Rows by (key, conversation_id, turn): an order that does not depend on how they arrived."""
    keys, turns = rows["key"].to_numpy(), rows["turn"].to_numpy()
    result = rows.take(pa.array(np.lexsort((turns, keys)))).combine_chunks()
    same_key = np.diff(result["key"].to_numpy()) == 0
    if np.array_equal(same_key, ~conversation_starts(result)[1:]):
        return result
    by = [(name, "ascending") for name in ("key", "conversation_id", "turn")]
    return rows.sort_by(by).combine_chunks()


def conversation_starts(rows: pa.Table) -> Mask:
    """True where a row is the first of its conversation; rows must be in order."""
    return changes(rows["conversation_id"])


def merged(rows: pa.Table) -> pa.Table:
    """Consecutive rows of one sender as one row: texts joined with a space, everything else from the first."""
    return _joined(rows, conversation_starts(rows) | changes(rows["user_id"]))


def _joined(rows: pa.Table, first: Mask) -> pa.Table:
    """Rows joined to the previous one, unless they are ``first``."""
    starts = np.flatnonzero(first)
    if not len(starts):
        return rows
    offsets = pa.array(np.append(starts, rows.num_rows), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, rows["text"].combine_chunks())
    kept = rows.take(pa.array(starts))
    return kept.set_column(rows.schema.get_field_index("text"), "text", pc.binary_join(lists, " "))


def in_line(rows: pa.Table) -> pa.Table:
    """Rows in order as ``DIALOGUE``: every utterance follows the previous one."""
    first = np.flatnonzero(conversation_starts(rows))
    sizes = np.diff(np.append(first, rows.num_rows))
    ordinals = np.arange(rows.num_rows) - np.repeat(first, sizes)
    backs = (ordinals > 0).astype(np.int64)
    none = pa.nulls(rows.num_rows, pa.string())
    return _dialogue(rows, rows["conversation_id"], ordinals, np.repeat(sizes, sizes), backs, none)


def in_trees(rows: pa.Table, merge: bool) -> tuple[pa.Table, Counts]:
    """Rows of reply trees (``KNOWN``) as ``DIALOGUE``; every path is a conversation with the id of its leaf.

    Rows without user or text are left out, and their replies become replies to what they replied to. Counts ``own``
    rows, ``quoted`` ones, those in a ``circular`` thread, and where the links of own rows lead (``links.count``).
    """
    rows = rows.sort_by([(name, "ascending") for name in ("key", "conversation_id", "utterance_id")]).combine_chunks()
    gone = pc.or_(pc.is_null(rows["user_id"]), pc.is_null(rows["text"])).to_numpy()
    parents, kinds = _parents(rows), rows["kind"].to_numpy()
    nearest = trees.without(parents, gone)
    circular = nearest == np.arange(rows.num_rows)
    kept = ~gone & ~circular
    counts: Counts = {
        "own": int((kept & (kinds == OWN)).sum()),
        "quoted": int((kept & (kinds == QUOTED)).sum()),
        "circular": int((circular & ~gone & (kinds == OWN)).sum()),
        **links.count(rows, parents >= 0, kept & (kinds == OWN)),
    }
    rows, parents = rows.filter(pa.array(kept)), _renumbered(nearest[kept], kept)
    forest = trees.grow(parents, np.arange(rows.num_rows))
    rows = rows.take(pa.array(forest.order)).combine_chunks()
    if merge:
        at = np.arange(rows.num_rows)
        only = np.bincount(at - forest.backs, minlength=rows.num_rows) - (forest.backs == 0) == 1
        first = changes(rows["user_id"]) | (forest.backs != 1) | ~only[np.maximum(at - 1, 0)]
        parents = np.where(forest.backs > 0, (np.cumsum(first) - 1)[at - forest.backs], -1)[first]
        rows = _joined(rows, first)
        forest = trees.grow(parents, np.arange(rows.num_rows))
        rows = rows.take(pa.array(forest.order)).combine_chunks()
    names = rows["utterance_id"].take(pa.array(forest.leaves))
    within = pc.coalesce(rows["conversation_id"], rows["utterance_id"].take(pa.array(forest.roots)))
    return _dialogue(rows, names, forest.depths, forest.lengths, forest.backs, within), counts


def _parents(rows: pa.Table) -> Indices:
    """The row that each row answers, -1 if it is missing. Ids are looked up within their thread."""
    threads = pc.fill_null(rows["conversation_id"], "")
    own, above = (
        pc.binary_join_element_wise(threads, pc.fill_null(rows[name], ""), "\0").combine_chunks()
        for name in ("utterance_id", "reply_to")
    )
    found = pc.fill_null(pc.index_in(above, value_set=own), -1).to_numpy().astype(np.int64)
    return np.where(rows["reply_to"].is_valid().to_numpy(), found, -1)


def _renumbered(parents: Indices, kept: Mask) -> Indices:
    """``parents`` in the numbers of the kept rows."""
    return np.where(parents < 0, -1, (np.cumsum(kept) - 1)[parents])


def together(parts: Sequence[pa.Table]) -> pa.Table:
    """Conversations of all kinds in the order of their keys."""
    rows = pa.concat_tables(parts).combine_chunks()
    keys = rows["key"].to_numpy()
    if np.all(keys[:-1] <= keys[1:]):
        return rows
    return rows.take(pa.array(np.argsort(keys, kind="stable"))).combine_chunks()


def _dialogue(
    rows: pa.Table,
    names: pa.ChunkedArray,
    ordinals: Indices,
    lengths: Indices,
    backs: Indices,
    within: pa.Array | pa.ChunkedArray,
) -> pa.Table:
    places = [pa.array(values, pa.int32()) for values in (ordinals, lengths, backs)]
    texts = [rows[name] for name in ("user_id", "text", "timestamp", "key")]
    return pa.table([names, *texts, *places, within], schema=DIALOGUE)


def _duplicate(rows: pa.Table) -> list[object] | None:
    same = np.append(False, np.diff(rows["turn"].to_numpy()) == 0) & ~conversation_starts(rows)
    if not same.any():
        return None
    row = int(np.flatnonzero(same)[0])
    return [rows["conversation_id"][row].as_py(), rows["turn"][row].as_py()]
