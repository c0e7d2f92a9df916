"""Step 4: the sliding window (section 4.1), its filters, and the number that decides each session's split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import WINDOWS, Job
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.steps import naming, splits
from pwae_core.corpus.steps.trees import Indices, Mask


@dataclass(frozen=True)
class Places:
    """The positions of a shard's utterances: their ``ordinals`` in conversations with the ``lengths`` (per row), and
    how many rows back the previous utterance is (``backs``; 0 for a first one).
    """

    ordinals: Indices
    lengths: Indices
    backs: Indices

    @classmethod
    def of(cls, rows: pa.Table) -> Places:
        return cls(*(rows[name].to_numpy().astype(np.int64) for name in ("ordinal", "length", "back")))

    def members(self, ends: Indices, window: int) -> Indices:
        """The rows of every window that ends at ``ends``, [sessions, window]."""
        rows = np.empty((len(ends), window), np.int64)
        rows[:, -1] = ends
        for place in range(window - 1, 0, -1):
            rows[:, place - 1] = rows[:, place] - self.backs[rows[:, place]]
        return rows


def slide(job: Job, piece: int) -> Counts:
    """Finds the sessions of one shard.

    Counts ``windows``, ``sessions``, those without a time (``untimed``) if that matters, and conversations with too
    ``few`` utterances or too ``short`` for a window.
    """
    config = job.config
    rows = naming.named(job, piece)
    places = Places.of(rows)
    ends = window_ends(places, config)
    kept = ends[_speakers_known(job, rows, places, ends)]
    numbers = splits.numbers(rows, places.ordinals - (config.window - 1), kept, config)
    spill.write(job.file("windows", piece), pa.table([pa.array(kept), pa.array(numbers)], schema=WINDOWS))
    leaves = places.ordinals == places.lengths - 1
    few = leaves & (places.lengths < config.min_turns)
    short = leaves & ~few & (places.lengths < config.window)
    return {
        "windows": len(ends),
        "sessions": len(kept),
        "untimed": int((numbers == splits.UNTIMED).sum()) if config.split_by == "time" else 0,
        "few": int(few.sum()),
        "short": int(short.sum()),
    }


def window_ends(places: Places, config: PreprocessConfig) -> Indices:
    """The rows at which windows end, in order: one for each utterance with enough utterances before it."""
    before = places.ordinals - (config.window - 1)
    fits = (before >= 0) & (places.lengths >= max(config.min_turns, config.window))
    return np.flatnonzero(fits & (before % config.stride == 0))


def _speakers_known(job: Job, rows: pa.Table, places: Places, ends: Indices) -> Mask:
    """Whether the responder (or every speaker) of each window is over the threshold."""
    known = pa.concat_arrays([pa.array([], pa.string()), *speakers(job)["user_id"].chunks])
    over = pc.is_in(rows["user_id"].combine_chunks(), value_set=known).to_numpy(zero_copy_only=False)
    if job.config.users == "all":
        return np.asarray(over[places.members(ends, job.config.window)].all(axis=1))
    return np.asarray(over[ends])


def speakers(job: Job) -> pa.Table:
    """The users over the threshold with their utterances, by user_id."""
    tables = [spill.read(path) for path in job.files("speakers", job.shards)]
    return pa.concat_tables(tables).sort_by("user_id")


def session_ids(conversation_ids: pa.Array, turns: Sequence[int] | Indices) -> pa.Array:
    """``<conversation_id>#<turn>``."""
    return pc.binary_join_element_wise(conversation_ids, pa.array(turns).cast(pa.string()), "#")
