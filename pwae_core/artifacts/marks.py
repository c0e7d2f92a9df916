"""Marks in single files, by which pwae recognises what it wrote, as long as nobody has changed it since.

A file with a mark has a seal, the hash of everything else in it: pages and tables in a comment at the beginning, JSON
Lines in a key of each line, Parquet in its metadata.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pwae_core.files import SEAL, is_regular, to_json

UNSEALED = f"{SEAL} {'0' * 64}"
"""The place of the seal in a mark, before it is sealed."""
SEALED = re.compile(rb"%b [0-9a-f]{64}" % SEAL.encode())
HEAD = 400
OURS = b"pwae"


def seal_text(raw: bytes) -> bytes:
    """A page or a text with UNSEALED in its first lines, with its seal in that place."""
    return raw.replace(UNSEALED.encode(), f"{SEAL} {hashlib.sha256(raw).hexdigest()}".encode(), 1)


def is_sealed_text(path: Path, mark: str) -> bool:
    """Whether ``seal_text`` made the file at ``path``, with ``mark`` in its first lines."""
    raw = path.read_bytes() if is_regular(path) else b""
    found = SEALED.search(raw[:HEAD])
    if not found or mark.encode() not in raw[:HEAD]:
        return False
    plain = SEALED.sub(UNSEALED.encode(), raw, count=1)
    return found.group() == f"{SEAL} {hashlib.sha256(plain).hexdigest()}".encode()


def seal_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a JSON Lines file, with its seal."""
    return {**row, SEAL: hashlib.sha256(to_json(row)).hexdigest()}


def is_sealed_rows(path: Path) -> bool:
    """Whether ``path`` has lines, all sealed by ``seal_row``."""
    if not is_regular(path):
        return False
    with path.open("rb") as lines:
        found = [_is_sealed_row(line) for line in lines]
    return bool(found) and all(found)


def _is_sealed_row(line: bytes) -> bool:
    try:
        row = json.loads(line)
        return bool(seal_row({key: value for key, value in row.items() if key != SEAL}) == row)
    except (ValueError, AttributeError, RecursionError):
        return False


def seal_table(table: pa.Table) -> pa.Table:
    """``table`` with its seal in the metadata."""
    return table.replace_schema_metadata({OURS: _seal_of(table)})


def is_sealed_table(path: Path) -> bool:
    """Whether ``seal_table`` sealed the content of the Parquet file at ``path``."""
    try:
        known = (pq.read_schema(path).metadata or {}).get(OURS) if is_regular(path) else None
        return known is not None and known == _seal_of(pq.read_table(path))
    except (OSError, pa.ArrowException):
        return False


def _seal_of(table: pa.Table) -> bytes:
    return hashlib.sha256(to_json(table.to_pylist())).hexdigest().encode()
