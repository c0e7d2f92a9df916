"""Reply links that lead nowhere as they are written: what is certain about them is repaired.

A link that names no utterance may have something around its id (``301.0`` if a column of whole numbers had a gap, the
``t1_`` of Reddit's comments): it is repaired if an utterance has the id itself. Or it means that there is no parent
(``0``, ``-1``, ``root``, ``null``): then the utterance is a root.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.steps import nobody

AROUND = r"^t1_|^(\d+)\.0+$"
AS_IS, PUT_RIGHT, ROOT = 0, 1, 2
Mended = npt.NDArray[np.int8]


def bare(links: pa.Array) -> pa.Array:
    """The links without what may have been added around the id; null for links without additions."""
    around = pc.match_substring_regex(links, AROUND)
    return pc.if_else(around, pc.replace_substring_regex(links, AROUND, r"\1"), pa.scalar(None, pa.string()))


def rewritten(rows: pa.Table, mended: Mended) -> pa.Table:
    """``rows`` with their links as ``mended`` says."""
    if not mended.any():
        return rows
    links = rows["reply_to"].combine_chunks()
    links = pc.if_else(pa.array(mended == PUT_RIGHT), bare(links), links)
    links = pc.if_else(pa.array(mended == ROOT), pa.scalar(None, pa.string()), links)
    return rows.set_column(rows.schema.get_field_index("reply_to"), "reply_to", links)


def mend(rows: pa.Table) -> Mended:
    """What to do with each link; ids are looked up within the row's ``conversation_id``."""
    links = rows["reply_to"].combine_chunks()
    shorter = bare(links)
    nothing = pc.fill_null(nobody.is_no_parent(links), False)
    doubtful = np.flatnonzero(pc.or_(pc.is_valid(shorter), nothing).to_numpy(zero_copy_only=False))
    mended = np.zeros(rows.num_rows, np.int8)
    if not len(doubtful):
        return mended
    threads, ids = rows["conversation_id"].combine_chunks(), rows["utterance_id"].combine_chunks()
    known = pc.binary_join_element_wise(threads, ids, "\0")
    at = pa.array(doubtful)

    def there(names: pa.Array) -> npt.NDArray[np.bool_]:
        wanted = pc.binary_join_element_wise(threads.take(at), pc.fill_null(names.take(at), ""), "\0")
        return np.asarray(pc.is_in(wanted, value_set=known).to_numpy(zero_copy_only=False))

    lost = ~there(links)
    mended[doubtful[lost & nothing.take(at).to_numpy(zero_copy_only=False)]] = ROOT
    mended[doubtful[lost & shorter.take(at).is_valid().to_numpy(zero_copy_only=False) & there(shorter)]] = PUT_RIGHT
    return mended


def count(rows: pa.Table, found: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Where the links of the rows ``counted`` lead; ``found``: whether the utterance that a row answers exists.

    ``roots`` answer nothing, ``answers`` an utterance, ``headless`` the missing start of a thread, ``lost`` something
    that does not exist. ``astray`` is such a link and the id of its row (the smallest, so the order of rows does not
    matter).
    """
    linked = rows["reply_to"].is_valid().to_numpy()
    head = pc.fill_null(pc.equal(rows["reply_to"], rows["conversation_id"]), False).to_numpy() & linked & ~found
    lost = counted & linked & ~found & ~head
    astray = None
    if lost.any():
        some = rows.filter(pa.array(lost)).select(["reply_to", "utterance_id"])
        first = some.sort_by([("reply_to", "ascending"), ("utterance_id", "ascending")]).slice(0, 1)
        astray = list(first.to_pylist()[0].values())
    return {
        "roots": int((counted & ~linked).sum()),
        "answers": int((counted & found).sum()),
        "headless": int((counted & head).sum()),
        "lost": int(lost.sum()),
        "astray": astray,
    }


def count_none() -> dict[str, Any]:
    """``count`` for no rows."""
    return {"roots": 0, "answers": 0, "headless": 0, "lost": 0, "astray": None}
