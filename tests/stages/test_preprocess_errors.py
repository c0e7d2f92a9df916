"""What a user can get wrong: one line, the documented exit code, and nothing left on disk."""

import errno
import gzip
import json
import os
import sqlite3
from contextlib import closing

import pytest
from planted import planted, write_jsonl

from pwae_core.corpus.engine import spill
from pwae_core.corpus.readers.sources import cut

ROWS = planted(users=6, conversations=60).rows


@pytest.fixture
def fails(pwae, tmp_path):
    """Runs preprocess on the rows, asserts that it fails in one line and leaves nothing but its input."""

    def run(rows, exit_code, *words, options=()):
        raw = tmp_path / "raw.jsonl"
        if rows is not None:
            write_jsonl(rows, raw)
        before = sorted(tmp_path.rglob("*"))
        result = pwae("preprocess", raw, "--out", tmp_path / "corpus", "--tokenizer", "whitespace", *options)
        assert sorted(tmp_path.rglob("*")) == before
        return result.fails(exit_code, *words)

    return run


def test_files_that_cannot_be_read(fails, tmp_path):
    fails(None, 4, "raw.jsonl does not exist. Name a raw file, a folder, a pattern, or - for standard input.")
    (tmp_path / "raw.jsonl").write_text("")
    fails(None, 4, "raw.jsonl is empty.")
    (tmp_path / "raw.jsonl").write_bytes(json.dumps(ROWS[0]).encode() + b'\n{"text": "\xff"}\n')
    fails(None, 4, "raw.jsonl, line 2 is not UTF-8")
    (tmp_path / "raw.jsonl").unlink()
    (tmp_path / "raw.jsonl").mkdir()
    fails(None, 4, "raw.jsonl holds no file to read (it is empty).")


def test_rows_that_are_wrong(fails):
    without = [{key: value for key, value in row.items() if key != "user_id"} for row in ROWS]
    fails(without, 4, "has no column 'user_id'; its columns are: conversation_id, text, turn.", "--column user_id=")
    fails([*ROWS, {**ROWS[0], "turn": "last"}], 4, f"line {len(ROWS) + 1}: turn is 'last', expected a whole number")
    twice = [*ROWS, {**ROWS[7], "text": "again"}]
    conversation, turn = ROWS[7]["conversation_id"], ROWS[7]["turn"]
    places = ("raw.jsonl, line 8 and ", f"raw.jsonl, line {len(twice)})")
    fails(twice, 4, f"Turn {turn} of conversation '{conversation}' occurs more than once", *places)


def test_a_turn_that_occurs_twice_is_found_where_its_id_was_put_right(fails):
    row = {"conversation_id": "7", "turn": 0, "user_id": "ann", "text": "hi"}
    rows = [
        {**row, "user_id": None},
        {**row, "conversation_id": "7.0"},
        {**row, "text": "?!"},
        {**row, "text": "[哈哈]"},
    ]
    rows += [{**row, "conversation_id": " 7", "timestamp": 1}]
    fails(rows, 4, "Turn 0 of conversation '7' occurs more than once", "raw.jsonl, line 2 and ", "raw.jsonl, line 3)")
    fails([*rows[:2], *rows[3:]], 4, "raw.jsonl, line 2 and ", "raw.jsonl, line 4)")


