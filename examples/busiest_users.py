"""Prints the users of a corpus who answer most often in its training split, one a line: busiest_users.py CORPUS [N]."""

import sys
from pathlib import Path

import pyarrow.parquet as pq


def busiest(corpus: Path, number: int) -> list[str]:
    """The ``number`` users with the most training responses; row 0 of the table is nobody in particular."""
    users = pq.read_table(corpus / "users.parquet").slice(1)
    order = users.sort_by([("train_responses", "descending"), ("user", "ascending")])
    found: list[str] = order["user_id"].to_pylist()[:number]
    return found


if __name__ == "__main__":
    print(*busiest(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4), sep="\n")
