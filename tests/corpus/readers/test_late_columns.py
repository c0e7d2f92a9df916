"""Columns that the first hundred JSON objects do not have: found all the same, or told; never ignored."""

import json

import pytest

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.errors import InputError

POST = {"utterance_id": "1", "user_id": "ann", "text": "hi"}
MESSAGE = POST | {"conversation_id": "c", "timestamp": "2020-01-01"}


@pytest.fixture
def read(tmp_path):
    """``read(rows, shape="auto", as_array=False)`` -> the shape in which the rows were read, and the batches' rows."""

    def write_and_read(rows, shape="auto", *, as_array=False):
        path = tmp_path / "a"
        lines = json.dumps(rows) if as_array else "".join(f"{json.dumps(row)}\n" for row in rows)
        path.write_text(lines, encoding="utf-8")
        config = PreprocessConfig.make({"shape": shape})
        source = readers.check(readers.recognise(path, path.name, "auto"), config)
        batches = [batch for span in readers.spans(source) for batch in readers.read(span, config)]
        assert {batch.shape for batch in batches} == {source.layout}
        return source.layout, [row for batch in batches for row in batch.table.to_pylist()]

    return write_and_read


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("shape", ["auto", "replies"])
def test_a_dump_whose_first_rows_answer_nobody_is_read_by_its_links(read, shape, as_array):
    shape, rows = read([POST] * 150 + [POST | {"reply_to": "1"}], shape, as_array=as_array)
    assert shape == "replies"
    assert [row["reply_to"] for row in rows] == [None] * 150 + ["1"]


def test_turns_asked_for_are_found_wherever_they_begin(read):
    shape, rows = read([MESSAGE] * 150 + [MESSAGE | {"turn": 3}], "turns")
    assert (shape, rows[150]["turn"]) == ("turns", 3)


@pytest.mark.parametrize(
    ("first", "later", "order"),
    [
        (MESSAGE, {"turn": 0}, "times"),
        (MESSAGE, {"reply_to": "1"}, "times"),
        (MESSAGE | {"reply_to": None}, {"turn": 0}, "replies"),
    ],
)
def test_a_later_column_that_allows_another_order_is_told_and_the_order_can_be_chosen(read, first, later, order):
    rows = [first] * 150 + [first | later] * 2
    told = f"'{next(iter(later))}', which its first 100 rows do not have"
    with pytest.raises(InputError, match=rf"^a, line 151 has a column {told}.*--shape {order} ") as caught:
        read(rows)
    for choice in ("times", "replies", "turns"):
        if f"--shape {choice}" in str(caught.value):
            assert read(rows, choice)[0] == choice


def test_a_column_of_another_name_is_proposed_without_a_look_at_the_rest(read):
    rows = [{"utterance_id": "1", "user_id": "ann", "text": "hi", "parent_id": None}] * 100
    with pytest.raises(InputError, match=r"Perhaps --column reply_to=parent_id\?"):
        read([*rows, "not an object"])


@pytest.mark.parametrize("empty", [None, ""])
def test_a_later_column_that_is_empty_says_nothing(read, empty):
    assert read([MESSAGE] * 150 + [MESSAGE | {"turn": empty, "reply_to": empty}])[0] == "times"


def test_a_later_column_that_allows_no_other_order_is_no_reason_to_stop(read):
    nameless = MESSAGE | {"utterance_id": None}
    assert read([nameless] * 150 + [nameless | {"reply_to": "1"}])[0] == "times"
    assert read([POST | {"reply_to": None}] * 150 + [POST | {"turn": 1}])[0] == "replies"


def test_a_column_that_no_row_has_is_still_refused(read):
    with pytest.raises(InputError, match=r"^a has no column 'reply_to'"):
        read([POST] * 150)
