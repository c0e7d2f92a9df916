"""What the key says about every item of the sheets."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pwae_core.human_eval.blinding.placement import Placed
from pwae_core.human_eval.sheets.sheet import Sheet
from pwae_core.schemas import ITEMS


def key_items(placed: Sequence[Placed], sheets: Sequence[Sheet]) -> pa.Table:
    """The rows of ``items.parquet``: each item of each annotator, whose it is, and the texts as they are shown."""
    rows = {row.item: row for sheet in sheets for row in sheet.rows}
    return pa.table(
        {
            "annotator": [one.annotator for one in placed],
            "position": [one.position for one in placed],
            "item_id": [one.item_id for one in placed],
            "system": [one.item.system for one in placed],
            "session_id": [one.item.context.session_id for one in placed],
            "user_id": [one.item.context.user_id for one in placed],
            "response": [list(one.item.response) for one in placed],
            "conversation": [rows[one.item_id].conversation for one in placed],
            "history": [rows[one.item_id].history for one in placed],
            "response_text": [rows[one.item_id].response for one in placed],
            "other": [one.item.other for one in placed],
            "other_response": [list(one.item.other_response) for one in placed],
            "other_text": [rows[one.item_id].other for one in placed],
            "expected": [" ".join(f"{name}={answer}" for name, answer in one.item.expected) for one in placed],
        },
        schema=ITEMS,
    )
