"""What conversations are called: every one differently, whatever its rows look like and wherever they come from.

A path of a reply tree has the id of its leaf. Where another conversation of the run has that id too, because ids are
unique only within their thread, the path is called ``TREE/LEAF``.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import PATHS, Job
from pwae_core.corpus.engine.keys import Keys, hash_repeated
from pwae_core.errors import InputError


def note(job: Job, piece: int, rows: pa.Table) -> None:
    """Writes down the names of one shard's conversations (``rows``: its ``DIALOGUE``), as they are and longer."""
    last = rows.filter(pc.equal(pc.add(rows["ordinal"], 1), rows["length"]))
    hashes = [pa.array(hash_repeated(one.combine_chunks())) for one in (last["conversation_id"], _longer(last))]
    spill.write(job.file("paths", piece), pa.table(hashes, schema=PATHS))


def settle(job: Job) -> None:
    """Finds the names that several conversations have, once all are noted.

    Raises InputError if two would still be called the same.
    """
    parts = pa.concat_tables([spill.read(path) for path in job.files("paths", job.shards)])
    name, longer = (parts[column].to_numpy() for column in PATHS.names)
    repeated = _repeated(name)
    spill.write(job.file("repeated", 0), pa.table({"name": repeated}))
    left = _repeated(np.where(np.isin(name, repeated), longer, name))
    if len(left):
        _refuse(job, left)


def named(job: Job, piece: int) -> pa.Table:
    """One shard of the dialogue; its conversations have names that no others have."""
    rows = spill.read(job.file("dialogue", piece))
    repeated = spill.read(job.file("repeated", 0))["name"].to_numpy()
    if not len(repeated):
        return rows
    again = np.isin(hash_repeated(rows["conversation_id"].combine_chunks()), repeated)
    names = pc.if_else(pa.array(again), _longer(rows), rows["conversation_id"])
    return rows.set_column(rows.schema.get_field_index("conversation_id"), "conversation_id", names)


def _longer(rows: pa.Table) -> pa.ChunkedArray:
    """``TREE/LEAF``; for conversations that are in no tree, their names as they are."""
    return pc.coalesce(pc.binary_join_element_wise(rows["tree"], rows["conversation_id"], "/"), rows["conversation_id"])


def _repeated(names: Keys) -> Keys:
    found, counts = np.unique(names, return_counts=True)
    repeated: Keys = found[counts > 1]
    return repeated


def _refuse(job: Job, hashes: Keys) -> None:
    """Raises InputError for the first name that two conversations have; none if only hashes are equal."""
    seen: Counter[str] = Counter()
    for piece in range(job.shards):
        rows = named(job, piece)
        last = rows.filter(pc.equal(pc.add(rows["ordinal"], 1), rows["length"]))["conversation_id"].combine_chunks()
        seen.update(last.filter(pa.array(np.isin(hash_repeated(last), hashes))).to_pylist())
    twice = min((name for name, count in seen.items() if count > 1), default=None)
    if twice is not None:
        raise InputError(
            f"Two conversations would both be called {twice!r}: files of different shapes share conversation ids. "
            "Change the ids in one of them."
        )
