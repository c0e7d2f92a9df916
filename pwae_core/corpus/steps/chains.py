"""Unfolds repost chains: ``mine//@b:hers//@a:his`` is three turns, two of them other people's.

A quotation is identified by the reposted post and the chain from there on, so everybody who quotes it means the same
one. A row that is quoted has an alias, a link of that name to it, so its own words are counted once.
"""

from __future__ import annotations

import hashlib
import re

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.readers.base import Row
from pwae_core.corpus.readers.times import TIME
from pwae_core.corpus.readers.values import RAW

CHAIN = re.compile(r"//\s*[@＠]\s*([^:：/@＠\s]{1,40})\s*[:：]")
MARK = r"//\s*[@＠]"
KIND = pa.int8()
OWN, ALIAS, QUOTED = 0, 1, 2
CHAINED = pa.schema(
    [
        *(pa.field(one.name, TIME) if one.name == "timestamp" else one for one in RAW if one.name != "quoted"),
        ("kind", KIND),
    ]
)


def with_kinds(rows: pa.Table) -> pa.Table:
    """Raw rows (with times parsed) that have ``kind`` in place of ``quoted``."""
    kinds = pc.if_else(pc.fill_null(rows["quoted"], False), pa.scalar(QUOTED, KIND), pa.scalar(OWN, KIND))
    return rows.drop_columns(["quoted"]).append_column("kind", kinds)


def unfold(rows: pa.Table) -> pa.Table:
    """``rows`` (of ``CHAINED``) with their chains cut off, followed by aliases and what the chains quote."""
    text = pc.fill_null(rows["text"], "")
    chained = pc.match_substring_regex(text, MARK)
    aliased = pc.and_(pc.is_valid(rows["user_name"]), pc.equal(rows["kind"], OWN))
    unfolded = [one for row in rows.filter(chained).to_pylist() for one in _unfolded(row)]
    plain = rows.filter(pc.invert(chained))
    quoting = pa.Table.from_pylist(unfolded, schema=CHAINED)
    return pa.concat_tables([plain, quoting, _aliases(rows.filter(aliased))])


def _aliases(rows: pa.Table) -> pa.Table:
    """For each row, a link to it whose id is the name by which chains quote it."""
    asked = (rows[name].to_pylist() for name in ("reply_to", "user_name", "text"))
    names = [_own_name(post, user, text or "") for post, user, text in zip(*asked, strict=True)]
    columns = {
        "conversation_id": rows["conversation_id"],
        "utterance_id": pa.array(names, pa.string()),
        "reply_to": rows["utterance_id"],
        "kind": pa.array([ALIAS] * len(names), KIND),
    }
    return pa.table([columns.get(one.name, pa.nulls(len(names), one.type)) for one in CHAINED], schema=CHAINED)


def _own_name(post: str | None, user: str, text: str) -> str:
    parts = CHAIN.split(text) if "//" in text else [text]
    return _name(post, [user, *parts[1::2]], parts[::2])


def _unfolded(row: Row) -> list[Row]:
    """The row with only its own words, and a quotation for each link of its chain."""
    own, *rest = CHAIN.split(row["text"])
    names, texts = rest[::2], rest[1::2]
    if not names:
        return [row]
    ids = [_name(row["reply_to"], names[start:], texts[start:]) for start in range(len(names))]
    thread = row["conversation_id"]
    quoted = [
        {"conversation_id": thread, "utterance_id": name, "reply_to": above, "user_name": who, "text": text}
        | {"kind": QUOTED}
        for name, above, who, text in zip(ids, [*ids[1:], row["reply_to"]], names, texts, strict=True)
    ]
    return [row | {"text": own, "reply_to": ids[0]}, *quoted]


def _name(post: str | None, names: list[str], texts: list[str]) -> str:
    """The identity of a quotation: a hash of the post and of the chain, ignoring white space."""
    chain = "//".join(f"@{name}:{text}" for name, text in zip(names, texts, strict=True))
    bare = "".join(chain.replace("\u200b", "").split())
    return "chain-" + hashlib.blake2b(f"{post}\n{bare}".encode(), digest_size=12).hexdigest()
