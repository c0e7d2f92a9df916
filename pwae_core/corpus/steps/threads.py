"""Steps of reply trees, between scan and arrange: they resolve names, drop repetitions, bring each tree to one shard.

names    shard of names  -> handles/SHARD  names that one user alone has
gather   shard of ids    -> known/SHARD    utterances, each id once, quotations with their users; links/SHARD
link     everything      -> roots/SHARD    the key of each utterance's tree
deal     shard of ids    -> threads/SHARD  the utterances, sharded by tree
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import HANDLES, KNOWN, LINKS, NODES, ROOTS, Job
from pwae_core.corpus.engine.keys import hash_texts
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.steps import links, nobody, trees
from pwae_core.corpus.steps.chains import OWN, QUOTED


def names(job: Job, piece: int) -> Counts:
    """Keeps the names of one shard that belong to exactly one user. Counts the ``names`` kept."""
    pairs = spill.read_shard(job.files("names", len(job.spans)), HANDLES, piece, job.shards)
    found = pairs.group_by("user_name", use_threads=False).aggregate([("user_id", "min"), ("user_id", "max")])
    single = found.filter(pc.equal(found["user_id_min"], found["user_id_max"]))
    handles = pa.table([single["user_name"], single["user_id_min"]], schema=HANDLES)
    spill.write(job.file("handles", piece), handles)
    return {"names": handles.num_rows}


def gather(job: Job, piece: int) -> Counts:
    """Each utterance of one shard once. Counts ``repeated`` ones, those of another user than the one kept
    (``clashing``), quotations of ``unknown`` users, and links within threads that were repaired (``mended``) or mean
    none (``rooted``).
    """
    rows = spill.read_shard(job.files("nodes", len(job.spans)), NODES, piece, job.shards)
    rows, repeated = each_once(rows)
    rows, unknown = _resolved(job, rows)
    threaded = pc.is_valid(rows["conversation_id"])
    keys = np.zeros(rows.num_rows, np.uint64)
    mask = threaded.to_numpy()
    keys[mask] = hash_texts(rows["conversation_id"].filter(threaded).combine_chunks())
    mended = np.zeros(rows.num_rows, np.int8)
    mended[mask] = links.mend(rows.filter(threaded))
    own = rows["kind"].to_numpy() == OWN
    rows = links.rewritten(rows, mended)
    spill.write(job.file("known", piece), rows.append_column("key", pa.array(keys)).cast(KNOWN))
    loose = rows.filter(pc.invert(threaded))
    spill.write(job.file("links", piece), _links(loose))
    return {**repeated, "unknown": unknown, **_mended(mended, own)}


def _links(loose: pa.Table) -> pa.Table:
    to = pc.fill_null(loose["reply_to"], "").combine_chunks()
    hashes = hash_texts(to)
    shorter = links.bare(to)
    around = pc.is_valid(shorter).to_numpy(zero_copy_only=False)
    otherwise = hashes.copy()
    otherwise[around] = hash_texts(shorter.drop_null())
    ids = pa.array(hash_texts(loose["utterance_id"].combine_chunks()))
    columns = [ids, pa.array(hashes), pc.is_valid(loose["reply_to"]), pa.array(otherwise), nobody.is_no_parent(to)]
    return pa.table(columns, schema=LINKS)


def _mended(mended: links.Mended, own: trees.Mask) -> Counts:
    return {
        "mended": int((own & (mended == links.PUT_RIGHT)).sum()),
        "rooted": int((own & (mended == links.ROOT)).sum()),
    }


def each_once(rows: pa.Table) -> tuple[pa.Table, Counts]:
    """One row per id, in the order of ids; an utterance's own row is preferred to an alias, and that to a quotation.

    Also counts the own rows with a user and a text that were dropped (``repeated``), and those of them that another
    user wrote (``clashing``). Which of several rows is kept does not depend on their order: one with both is preferred,
    then the earliest.
    """
    by = ("conversation_id", "utterance_id", "kind", "lacks", "timestamp", "user_id", "text", "reply_to")
    rows = rows.append_column("lacks", pc.or_(pc.is_null(rows["user_id"]), pc.is_null(rows["text"])))
    rows = rows.sort_by([(name, "ascending") for name in by]).combine_chunks()
    if not rows.num_rows:
        return rows.drop_columns(["lacks"]), {"repeated": 0, "clashing": 0}
    again = np.zeros(rows.num_rows, np.bool_)
    ids, threads = (rows[name].combine_chunks() for name in ("utterance_id", "conversation_id"))
    threads = pc.fill_null(threads, "")
    same = pc.and_(pc.equal(ids[1:], ids[:-1]), pc.equal(threads[1:], threads[:-1]))
    again[1:] = same.to_numpy(zero_copy_only=False)
    dropped = again & (rows["kind"].to_numpy() == OWN) & ~rows["lacks"].to_numpy()
    users = rows["user_id"].combine_chunks()
    kept = np.maximum.accumulate(np.where(again, 0, np.arange(rows.num_rows)))
    others = pc.fill_null(pc.not_equal(users, users.take(pa.array(kept))), False).to_numpy(zero_copy_only=False)
    counts = {"repeated": int(dropped.sum()), "clashing": int((dropped & others).sum())}
    return rows.filter(pa.array(~again)).drop_columns(["lacks"]), counts


def _resolved(job: Job, rows: pa.Table) -> tuple[pa.Table, int]:
    """Gives quotations the user of that name; those of unknown names are counted and only link others."""
    nameless = pc.and_(pc.equal(rows["kind"], QUOTED), pc.and_(pc.is_null(rows["user_id"]), pc.is_valid(rows["text"])))
    wanted = pc.unique(rows["user_name"].filter(nameless))
    if not len(wanted):
        return rows, 0
    shards = [spill.read(path) for path in job.files("handles", job.shards)]
    known = pa.concat_tables([one.filter(pc.is_in(one["user_name"], value_set=wanted)) for one in shards])
    place = pc.index_in(rows["user_name"], value_set=known["user_name"].combine_chunks())
    users = pc.if_else(nameless, known["user_id"].take(place), rows["user_id"])
    lost = pc.and_(nameless, pc.is_null(users))
    rows = rows.set_column(rows.schema.get_field_index("user_id"), "user_id", users)
    texts = pc.if_else(lost, pa.scalar(None, pa.string()), rows["text"])
    return rows.set_column(rows.schema.get_field_index("text"), "text", texts), int(pc.sum(lost).as_py() or 0)


def link(job: Job, piece: int) -> Counts:  # noqa: ARG001
    """Finds the tree of every utterance. Needs about 50 bytes of memory per utterance without a thread."""
    parts = [spill.read(path) for path in job.files("links", job.shards)]
    ids, to, linked, otherwise, nothing = (
        np.concatenate([part[name].to_numpy() for part in parts]) for name in LINKS.names
    )
    found = trees.roots(ids, to, linked, otherwise, nothing)
    start = 0
    for shard, part in enumerate(parts):
        here = slice(start, start + part.num_rows)
        columns = [pa.array(found.keys[here]), pa.array(found.circular[here]), pa.array(found.mended[here])]
        spill.write(job.file("roots", shard), pa.table(columns, schema=ROOTS))
        start += part.num_rows
    return {"linked": len(ids)}


def deal(job: Job, piece: int) -> Counts:
    """Moves the utterances of one shard to the shards of their trees. Counts those in a ``circular`` tree, and links
    that were repaired (``mended``) or mean none (``rooted``).
    """
    rows = spill.read(job.file("known", piece))
    found = spill.read(job.file("roots", piece))
    loose = rows["conversation_id"].is_null().to_numpy()
    keys = rows["key"].to_numpy().copy()
    keys[loose] = found["key"].to_numpy()
    circular = np.zeros(rows.num_rows, np.bool_)
    circular[loose] = found["circular"].to_numpy()
    mended = np.zeros(rows.num_rows, np.int8)
    mended[loose] = found["mended"].to_numpy()
    own = rows["kind"].to_numpy() == OWN
    counts = {"circular": int((circular & own & _whole(rows)).sum())} | _mended(mended, own)
    rows = links.rewritten(rows, mended)
    rows = rows.set_column(rows.schema.get_field_index("key"), "key", pa.array(keys)).filter(pa.array(~circular))
    with spill.writer(job.file("threads", piece), KNOWN) as out:
        spill.write_sharded(out, rows, keys[~circular], job.shards)
    return counts


def _whole(rows: pa.Table) -> trees.Mask:
    """Whether rows have a user and a text: the others were counted when they were read."""
    return np.asarray(pc.and_(pc.is_valid(rows["user_id"]), pc.is_valid(rows["text"])).to_numpy())