def test_columns_with_other_names_are_proposed_as_the_shell_takes_them(fails):
    rows = [{"Sender": "ann", "$(Message)": "hello", "Thread": "a", "Sent at": "01/03/2024 08:03"}]
    proposed = ("--column 'timestamp=Sent at'", "--column user_id=Sender", "--column 'text=$(Message)'?")
    fails(rows, 4, "Perhaps --column conversation_id=Thread", *proposed)
    chats = [{"author": "ann", "the text": "hello", "conversation_id": "a", "turn": 1}]
    fails(chats, 4, "Perhaps --column user_id=author?")
    named = ("--column", "user_id=author")
    fails(chats, 4, "Name the column that holds it with --column text=COLUMN.", options=named)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qq.txt", "2023-06-01 12:00:00 ann(12345)\nTea?\n\n2023-06-01 12:01:00 bob(67)\nYes.\n"),
        ("dump.sql", "-- MySQL dump 10.13\nINSERT INTO chat VALUES (1,'ann','Tea?'),(2,'bob','Yes.');\n"),
        ("posts.xml", '<?xml version="1.0"?>\n<comments>\n<row Id="1" Text="Tea?"/>\n</comments>\n'),
    ],
)
def test_what_is_no_table_is_to_be_converted(pwae, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    told = "Convert it to a table with a row for each utterance."
    pwae("preprocess", tmp_path / name, "--out", tmp_path / "corpus").fails(4, f"{name} has no columns", told)


COLUMNS = {"conversation_id": {"0": "a", "1": "a"}, "turn": {"0": 0, "1": 1}, "user_id": {"0": "ann", "1": "bob"}}
WHOLE_TABLES = {
    "columns": {**COLUMNS, "text": {"0": "Tea?", "1": "Yes."}},
    "index": {"0": {"user_id": "ann", "text": "Tea?"}, "1": {"user_id": "bob", "text": "Yes."}},
    "split": {"columns": ["user_id", "text"], "index": [0, 1], "data": [["ann", "Tea?"], ["bob", "Yes."]]},
    "table": {"schema": {"fields": [{"name": "text"}]}, "data": [{"text": "Tea?"}, {"text": "Yes."}]},
    "parts": {"version": "1.0", "train": [{"text": "Tea?"}], "test": [{"text": "Yes."}]},
}


@pytest.mark.parametrize("orient", WHOLE_TABLES)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_that_is_a_whole_table_is_to_be_written_in_rows(pwae, tmp_path, orient, indent):
    (tmp_path / "frame.json").write_text(json.dumps(WHOLE_TABLES[orient], indent=indent), encoding="utf-8")
    told = "frame.json is one JSON object that holds more than a row. Write an object for each utterance; pandas does"
    ran = pwae("preprocess", tmp_path / "frame.json", "--out", tmp_path / "corpus")
    ran.fails(4, told, "with to_json(FILE, orient='records', lines=True).")


def test_a_single_row_with_a_list_is_a_row(fails):
    row = {"user": "ann", "message": "Tea?", "tags": ["a"], "conversation_id": "c", "turn": 0}
    fails([row], 4, "Perhaps --column user_id=user --column text=message?")


def test_a_database_of_ones_own_is_to_be_exported(pwae, tmp_path):
    with closing(sqlite3.connect(tmp_path / "own.db")) as database:
        database.execute("CREATE TABLE messages (talker, content)")
        database.commit()
    told = "of weibo-crawler. If it is a database of your own, export its table as CSV."
    pwae("preprocess", tmp_path / "own.db", "--out", tmp_path / "corpus").fails(4, "own.db has none of", told)


def test_times_that_are_not_understood_are_shown_where_nothing_is_left(fails):
    rows = [{"user_id": "ann", "text": "hi", "conversation_id": "a", "timestamp": "01/03/2024 8h03"}] * 3
    fails(
        rows,
        5,
        "understood: 3). 3 timestamps were not understood, such as '01/03/2024 8h03'. Describe yours with",
    )


def test_times_that_a_spreadsheet_has_rounded_are_not_read(fails):
    rows = [{"user_id": "ann", "text": "hi", "conversation_id": "a", "timestamp": "1.37248E+12"}] * 3
    told = "such as '1.37248E+12'. A spreadsheet has rounded them: export the file again with its times as text."
    fails(rows, 5, told)


def test_an_error_in_another_process_is_the_same_error(fails, monkeypatch):
    monkeypatch.setattr("pwae_core.corpus.readers.jsonl.SPAN_BYTES", 1000)
    rows = [*ROWS, {**ROWS[0], "turn": "last"}]
    fails(rows, 4, f"line {len(rows)}: turn is 'last'", options=("--workers", "2"))


def test_filters_that_leave_nothing_are_named(fails):
    fails([{**row, "user_id": ""} for row in ROWS], 5, f"No utterance is left of {len(ROWS)} rows (no user_id: ")
    fails([{**row, "text": "😂"} for row in ROWS], 5, "(nothing left after cleaning: ")
    fails(
        ROWS,
        5,
        "No session is left: none of 60 conversations has 9 utterances (--window, --min-turns).",
        options=("--window", "9"),
    )
    fails(
        ROWS,
        5,
        "No session is left: 0 of 6 users have 1000 utterances, and none of ",
        "windows has a responder among them (--min-utterances, --min-utterances-of).",
        options=("--min-utterances", "1000"),
    )


def test_settings_that_make_no_sense(fails):
    fails(ROWS, 3, "leave nothing to train on", options=("--test", "100000"))
    fails(ROWS, 3, "valid: a size is a whole number, or a fraction below 1 (got 2.5).", options=("--valid", "2.5"))
    fails(
        ROWS,
        3,
        "clean: 'emojis' is not a cleaning step; the steps are html, widths, emoji,",
        options=("--clean", "emojis"),
    )
    fails(ROWS, 3, "columns: 'user' is not a field;", options=("--column", "user=author"))
    fails(ROWS, 3, "--column author: expected FIELD=COLUMN", options=("--column", "author"))
    twice = ("--column", "text=text", "--column", "text=user_id")
    fails(ROWS, 3, "--column: text=text and text=user_id map one field twice. Leave one out.", options=twice)
    fails(ROWS, 3, "workers: at least 1 is needed (got 0).", options=("--workers", "0"))
    fails(ROWS, 3, "window: ", options=("--window", "1"))


def test_a_full_disk(fails, monkeypatch):
    def full(path, table):
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spill, "write", full)
    fails(ROWS, 7, "the disk is full; free some space.")


