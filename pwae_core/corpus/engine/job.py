"""The job that every step of preprocessing gets: settings, raw files, and where each step leaves what.

scan       span   -> rows/SPAN        cleaned rows, sharded by conversation
                     messages/SPAN    cleaned messages of chats, sharded by chat
                     nodes/SPAN       cleaned rows of reply trees, sharded by id; names/SPAN, sharded by name
           (reply trees only: the steps of ``threads`` -> threads/SHARD, sharded by tree)
arrange    shard  -> dialogue/SHARD   utterances in order, each with its place; users/SHARD, sharded by user
                     paths/SHARD      what its conversations are called (``naming``)
count      shard  -> speakers/SHARD   the users over the threshold
slide      shard  -> windows/SHARD    where sessions end, and the number that decides their split
segment    shard  -> tokens/SHARD     tokens of the utterances that sessions need; words/SHARD, responders/SHARD
assemble   shard  -> train/SHARD, valid/SHARD, test/SHARD, histories/SHARD
pack       table  -> the corpus's own file
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import Source, Span
from pwae_core.corpus.readers.times import TIME

ROWS = pa.schema(
    [
        ("conversation_id", pa.string()),
        ("turn", pa.int64()),
        ("user_id", pa.string()),
        ("text", pa.string()),
        ("timestamp", TIME),
        ("key", pa.uint64()),
    ]
)
MESSAGES = pa.schema(  # of chats, which time orders
    [
        ("conversation_id", pa.string()),
        ("utterance_id", pa.string()),
        ("turn", pa.int64()),  # settles what is said at the same time
        ("user_id", pa.string()),
        ("text", pa.string()),
        ("timestamp", TIME),
        ("key", pa.uint64()),
        ("file", pa.uint32()),  # a checksum of the raw file's name
    ]
)
NODES = pa.schema(  # a row without user or text only links others
    [
        ("conversation_id", pa.string()),
        ("utterance_id", pa.string()),
        ("reply_to", pa.string()),
        ("user_id", pa.string()),
        ("user_name", pa.string()),
        ("text", pa.string()),
        ("timestamp", TIME),
        ("kind", pa.int8()),
    ]
)
KNOWN = NODES.append(pa.field("key", pa.uint64()))
HANDLES = pa.schema([("user_name", pa.string()), ("user_id", pa.string())])
LINKS = pa.schema(
    [
        ("id", pa.uint64()),
        ("reply_to", pa.uint64()),
        ("linked", pa.bool_()),
        ("otherwise", pa.uint64()),  # the link without what may have been put around it; as ``reply_to`` for most
        ("nothing", pa.bool_()),  # whether the link may mean none
    ]
)
ROOTS = pa.schema([("key", pa.uint64()), ("circular", pa.bool_()), ("mended", pa.int8())])
DIALOGUE = pa.schema(
    [
        ("conversation_id", pa.string()),  # of the longest path through the utterance
        ("user_id", pa.string()),
        ("text", pa.string()),
        ("timestamp", TIME),
        ("key", pa.uint64()),  # of the conversation, or of the whole tree
        ("ordinal", pa.int32()),  # place in the conversation, from 0
        ("length", pa.int32()),  # utterances of the conversation
        ("back", pa.int32()),  # how many rows back the previous utterance is; 0 for the first
        ("tree", pa.string()),  # in reply trees: the thread or, where there is none, the id of the root
    ]
)
PATHS = pa.schema([("name", pa.uint64()), ("longer", pa.uint64())])  # hashes of names
USER_COUNTS = pa.schema([("user_id", pa.string()), ("utterances", pa.int64())])
WINDOWS = pa.schema([("end", pa.int64()), ("number", pa.uint64())])
RESPONSES = pa.schema([("user_id", pa.string()), ("train_responses", pa.int64())])
WORDS = pa.schema([("token", pa.string()), ("count", pa.int64())])


@dataclass(frozen=True)
class Job:
    """``folder`` is for intermediate files, ``target`` for the result."""

    folder: Path
    target: Path
    config: PreprocessConfig
    spans: tuple[Span, ...]
    shards: int

    @property
    def sources(self) -> list[Source]:
        return list(dict.fromkeys(span.source for span in self.spans))

    def file(self, table: str, piece: int) -> Path:
        return self.folder / f"{table}-{piece}.arrow"

    def files(self, table: str, pieces: int) -> list[Path]:
        return [self.file(table, piece) for piece in range(pieces)]

    def drop(self, *tables: str) -> None:
        """Removes files that no later step needs, to free disk space."""
        for table in tables:
            for path in self.folder.glob(f"{table}-*.arrow"):
                path.unlink()
