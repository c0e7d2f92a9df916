"""The job that every step of preprocessing gets: settings, raw files, and where each step leaves what.

scan       span   -> rows/SPAN        cleaned rows, sharded by conversation
arrange    shard  -> dialogue/SHARD   rows in order, one after another; users/SHARD, sharded by user
count      shard  -> speakers/SHARD   the users over the threshold
slide      shard  -> windows/SHARD    where sessions begin, and the number that decides their split
segment    shard  -> tokens/SHARD     tokens of the utterances that sessions need; words/SHARD, responders/SHARD
assemble   shard  -> train/SHARD, valid/SHARD, test/SHARD, histories/SHARD
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import Span

ROWS = pa.schema(
    [
        ("conversation_id", pa.string()),
        ("turn", pa.int64()),
        ("user_id", pa.string()),
        ("text", pa.string()),
        ("timestamp", pa.string()),
        ("key", pa.uint64()),
    ]
)
USER_COUNTS = pa.schema([("user_id", pa.string()), ("utterances", pa.int64())])
WINDOWS = pa.schema([("start", pa.int64()), ("number", pa.uint64())])
RESPONSES = pa.schema([("user_id", pa.string()), ("train_responses", pa.int64())])
WORDS = pa.schema([("token", pa.string()), ("count", pa.int64())])


@dataclass(frozen=True)
class Job:
    folder: Path
    config: PreprocessConfig
    spans: tuple[Span, ...]
    shards: int

    def file(self, table: str, piece: int) -> Path:
        return self.folder / f"{table}-{piece}.arrow"

    def files(self, table: str, pieces: int) -> list[Path]:
        return [self.file(table, piece) for piece in range(pieces)]