def test_a_folder_that_may_not_be_written(pwae, tmp_path):
    raw = write_jsonl(ROWS, tmp_path / "raw")
    (tmp_path / "file").write_text("")
    result = pwae("preprocess", raw, "--out", tmp_path / "file" / "corpus")
    result.fails(7, "part of the path is a file; choose another --out")
    result = pwae("preprocess", "-", "--out", tmp_path / "file" / "corpus", stdin=raw.read_bytes())
    result.fails(7, "part of the path is a file; choose another --out")


def test_a_folder_of_something_else_is_left_alone(pwae, tmp_path):
    raw = write_jsonl(ROWS, tmp_path / "raw")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    result = pwae("preprocess", raw, "--out", tmp_path / "mine")
    result.fails(6, "exists and is not an artifact of pwae")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "precious"


def test_a_corpus_made_differently_is_not_overwritten_unasked(pwae, tmp_path):
    raw = write_jsonl(ROWS, tmp_path / "raw")
    arguments = ("preprocess", raw, "--out", tmp_path / "corpus", "--tokenizer")
    pwae(*arguments, "whitespace").succeeds()
    pwae(*arguments, "char").fails(6, "made differently (config tokenizer: whitespace, now char)")
    pwae(*arguments, "char", "--force").succeeds()


@pytest.mark.parametrize("name", ["raw.jsonl", "raw.jsonl.gz"])
def test_a_file_that_something_still_writes_to(pwae, tmp_path, monkeypatch, name):
    """Such as a crawler: the recorded hash would not be that of the rows."""
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    packed = gzip.compress if name.endswith(".gz") else bytes
    raw = tmp_path / name
    raw.write_bytes(packed(lines))

    def grown(found):
        with raw.open("ab") as file:
            file.write(packed(lines.replace(b'"c0', b'"d0')))
        return cut(found)

    monkeypatch.setattr("pwae_core.stages.preprocess.cut", grown)
    command = ("preprocess", raw, "--out", tmp_path / "corpus", "--tokenizer", "whitespace")
    pwae(*command).fails(4, f"{name} was changed while it was read. Run the same command again once nothing writes")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    monkeypatch.undo()
    pwae(*command).succeeds()


def test_a_worker_that_is_killed(pwae, tmp_path, monkeypatch):
    monkeypatch.setattr("pwae_core.corpus.readers.jsonl.SPAN_BYTES", 1000)
    monkeypatch.setattr("pwae_core.corpus.pipeline.scan", _killed)
    raw = write_jsonl(ROWS, tmp_path / "raw")
    result = pwae("preprocess", raw, "--out", tmp_path / "corpus", "--workers", "2")
    result.fails(7, "A worker process was killed, probably for lack of memory.", "fewer --workers")


def _killed(job, piece):
    os.kill(os.getpid(), 9)
