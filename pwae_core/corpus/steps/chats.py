"""Chats without turns: messages are ordered by time, and a new conversation begins after each long pause."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.engine.job import ROWS
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.steps.trees import Indices, Mask

ORDER = ("key", "conversation_id", "timestamp", "turn", "utterance_id", "user_id", "text")
SECOND = 1_000_000
NEWEST_FIRST = 5
"""How many times as often a later message precedes an earlier one as follows it, in a chat with the newest first."""
MIXED_SHARE = 0.1
"""The share of a chat's messages before which the file changes, from which on two chats seem to have one name."""
NUMBERS = np.uint64(32)  # bits of a key that number the conversations of a chat; the rest is the chat's own


def conversations(messages: pa.Table, gap: float) -> tuple[pa.Table, Counts]:
    """Messages of chats (``MESSAGES``) as rows of conversations (``ROWS``), in order.

    A conversation ends if the next message comes more than ``gap`` minutes later (0: never). It is called
    ``CHAT/NUMBER``, numbered from 1 within its chat, and keeps the leading bits of its chat's key, so the order of
    conversations does not depend on shards. Of messages with the same id the first is kept; ``repeated`` counts the
    others. Of those without an id (``loose``) all are kept; ``twice`` counts those that say again what was said before,
    at the same time and by the same user. ``mixed`` counts chats in which messages of several files alternate. ``late``
    counts conversations that begin after such a gap.
    """
    messages = _in_order(messages)
    first = _first_of_ids(messages)
    repeated = int((~first).sum())
    messages = messages.filter(pa.array(first)).combine_chunks()
    starts = changes(messages["conversation_id"])
    times = messages["timestamp"].cast(pa.int64()).to_numpy()
    late = np.append(False, np.diff(times) > gap * 60 * SECOND)[: len(times)] if gap else np.zeros(len(times), np.bool_)
    begins = starts | late
    at = np.arange(len(begins))
    numbers = np.cumsum(begins, dtype=np.int64)
    numbers = numbers - _last(starts, numbers) + 1
    turns = at - _last(begins, at)
    keys = messages["key"].to_numpy() >> NUMBERS << NUMBERS | numbers.astype(np.uint64)
    names = pc.binary_join_element_wise(messages["conversation_id"], pa.array(numbers).cast(pa.string()), "/")
    told = [messages[name] for name in ("user_id", "text", "timestamp")]
    rows = pa.table([names, pa.array(turns), *told, pa.array(keys)], schema=ROWS)
    counts = {
        "repeated": repeated,
        **_said_twice(messages),
        "mixed": _mixed(messages),
        "late": int((late & ~starts).sum()),
    }
    return rows, counts


def _in_order(messages: pa.Table) -> pa.Table:
    """The messages by chat and time; those of one time as in the file, or backwards if it has the newest first."""
    by = [(name, "ascending") for name in ORDER]
    messages = messages.sort_by(by).combine_chunks()
    backwards = _newest_first(messages)
    if not backwards.any():
        return messages
    turns = messages["turn"].to_numpy()
    turns = pa.array(np.where(backwards, -turns, turns))
    return messages.set_column(messages.schema.get_field_index("turn"), "turn", turns).sort_by(by).combine_chunks()


def _newest_first(messages: pa.Table) -> Mask:
    """Whether a message (they are in order) is of a chat whose rows run against its times."""
    chat = np.cumsum(changes(messages["conversation_id"])) - 1
    moments = np.flatnonzero(changes(messages["conversation_id"]) | changes(messages["timestamp"]))
    turns = messages["turn"].to_numpy()
    low, high = turns[moments], turns[np.append(moments[1:], len(turns))[: len(moments)] - 1]
    of = chat[moments]
    same = of[1:] == of[:-1]
    against, along = (
        np.bincount(of[1:][same & steps], minlength=of[-1] + 1 if len(of) else 0)
        for steps in (low[:-1] > high[1:], high[:-1] < low[1:])
    )
    found: Mask = (against >= NEWEST_FIRST * np.maximum(along, 1))[chat]
    return found


def _last(where: Mask, values: Indices) -> Indices:
    """For every row, the value of the last row up to it for which ``where`` is true; values ascend from 0."""
    found: Indices = np.maximum.accumulate(np.where(where, values, 0))
    return found


def _first_of_ids(messages: pa.Table) -> Mask:
    """Whether a message is the first with its chat and id; messages without an id are always first."""
    known = pc.is_valid(messages["utterance_id"]).to_numpy()
    ids = messages.select(["conversation_id", "utterance_id"]).append_column("at", pa.array(np.arange(len(known))))
    grouped = ids.group_by(["conversation_id", "utterance_id"], use_threads=False).aggregate([("at", "min")])
    first: Mask = ~known
    first[grouped["at_min"].to_numpy()] = True
    return first


def _said_twice(messages: pa.Table) -> Counts:
    loose = messages.filter(pc.is_null(messages["utterance_id"]))
    different = loose.group_by(["conversation_id", "timestamp", "user_id", "text"], use_threads=False).aggregate([])
    return {"loose": loose.num_rows, "twice": loose.num_rows - different.num_rows}


def _mixed(messages: pa.Table) -> int:
    chat = np.cumsum(changes(messages["conversation_id"])) - 1
    files = pc.fill_null(messages["file"], 0).to_numpy()
    parts = np.bincount(np.unique(np.stack([chat, files]), axis=1)[0])
    runs = np.bincount(chat[np.append(True, (np.diff(files) != 0) | (np.diff(chat) != 0))[: len(chat)]])
    return int(((runs > 2 * parts) & (runs > MIXED_SHARE * np.bincount(chat))).sum())


def changes(column: pa.ChunkedArray) -> Mask:
    """Whether a column's value differs from that in the previous row; True for the first row."""
    values = column.combine_chunks()
    found = np.ones(len(values), np.bool_)
    if len(values) > 1:
        found[1:] = pc.not_equal(values[1:], values[:-1]).to_numpy(zero_copy_only=False)
    return found
