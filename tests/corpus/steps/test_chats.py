"""Chats cut at gaps: the order of time, ties by row, numbers within each chat, whatever the shards."""

import pyarrow as pa
import pytest
from chats import START, write_document, write_exports
from crawls import write_lines, write_table
from dialogues import conversations
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.engine.job import MESSAGES
from pwae_core.corpus.engine.keys import hash_repeated
from pwae_core.corpus.readers import jsonl
from pwae_core.corpus.steps import chats
from pwae_core.stages.preprocess import preprocess

MINUTE = 60_000_000


def cut(rows, gap=60.0):
    """``rows``: (chat, id, row, text, minute). The conversations as [(name, turn, text), ...]."""
    told = [
        {"conversation_id": chat, "utterance_id": name, "turn": row, "user_id": "u", "text": text, "key": 0}
        | {"timestamp": int(minute * MINUTE)}
        for chat, name, row, text, minute in rows
    ]
    table = pa.Table.from_pylist(told, schema=MESSAGES)
    keys = pa.array(hash_repeated(table["conversation_id"].combine_chunks()))
    found, counts = chats.conversations(table.set_column(6, "key", keys), gap)
    return [(row["conversation_id"], row["turn"], row["text"]) for row in found.to_pylist()], counts["repeated"]


def test_the_order_of_time_ties_by_row_and_a_new_conversation_after_a_gap():
    rows = [("c", None, 5, "b", 0), ("c", None, 4, "a", 0), ("c", None, 1, "c", 60), ("c", None, 2, "d", 120.5)]
    expected = [("c/1", 0, "a"), ("c/1", 1, "b"), ("c/1", 2, "c"), ("c/2", 0, "d")]
    assert cut(rows) == (expected, 0)
    assert cut(rows, gap=0)[0] == [(f"c/{1}", turn, text) for turn, text in enumerate("abcd")]
    assert [name for name, _, _ in cut(rows, gap=0.5)[0]] == ["c/1", "c/1", "c/2", "c/3"]
    assert cut([]) == ([], 0)


def test_messages_of_one_minute_are_turned_round_where_the_file_has_the_newest_first():
    minutes = [0, 0, 1, 1, 1, 2, 3, 4, 4, 5, 6]
    said = [("c", None, len(minutes) - place, str(place), minute) for place, minute in enumerate(minutes)]
    others = [("d", None, place, str(place), minute) for place, minute in enumerate(minutes)]
    found, _ = cut([*said, *others])
    assert [text for name, _, text in found if name == "c/1"] == [str(place) for place in range(len(minutes))]
    assert [text for name, _, text in found if name == "d/1"] == [str(place) for place in range(len(minutes))]
    few = [("c", None, 3, "0", 0), ("c", None, 2, "1", 0), ("c", None, 1, "2", 1)]
    assert [text for _, _, text in cut(few)[0]] == ["1", "0", "2"]


def test_a_message_that_two_exports_hold_is_one():
    rows = [("c", "1", 1, "a", 0), ("c", "1", 9, "a", 0), ("d", "1", 1, "b", 0), ("c", None, 2, "x", 1)]
    found, repeated = cut([*rows, ("c", None, 3, "x", 1)])
    assert sorted(found) == [("c/1", 0, "a"), ("c/1", 1, "x"), ("c/1", 2, "x"), ("d/1", 0, "b")]
    assert repeated == 1


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 300)), max_size=12, unique=True),
    st.integers(0, 120),
    st.randoms(),
)
def test_the_same_as_by_hand_in_any_order(found, gap, shuffler):
    rows = [(chat, None, row, f"{chat}{row}-{minute}", minute) for chat, row, minute in found]
    expected = []
    for chat in "abc":
        number, turn, before = 0, 0, None
        for _, _, _, text, minute in sorted((one for one in rows if one[0] == chat), key=lambda one: (one[4], one[2])):
            late = before is None or (gap and minute - before > gap)
            number, turn, before = number + bool(late), 0 if late else turn + 1, minute
            expected.append((f"{chat}/{number}", turn, text))
    shuffler.shuffle(rows)
    assert sorted(cut(rows, gap)[0]) == sorted(expected)


SETTINGS = {"min_utterances": 1, "tokenizer": "whitespace", "window": 2}


