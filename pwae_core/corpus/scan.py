"""Step 1: raw rows of a span, checked, cleaned, and dealt out by conversation."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers, spill
from pwae_core.corpus.engine import Counts
from pwae_core.corpus.job import ROWS, Job
from pwae_core.corpus.keys import hash_texts
from pwae_core.text.clean import clean

MISSING = {
    "conversation_id": "no conversation_id",
    "turn": "no turn",
    "user_id": "no user_id",
    "text": "no text",
}
CLEANED_AWAY = "nothing left after cleaning"


def scan(job: Job, piece: int) -> Counts:
    """Reads one span. Counts rows ``read``, rows ``kept`` and, under ``rejected``, those dropped by reason."""
    rejected: Counter[str] = Counter()
    read = kept = 0
    with spill.writer(job.file("rows", piece), ROWS) as out:
        for batch in readers.read(job.spans[piece], job.config.columns):
            rows = _present(batch.table, rejected)
            rows = _cleaned(rows, job.config, rejected)
            keys = hash_texts(rows["conversation_id"].combine_chunks())
            spill.write_sharded(out, rows.append_column("key", pa.array(keys)), keys, job.shards)
            read += batch.table.num_rows
            kept += rows.num_rows
    return {"read": read, "kept": kept, "rejected": rejected}


def _present(rows: pa.Table, rejected: Counter[str]) -> pa.Table:
    """The rows that have everything; each other row is counted under the first thing it lacks."""
    for field, reason in MISSING.items():
        column = rows[field]
        there = pc.is_valid(column)
        if field != "turn":
            there = pc.and_(there, pc.not_equal(pc.utf8_trim_whitespace(pc.fill_null(column, "")), ""))
        rows = _keep(rows, there, reason, rejected)
    return rows


def _cleaned(rows: pa.Table, config: PreprocessConfig, rejected: Counter[str]) -> pa.Table:
    texts = clean(rows["text"].combine_chunks(), config.clean, config.lowercase)
    rows = rows.set_column(rows.schema.get_field_index("text"), "text", texts)
    return _keep(rows, pc.not_equal(texts, ""), CLEANED_AWAY, rejected)


def _keep(rows: pa.Table, mask: pa.Array, reason: str, rejected: Counter[str]) -> pa.Table:
    kept = rows.filter(mask)
    if kept.num_rows < rows.num_rows:
        rejected[reason] += rows.num_rows - kept.num_rows
    return kept
