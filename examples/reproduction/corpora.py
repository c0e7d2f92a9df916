"""Writes a corpus of the study as ``pwae preprocess`` reads it.

    python examples/reproduction/corpora.py cped_tv_dialogue.zh.parquet cped.parquet --rows 4000

In CPED a speaker whose id ends in ``/其他`` (others) is anybody without a name, another one in every conversation: they
get an id for each conversation, so that they are heard in contexts, and no persona is made of those of a whole series.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

OTHERS = "/其他"
COLUMNS = ("conversation_id", "turn", "user_id", "text", "timestamp")


def with_others_apart(table: pa.Table) -> pa.Table:
    """``table`` with an id for each conversation for those who are called others."""
    apart = pc.binary_join_element_wise(table["user_id"], table["conversation_id"], "@")
    users = pc.if_else(pc.ends_with(table["user_id"], OTHERS), apart, table["user_id"])
    return table.set_column(table.schema.get_field_index("user_id"), "user_id", users)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a corpus of the study as 'pwae preprocess' reads it.")
    parser.add_argument("raw", type=Path, help="Parquet: conversation_id, turn, user_id, text, timestamp")
    parser.add_argument("out", type=Path, help="the file to write; it appears when it is complete")
    parser.add_argument("--rows", type=int, default=0, help="only the first so many rows; 0: all")
    given = parser.parse_args()
    try:
        table = pq.read_table(given.raw, columns=list(COLUMNS))
    except (OSError, pa.ArrowInvalid) as error:
        sys.exit(f"{given.raw} cannot be read as Parquet with the columns {', '.join(COLUMNS)}: {error}")
    table = table.slice(0, given.rows or None)
    unfinished = given.out.with_name(f".{given.out.name}.{os.getpid()}.new")  # another process may be at it too
    pq.write_table(with_others_apart(table), unfinished)
    unfinished.replace(given.out)


if __name__ == "__main__":
    main()
