"""Step 1: the raw rows of a span, checked, cleaned, and sharded by conversation (reply trees: by utterance)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import HANDLES, MESSAGES, NODES, ROWS, Job
from pwae_core.corpus.engine.keys import hash_repeated, hash_texts
from pwae_core.corpus.engine.runner import Counts
from pwae_core.corpus.readers import Source
from pwae_core.corpus.readers.base import Shape
from pwae_core.corpus.readers.times import is_never, parse_times
from pwae_core.corpus.steps import chains, clocks, garbled, identifiers, nobody
from pwae_core.text.clean import clean, is_bare
from pwae_core.text.markup import strip_markup

NO_USER, NO_TEXT = "no user_id", "no text"
LEFT_OUT = "user left out (--drop-user)"
NO_ID, NO_CONVERSATION, NO_TURN = "no utterance_id", "no conversation_id", "no turn"
NO_TIME = "no timestamp, or none that is understood"
CLEANED_AWAY = "nothing left after cleaning"
BARE = "only punctuation left after cleaning"
UTTERANCES = (CLEANED_AWAY, BARE)


@dataclass(frozen=True)
class Rules:
    """The rules for the rows of one file: those of its format, and the user's settings."""

    steps: tuple[str, ...]
    lowercase: bool
    zone: str
    form: str | None
    nobody: tuple[str, ...]
    dropped: tuple[str, ...]

    @classmethod
    def of(cls, source: Source, config: PreprocessConfig) -> Rules:
        reader = readers.reader(source)
        return cls(
            steps=config.steps(reader.clean),
            lowercase=config.lowercase,
            zone=reader.time_zone or config.time_zone,
            form=None if reader.time_zone else config.time_format,
            nobody=nobody.words_for(reader),
            dropped=config.drop_users,
        )


@dataclass
class Seen:
    """What was found in a span: rows left out, by reason; repaired and damaged ids; garbled texts; times that were not
    understood; what the times of chats look like (``clocks``); which of the users to drop there are.
    """

    rejected: Counter[str] = field(default_factory=Counter)
    trimmed: int = 0
    floats: int = 0
    damage: identifiers.Damage = field(default_factory=dict)
    texts: garbled.Garbled = field(default_factory=dict)
    unread_times: int = 0
    unread_time: str = ""
    clocks: Counter[str] = field(default_factory=Counter)
    dropped: set[str] = field(default_factory=set)

    def facts(self) -> dict[str, Any]:
        return {
            "rejected": dict(self.rejected),
            "trimmed": self.trimmed,
            "floats": self.floats,
            "damage": self.damage,
            "texts": self.texts,
            "unread_times": self.unread_times,
            "unread_time": self.unread_time,
            "clocks": dict(self.clocks),
            "dropped": sorted(self.dropped),
        }


def scan(job: Job, piece: int) -> Counts:
    """Reads one span. Counts rows ``read`` and ``kept``, ``nodes``, and everything that ``Seen`` does."""
    seen, rules = Seen(), Rules.of(job.spans[piece].source, job.config)
    counts = {"read": 0, "kept": 0, "nodes": 0}
    with (
        spill.writer(job.file("rows", piece), ROWS) as rows,
        spill.writer(job.file("messages", piece), MESSAGES) as messages,
        spill.writer(job.file("nodes", piece), NODES) as nodes,
        spill.writer(job.file("names", piece), HANDLES) as names,
    ):
        for batch in readers.read(job.spans[piece], job.config):
            quoted = pc.sum(batch.table["quoted"]).as_py() or 0
            counts["read"] += batch.table.num_rows - quoted + sum(batch.passed.values())
            seen.rejected.update(batch.passed)
            table = prepared(batch.table, rules, seen)
            if batch.shape == "replies":
                kept, found, people = _tree_rows(table, job, rules, seen)
                counts["nodes"] += found.num_rows
                home = pc.coalesce(found["conversation_id"], found["utterance_id"]).combine_chunks()
                spill.write_sharded(nodes, found, hash_texts(home), job.shards)
                spill.write_sharded(names, people, hash_texts(people["user_name"].combine_chunks()), job.shards)
            elif batch.shape == "times":
                seen.clocks.update(clocks.counted(table["timestamp"], rules.zone))
                file = crc32(job.spans[piece].source.name.encode("utf-8", "surrogateescape"))
                table = table.append_column("file", pa.array(np.full(table.num_rows, file, np.uint32)))
                kept = _write_placed(messages, table, MESSAGES, "times", job, rules, seen)
            else:
                kept = _write_placed(rows, table, ROWS, "turns", job, rules, seen)
            counts["kept"] += kept
    return counts | seen.facts()


