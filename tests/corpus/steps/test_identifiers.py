"""Ids are put right one by one: which other rows are read with them makes no difference."""

import pyarrow as pa
import pytest

from pwae_core.corpus.steps.identifiers import put_right


def repaired(*ids):
    found = put_right(pa.table({"user_id": pa.array(ids, pa.string())}))
    return found.rows["user_id"].to_pylist(), found.trimmed, found.floats


@pytest.mark.parametrize("other", ["302", "302.0", "alice", "", None, "8.5", "812345678901234567"])
def test_an_id_is_the_same_whatever_it_is_read_with(other):
    (first, _), _, floats = repaired("301.0", other)
    assert (first, floats) == ("301", 1 + (other == "302.0"))
    assert repaired(other)[0] == repaired("301.0", other)[0][1:]


def test_only_what_is_certain_is_put_right():
    kept = ["alice", "3.10", "v2.0", "301.05", ".0", "1234567890123456.0", "1e5", "-"]
    assert repaired(*kept) == (kept, 0, 0)
    assert repaired(" 7.0\t", "-7.0", " bob ") == (["7", "-7", "bob"], 2, 2)
