"""Step 1: raw rows of a span, checked, cleaned, and dealt out by conversation (reply trees: by utterance)."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import HANDLES, NODES, ROWS, Job
from pwae_core.corpus.engine.keys import hash_repeated, hash_texts
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.steps import chains
from pwae_core.text.clean import clean, is_bare, tidy

EMPTY_HASHES = [hashlib.new(name, b"").hexdigest() for name in ("md5", "sha1", "sha256")]
PLACEHOLDERS = ["null", "none", "nan", "undefined", "n/a"]
NO_USER = "no user_id"
LEFT_OUT = "user left out (--drop-user)"
NO_ID = "no utterance_id"
CLEANED_AWAY = "nothing left after cleaning"
BARE = "only punctuation left after cleaning"
UTTERANCES = (CLEANED_AWAY, BARE)


class Rejected(Counter[str]):
    """How many rows were left out, by reason."""


def scan(job: Job, piece: int) -> Counts:
    """Reads one span. Counts rows ``read`` and ``kept``, ``nodes`` and, by reason, those ``rejected``."""
    rejected = Rejected()
    counts = {"read": 0, "kept": 0, "nodes": 0}
    with (
        spill.writer(job.file("rows", piece), ROWS) as rows,
        spill.writer(job.file("nodes", piece), NODES) as nodes,
        spill.writer(job.file("names", piece), HANDLES) as names,
    ):
        for batch in readers.read(job.spans[piece], job.config):
            quoted = pc.sum(batch.table["quoted"]).as_py() or 0
            counts["read"] += batch.table.num_rows - quoted + sum(batch.passed.values())
            rejected.update(batch.passed)
            if batch.shape == "replies":
                kept, found, people = _tree_rows(batch.table, job, rejected)
                counts["nodes"] += found.num_rows
                home = pc.coalesce(found["conversation_id"], found["utterance_id"]).combine_chunks()
                spill.write_sharded(nodes, found, hash_texts(home), job.shards)
                spill.write_sharded(names, people, hash_texts(people["user_name"].combine_chunks()), job.shards)
            else:
                kept = _write_rows(rows, batch.table, job, rejected)
            counts["kept"] += kept
    return counts | {"rejected": dict(rejected)}


def _write_rows(out: spill.Writer, rows: pa.Table, job: Job, rejected: Rejected) -> int:
    rows = rows.select([name for name in ROWS.names if name != "key"])
    needed = unplaced(rows) | lacks(rows, rows["user_id"], job.config)
    rows, emptied = cleaned(rows, job.config)
    why = first(needed | emptied, rows.num_rows)
    rows = rows.filter(_count(why, rejected))
    keys = hash_repeated(rows["conversation_id"].combine_chunks())
    spill.write_sharded(out, rows.append_column("key", pa.array(keys)), keys, job.shards)
    return int(rows.num_rows)


def _tree_rows(rows: pa.Table, job: Job, rejected: Rejected) -> tuple[int, pa.Table, pa.Table]:
    """How many rows of their own have all they need; all rows, of which those that lack something only link others; and
    who has which name."""
    rows = rows.filter(_count(first({NO_ID: blank(rows["utterance_id"])}, rows.num_rows), rejected))
    rows = chains.with_kinds(rows)
    if job.config.unfold:
        rows = chains.unfold(rows)
    rows = _without_blanks(rows.select(NODES.names))
    own = pc.equal(rows["kind"], chains.OWN)
    by_name = pc.and_(pc.equal(rows["kind"], chains.QUOTED), pc.is_valid(rows["user_name"]))
    users = pc.if_else(by_name, pc.coalesce(rows["user_id"], rows["user_name"]), rows["user_id"])
    needed = lacks(rows, users, job.config)
    rows, emptied = cleaned(rows, job.config)
    why = first(needed | emptied, rows.num_rows)
    _count(why.filter(own), rejected)
    nobody = pc.or_(pc.starts_with(why, NO_USER), pc.equal(why, LEFT_OUT))
    people = rows.filter(pc.and_(pc.is_valid(rows["user_name"]), pc.and_not(pc.is_valid(rows["user_id"]), nobody)))
    people = people.group_by(HANDLES.names, use_threads=False).aggregate([]).select(HANDLES.names)
    there = pc.equal(why, "")
    for name in ("user_id", "text"):
        values = pc.if_else(there, rows[name], pa.scalar(None, pa.string()))
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return pc.sum(pc.and_(own, there)).as_py() or 0, rows, people


def _without_blanks(rows: pa.Table) -> pa.Table:
    """Threads, links and names that are empty are none; neither is a link of an utterance to itself."""
    for name in ("conversation_id", "reply_to", "user_name"):
        none = blank(rows[name])
        if name == "reply_to":
            none = pc.or_(none, pc.fill_null(pc.equal(rows[name], rows["utterance_id"]), False))
        values = pc.if_else(none, pa.scalar(None, pa.string()), rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows


def unplaced(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The rows that stand nowhere, by reason."""
    return {"no conversation_id": blank(rows["conversation_id"]), "no turn": pc.is_null(rows["turn"])}


def lacks(rows: pa.Table, users: pa.ChunkedArray, config: PreprocessConfig) -> dict[str, pa.ChunkedArray]:
    """Each reason for which a row is left out as it came, and the rows that it holds for."""
    users = pc.utf8_trim_whitespace(pc.fill_null(users, ""))
    low = pc.utf8_lower(users)
    return {
        NO_USER: pc.equal(users, ""),
        f"{NO_USER} (null, none, nan, undefined)": pc.is_in(low, value_set=pa.array(PLACEHOLDERS)),
        f"{NO_USER} (the hash of nothing)": pc.is_in(low, value_set=pa.array(EMPTY_HASHES)),
        LEFT_OUT: pc.is_in(users, value_set=pa.array(config.drop_users, pa.string())),
        "no text": blank(rows["text"]),
    }


def blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """True where there is nothing, or white space."""
    return pc.equal(pc.utf8_trim_whitespace(pc.fill_null(column, "")), "")


def cleaned(rows: pa.Table, config: PreprocessConfig) -> tuple[pa.Table, dict[str, pa.ChunkedArray]]:
    """The rows with cleaned texts, and which of them cleaning left worth nothing, by reason."""
    raw = rows["text"].combine_chunks()
    texts = clean(raw, config.clean, config.lowercase)
    emptied = {CLEANED_AWAY: pa.chunked_array([pc.fill_null(pc.equal(texts, ""), False)])}
    bare = pc.fill_null(is_bare(texts), False)
    if pc.any(bare).as_py():
        touched = pc.not_equal(texts.filter(bare), tidy(raw.filter(bare), config.lowercase))
        emptied[BARE] = pa.chunked_array([pc.replace_with_mask(bare, bare, touched)])
    return rows.set_column(rows.schema.get_field_index("text"), "text", texts), emptied


def first(reasons: dict[str, pa.ChunkedArray], count: int) -> pa.ChunkedArray:
    """For every row the first reason that holds for it, or ""."""
    why = pa.chunked_array([pa.array([""]).take(pa.array(np.zeros(count, np.int64)))])
    for reason, holds in reversed(reasons.items()):
        if pc.any(holds).as_py():
            why = pc.if_else(holds, reason, why)
    return why


def _count(why: pa.ChunkedArray, rejected: Rejected) -> pa.ChunkedArray:
    """Counts the rows that have a reason to be left out; True for the others."""
    for one in why.value_counts().to_pylist():
        if one["values"]:
            rejected[one["values"]] += one["counts"]
    return pc.equal(why, "")