def prepared(rows: pa.Table, rules: Rules, seen: Seen) -> pa.Table:
    """The rows with HTML and times parsed and ids repaired; findings about ids, texts and times are counted."""
    seen.texts = garbled.together(seen.texts, garbled.counted(rows["text"]))
    repaired = identifiers.put_right(unmarked(rows, rules))
    rows = repaired.rows
    seen.trimmed += repaired.trimmed
    seen.floats += repaired.floats
    seen.damage = identifiers.together(seen.damage, identifiers.damage(rows))
    texts = rows["timestamp"].combine_chunks()
    times = parse_times(texts, rules.zone, rules.form)
    if times.null_count > texts.null_count:
        unread = texts.filter(pc.and_(pc.is_null(times), pc.invert(is_never(texts))))
        seen.unread_times += len(unread)
        seen.unread_time = min(filter(None, (seen.unread_time, pc.min(unread).as_py())), default="")
    return rows.set_column(rows.schema.get_field_index("timestamp"), "timestamp", times)


def unmarked(rows: pa.Table, rules: Rules) -> pa.Table:
    """The rows with HTML decoded, if that is a step: only then can chains be recognised."""
    return with_text(rows, strip_markup(rows["text"].combine_chunks())) if "html" in rules.steps else rows


def with_text(rows: pa.Table, texts: pa.Array) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index("text"), "text", texts)


def _write_placed(
    out: spill.Writer, rows: pa.Table, schema: pa.Schema, shape: Shape, job: Job, rules: Rules, seen: Seen
) -> int:
    """Writes the complete rows, whose columns give their places in conversations; returns how many."""
    rows = rows.select([name for name in schema.names if name != "key"])
    rows, why = judged(rows, shape, rules, seen)
    rows = rows.filter(_count(why, seen.rejected))
    keys = hash_repeated(rows["conversation_id"].combine_chunks())
    spill.write_sharded(out, rows.append_column("key", pa.array(keys)).select(schema.names), keys, job.shards)
    return int(rows.num_rows)


def judged(rows: pa.Table, shape: Shape, rules: Rules, seen: Seen) -> tuple[pa.Table, pa.ChunkedArray]:
    """The ``prepared`` rows with cleaned texts, and why each of them is left out, or ""."""
    needed = unplaced(rows, shape) | lacks(rows, rows["user_id"], rules)
    seen.dropped.update(_found(rows["user_id"], needed))
    rows, emptied = cleaned(rows, rules)
    return rows, first(needed | emptied, rows.num_rows)


def _tree_rows(rows: pa.Table, job: Job, rules: Rules, seen: Seen) -> tuple[int, pa.Table, pa.Table]:
    """The number of complete rows; all rows, of which incomplete ones only link others; and who has which name."""
    rows = chains.with_kinds(rows)
    nameless = blank(rows["utterance_id"])
    seen.rejected[NO_ID] += pc.sum(pc.and_(nameless, pc.equal(rows["kind"], chains.OWN))).as_py() or 0
    rows = _without_blanks(rows.filter(pc.invert(nameless)))
    rows = (chains.unfold(rows) if job.config.unfold else rows).select(NODES.names)
    own = pc.equal(rows["kind"], chains.OWN)
    by_name = pc.and_(pc.equal(rows["kind"], chains.QUOTED), pc.is_valid(rows["user_name"]))
    users = pc.if_else(by_name, pc.coalesce(rows["user_id"], rows["user_name"]), rows["user_id"])
    needed = lacks(rows, users, rules)
    seen.dropped.update(_found(users, needed))
    rows, emptied = cleaned(rows, rules)
    why = first(needed | emptied, rows.num_rows)
    _count(why.filter(own), seen.rejected)
    unknown = pc.or_(pc.starts_with(why, NO_USER), pc.equal(why, LEFT_OUT))
    people = rows.filter(pc.and_(pc.is_valid(rows["user_name"]), pc.and_not(pc.is_valid(rows["user_id"]), unknown)))
    people = people.group_by(HANDLES.names, use_threads=False).aggregate([]).select(HANDLES.names)
    there = pc.equal(why, "")
    for name in ("user_id", "text"):
        values = pc.if_else(there, rows[name], pa.scalar(None, pa.string()))
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return pc.sum(pc.and_(own, there)).as_py() or 0, rows, people


