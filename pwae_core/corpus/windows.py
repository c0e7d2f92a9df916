"""Step 4: the sliding window (section 4.1), its filters, and the number that decides each session's split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import spill
from pwae_core.corpus.arrange import conversation_starts
from pwae_core.corpus.engine import Counts
from pwae_core.corpus.job import WINDOWS, Job
from pwae_core.corpus.keys import hash_sessions

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Conversations:
    """Rows in order, by conversation: ``ordinals`` counts a conversation's rows from 0, ``lengths`` is per row."""

    ordinals: Indices
    lengths: Indices

    @classmethod
    def of(cls, starts: Mask) -> Conversations:
        """``starts`` is True where a row is the first of its conversation."""
        first = np.flatnonzero(starts)
        sizes = np.diff(np.append(first, len(starts)))
        ordinals = np.arange(len(starts)) - np.repeat(first, sizes)
        return cls(ordinals, np.repeat(sizes, sizes))

    def count(self, condition: Mask) -> int:
        """How many conversations there are of whose first rows the condition holds."""
        return int((condition & (self.ordinals == 0)).sum())


def slide(job: Job, piece: int) -> Counts:
    """Finds the sessions of one shard; counts ``windows``, ``sessions``, and conversations too ``few`` or ``short``."""
    config = job.config
    rows = spill.read(job.file("dialogue", piece))
    conversations = Conversations.of(conversation_starts(rows))
    starts = window_starts(conversations, config)
    kept = starts[_speakers_known(job, rows, starts)]
    numbers = hash_sessions(config.seed, rows["key"].to_numpy()[kept], conversations.ordinals[kept])
    spill.write(job.file("windows", piece), pa.table([pa.array(kept), pa.array(numbers)], schema=WINDOWS))
    few = conversations.lengths < config.min_turns
    short = ~few & (conversations.lengths < config.window)
    return {
        "windows": len(starts),
        "sessions": len(kept),
        "few": conversations.count(few),
        "short": conversations.count(short),
    }


def window_starts(conversations: Conversations, config: PreprocessConfig) -> Indices:
    """The rows at which windows begin, in order."""
    left = conversations.lengths - conversations.ordinals
    fits = (left >= config.window) & (conversations.lengths >= config.min_turns)
    return np.flatnonzero(fits & (conversations.ordinals % config.stride == 0))


def members(starts: Indices, window: int) -> Indices:
    """The rows of every window, [sessions, window]."""
    return starts[:, None] + np.arange(window)


def _speakers_known(job: Job, rows: pa.Table, starts: Indices) -> Mask:
    """Whether the responder (or every speaker) of each window is over the threshold."""
    known = pa.concat_arrays([pa.array([], pa.string()), *speakers(job)["user_id"].chunks])
    over = pc.is_in(rows["user_id"].combine_chunks(), value_set=known).to_numpy(zero_copy_only=False)
    if job.config.users == "all":
        return np.asarray(over[members(starts, job.config.window)].all(axis=1))
    return np.asarray(over[starts + job.config.window - 1])


def speakers(job: Job) -> pa.Table:
    """The users over the threshold with their utterances, by user_id."""
    tables = [spill.read(path) for path in job.files("speakers", job.shards)]
    return pa.concat_tables(tables).sort_by("user_id")


def session_ids(conversation_ids: pa.Array, turns: Sequence[int] | Indices) -> pa.Array:
    """``<conversation_id>#<turn>``."""
    return pc.binary_join_element_wise(conversation_ids, pa.array(turns).cast(pa.string()), "#")