@pytest.mark.parametrize("split_by", ["session", "conversation", "time"])
def test_the_bytes_do_not_depend_on_shards_spans_or_the_order_of_files(tmp_path, monkeypatch, snapshot, split_by):
    files = write_exports(tmp_path)
    config = PreprocessConfig.make({**SETTINGS, "split_by": split_by})
    first = preprocess(files, tmp_path / "a", config, workers=1)
    monkeypatch.setattr(jsonl, "SPAN_BYTES", 1_000)
    monkeypatch.setattr("pwae_core.corpus.readers.sources.ROWS_A_SHARD", 100)
    second = preprocess(files[::-1], tmp_path / "b", config, workers=1)
    assert first.counts == second.counts
    tables = [
        {name: data for name, data in snapshot(tmp_path / one).items() if name != "manifest.json"} for one in "ab"
    ]
    assert tables[0] == tables[1]


def test_the_parts_of_a_channel_are_one_chat(tmp_path):
    _, second, first, _ = write_exports(tmp_path)
    both = conversations(second, first, gap=0)
    assert list(both) == ["discord-2/1"]
    assert [text.split()[1] for _, text in both["discord-2/1"]] == [str(n) for n in range(300)]
    assert conversations(second, first) == conversations(first, second, shards=4)


@pytest.mark.parametrize("kind", ["lines", "table", "array", "parquet"])
def test_ones_own_rows_without_turns(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(jsonl, "SPAN_BYTES", 50)
    rows = [
        {"conversation_id": "c", "user_id": user, "text": text, "timestamp": time}
        for user, text, time in [
            ("b", "second", "2024-05-01T10:00:00Z"),
            ("a", "third", "2024-05-01T10:00:00Z"),
            ("b", "last", "2024-05-01T10:59:59+00:00"),
            ("a", "first", "2024-05-01T09:59:00Z"),
            ("a", "later", "2024-05-01T12:00:00Z"),
            ("a", "nowhen", "some day"),
        ]
    ]
    path = tmp_path / "own"
    if kind == "parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    elif kind == "array":
        write_document(path, rows)
    else:
        (write_lines if kind == "lines" else write_table)(path, rows)
    assert conversations(path) == {
        "c/1": [("a", "first"), ("b", "second"), ("a", "third"), ("b", "last")],
        "c/2": [("a", "later")],
    }
    assert conversations(path, merge_consecutive=True, gap=0) == {
        "c/1": [("a", "first"), ("b", "second"), ("a", "third"), ("b", "last"), ("a", "later")]
    }


def test_pauses_that_leave_no_conversation_are_named(pwae, tmp_path):
    rows = [
        {"conversation_id": chat, "user_id": f"u{n % 2}", "text": "hi", "timestamp": START + n * 86_400}
        for chat in "ab"
        for n in range(5)
    ]
    made = ("preprocess", write_lines(tmp_path / "own", rows), "--out", tmp_path / "c", "--min-utterances", "1")
    pwae(*made).fails(
        5, "none of 10 conversations has 3 utterances (--window, --min-turns). 8 of them begin after a pause (--gap)."
    )
    pwae(*made, "--gap", "0").succeeds()


def test_a_time_that_is_not_understood_is_counted(pwae, tmp_path):
    rows = [
        {"conversation_id": "c", "user_id": f"u{n % 2}", "text": f"word {n}", "timestamp": START + n} for n in range(9)
    ]
    path = write_lines(tmp_path / "own", [*rows, {**rows[0], "timestamp": "soon"}, {**rows[0], "timestamp": None}])
    report = pwae("preprocess", path, "--out", tmp_path / "c", "--json", "--min-utterances", "1").succeeds().json
    assert report["counts"]["rows"] == 11
    assert report["counts"]["utterances"] == 9
    assert report["notes"] == [
        f"{path} has no turns and is read by time: a pause of over 60 minutes begins a new conversation (--gap)."
    ]
    assert report["rejected"][0] == {"unit": "row", "reason": "no timestamp, or none that is understood", "count": 2}
    turns = write_lines(tmp_path / "turns", [{**row, "turn": n} for n, row in enumerate(rows)])
    made = ("preprocess", turns, "--shape", "times", "--out", tmp_path / "t", "--json", "--min-utterances", "1")
    assert pwae(*made).succeeds().json["notes"] == [
        f"{turns} is read by time: a pause of over 60 minutes begins a new conversation (--gap)."
    ]
    shown = pwae("preprocess", path, "--explain", "2", "--json").succeeds().json
    assert [one["rejected"] for one in shown] == ["no timestamp, or none that is understood"] * 2