def _without_blanks(rows: pa.Table) -> pa.Table:
    """Drops empty threads, links and names, and links from an utterance to itself."""
    for name in ("conversation_id", "reply_to", "user_name"):
        none = blank(rows[name])
        if name == "reply_to":
            none = pc.or_(none, pc.fill_null(pc.equal(rows[name], rows["utterance_id"]), False))
        values = pc.if_else(none, pa.scalar(None, pa.string()), rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows


def unplaced(rows: pa.Table, shape: Shape) -> dict[str, pa.ChunkedArray]:
    """The rows without a place, by reason."""
    if shape == "replies":
        return {NO_ID: blank(rows["utterance_id"])}
    nowhere = {NO_CONVERSATION: blank(rows["conversation_id"])}
    column, reason = ("timestamp", NO_TIME) if shape == "times" else ("turn", NO_TURN)
    return nowhere | {reason: pc.is_null(rows[column])}


def lacks(rows: pa.Table, users: pa.ChunkedArray, rules: Rules) -> dict[str, pa.ChunkedArray]:
    """Each reason why a row (with repaired ids) is left out before cleaning, and the rows it applies to."""
    users = pc.fill_null(users, "")
    texts = pc.utf8_trim_whitespace(pc.fill_null(rows["text"], ""))
    return {
        NO_USER: pc.equal(users, ""),
        f"{NO_USER} (null, [deleted] and the like)": nobody.is_placeholder(users, rules.nobody),
        f"{NO_USER} (the hash of nothing)": nobody.is_empty_hash(users),
        LEFT_OUT: pc.is_in(users, value_set=pa.array(rules.dropped, pa.string())),
        NO_TEXT: pc.equal(texts, ""),
        f"{NO_TEXT} (NULL, [removed] and the like)": nobody.is_no_text(texts),
    }


def _found(users: pa.ChunkedArray, why: dict[str, pa.ChunkedArray]) -> list[str]:
    """Which of the users to drop are among ``users``."""
    found: list[str] = pc.unique(users.filter(why[LEFT_OUT])).to_pylist()
    return found


def blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """True for nothing, or only white space."""
    return pc.equal(pc.utf8_trim_whitespace(pc.fill_null(column, "")), "")


def cleaned(rows: pa.Table, rules: Rules) -> tuple[pa.Table, dict[str, pa.ChunkedArray]]:
    """The rows with cleaned texts, and those that cleaning left without content, by reason."""
    raw = rows["text"].combine_chunks()
    texts = clean(raw, rules.steps, rules.lowercase)
    emptied = {CLEANED_AWAY: pa.chunked_array([pc.fill_null(pc.equal(texts, ""), False)])}
    bare = pc.fill_null(is_bare(texts), False)
    if pc.any(bare).as_py():
        touched = pc.not_equal(texts.filter(bare), clean(raw.filter(bare), (), rules.lowercase))
        emptied[BARE] = pa.chunked_array([pc.replace_with_mask(bare, bare, touched)])
    return with_text(rows, texts), emptied


def first(reasons: dict[str, pa.ChunkedArray], count: int) -> pa.ChunkedArray:
    """For every row, the first reason that applies to it, or ""."""
    why = pa.chunked_array([pa.array([""]).take(pa.array(np.zeros(count, np.int64)))])
    for reason, holds in reversed(reasons.items()):
        if pc.any(holds).as_py():
            why = pc.if_else(holds, reason, why)
    return why


def _count(why: pa.ChunkedArray, rejected: Counter[str]) -> pa.ChunkedArray:
    """Counts the rows with a reason to be left out; True for the others."""
    for one in why.value_counts().to_pylist():
        if one["values"]:
            rejected[one["values"]] += one["counts"]
    return pc.equal(why, "")
