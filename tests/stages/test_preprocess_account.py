"""Every row is accounted for: counted here by a few independent lines, whatever the file is and wherever it is cut."""

import csv
import gzip
import json
import os
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crawls import (
    crawler_post,
    media_comment,
    media_post,
    spider_comment,
    spider_post,
    write_crawler_json,
    write_crawler_sqlite,
    write_lines,
    write_pairs,
    write_table,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import jsonl, parquet
from pwae_core.errors import PwaeError
from pwae_core.stages.preprocess import preprocess

SETTINGS = {"tokenizer": "whitespace", "min_utterances": 1, "valid": 0, "test": 0, "window": 2}


def made(raw, out, **settings):
    report = preprocess([raw], out, PreprocessConfig.make({**SETTINGS, **settings}))
    account = [(line["what"], line["count"]) for line in report.account]
    assert account[0] == ("rows in the files", report.counts["rows"])
    assert account[-1] == ("rows kept", report.counts["rows_kept"])
    assert sum(count for _, count in account[1:]) == account[0][1]
    kept = report.counts["utterances"] + report.counts["joined"] - report.counts["quoted"]
    assert kept == report.counts["rows_kept"]
    return report


def noisy(count):
    """Rows in which much is missing or stands for nothing."""
    users = ["ann", "bob", "", None, "\\N", "[deleted]", "d41d8cd98f00b204e9800998ecf8427e", " cat "]
    texts = ["some words", "[哈哈]", "", "[removed]", "NULL", "so it is", "！[doge]"]
    return [(users[n % 8] if n % 5 else "dan", texts[n % 7] if n % 3 else "well") for n in range(count)]


def turns():
    rows = [{"conversation_id": f"c{n // 6}", "turn": n % 6} for n in range(100)]
    rows = [row | {"user_id": user, "text": text} for row, (user, text) in zip(rows, noisy(100), strict=True)]
    rows[7]["conversation_id"], rows[9]["turn"] = "", None
    return rows


def replies():
    rows = [{"utterance_id": f"t{n}", "reply_to": f"t{n - 1 - n % 3}" if n % 7 else None} for n in range(100)]
    rows = [row | {"user_id": user, "text": text} for row, (user, text) in zip(rows, noisy(100), strict=True)]
    rows += [*rows[20:40], {**rows[0], "utterance_id": ""}, {**rows[1], "utterance_id": "o", "reply_to": "p"}]
    return [*rows, {**rows[1], "utterance_id": "p", "reply_to": "o"}, {**rows[3], "utterance_id": "q", "reply_to": "0"}]


def array(path, rows, indent=None):
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=indent), encoding="utf-8")
    return path


def table(path, rows, delimiter):
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def packed(path, rows):
    path.write_bytes(gzip.compress(write_lines(path, rows).read_bytes()))
    return path


WRITERS = {
    "jsonl": write_lines,
    "array": array,
    "pretty": lambda path, rows: array(path, rows, 2),
    "comma": lambda path, rows: table(path, rows, ","),
    "semicolon": lambda path, rows: table(path, rows, ";"),
    "tab": lambda path, rows: table(path, rows, "\t"),
    "packed": packed,
    "parquet": lambda path, rows: (pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=9), path)[1],
}


@pytest.mark.parametrize("rows", [turns, replies])
@pytest.mark.parametrize("writer", WRITERS)
def test_own_rows(tmp_path, monkeypatch, writer, rows):
    monkeypatch.setattr(jsonl, "SPAN_BYTES", 777)
    monkeypatch.setattr(parquet, "SPAN_ROWS", 20)
    report = made(WRITERS[writer](tmp_path / "raw", rows()), tmp_path / "corpus", min_turns=1)
    assert report.counts["rows"] == len(rows())
    joined = made(tmp_path / "raw", tmp_path / "joined", min_turns=1, merge_consecutive=True)
    assert (joined.counts["joined"] > 0) == (rows is turns)
    assert joined.counts["rows_kept"] == report.counts["rows_kept"]
    if rows is replies:
        links = report.links
        assert sum(links.values()) == report.counts["rows_kept"]
        assert {one["what"]: one["count"] for one in report.repaired if "none" in one["what"]} != {}


CRAWLS = {
    "spider": lambda path: write_lines(
        path,
        [
            *(spider_comment(n, n % 5, "[哈哈]" if n % 4 else f"t {n}", (n - 1, n % 5 + 1, "x")) for n in range(1, 60)),
            *(spider_post(100 + n, n % 3, f"so//@name{n % 5}:it//@no:is", 99 if n else None) for n in range(20)),
            {"_id": None, "content": "x", "comment_user": {"_id": 4}},
        ],
    ),
    "crawler": lambda path: write_crawler_json(
        path, [crawler_post(n, n % 4, f"t {n}", crawler_post(1000 + n % 3, 9, "o")) for n in range(40)]
    ),
    "sqlite": lambda path: write_crawler_sqlite(
        path,
        [("p", "1", "post"), ("q", "", "")],
        [(f"c{n}", "p", f"c{n // 2}", str(n % 6), f"t {n}") for n in range(30)],
        [(f"r{n}", "p", str(n), f"so//@name{n % 7}:it is") for n in range(9)],
    ),
    "media": lambda path: write_table(
        path, [media_comment(f"c{n}", f"n{n // 8}", f"c{n - 1}" if n % 2 else "", f"u{n % 3}", "t") for n in range(50)]
    ),
    "array": lambda path: array(
        path,
        [
            *(media_post(f"n{n}", "" if n % 9 else "u", "t") for n in range(50)),
            *(media_comment(f"c{n}", f"n{n}", "0", "v", "[doge]" if n % 2 else "so") for n in range(30)),
        ],
    ),
    "pairs": lambda path: write_pairs(
        path,
        [("stray",) if n % 7 == 3 else (f"p {n % 5}", "1", "10", f"r {n}", str(n % 4), "11") for n in range(60)],
        header=True,
    ),
}


def test_ids_that_two_users_have_are_warned_of(tmp_path):
    rows = [
        {"utterance_id": n, "reply_to": n - 1 if n else None, "user_id": f"{file}{n % 2}", "text": f"{file} {n}"}
        for file in "ab"
        for n in range(20)
    ]
    write_lines(tmp_path / "a.jsonl", rows[:20])
    write_lines(tmp_path / "b.jsonl", rows[20:])
    report = made(tmp_path, tmp_path / "corpus")
    assert {"unit": "row", "reason": "utterance_id occurs more than once", "count": 20} in report.rejected
    assert report.warnings == [
        "20 rows were left out because their utterance_id is that of a row of another user. If ids are unique only "
        "within a file or a thread, give each its conversation_id."
    ]
    write_lines(tmp_path / "b.jsonl", rows[:20])
    assert made(tmp_path, tmp_path / "again").warnings == []
    write_lines(tmp_path / "b.jsonl", rows[20:])
    write_lines(tmp_path / "a.jsonl", [{**row, "conversation_id": "a"} for row in rows[:20]])
    report = made(tmp_path, tmp_path / "threads")
    assert (report.warnings, report.counts["rows_kept"]) == ([], 40)


def count_crawl(path, kind):
    if kind == "sqlite":
        with closing(sqlite3.connect(path)) as database, database:
            tables = ("weibo", "comments", "reposts")
            return sum(database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables)
    if kind == "crawler":
        return len(json.loads(path.read_text())["weibo"])
    if kind == "array":
        return len(json.loads(path.read_text()))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return len(lines) - (kind in ("media", "pairs"))


@pytest.mark.parametrize("kind", CRAWLS)
def test_crawls(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(jsonl, "SPAN_BYTES", 777)
    path = CRAWLS[kind](tmp_path / "raw")
    report = made(path, tmp_path / "corpus", min_turns=1)
    assert report.counts["rows"] == count_crawl(path, kind)


NAMES = [b"conversation_id", b"turn", b"user_id", b"text", b"utterance_id", b"reply_to", b"timestamp", b"sep=;"]
MARKS = [bytes([one]) for one in b',;\t|"\n\r{}[]:ab01 \0\xff']
VALUES = [b"1.0", b"1e999", b"null", b"\\N", b"\\ud83d", b"\xef\xbb\xbf", b"8E+17", "😂é".encode()]
PIECES = st.sampled_from([*NAMES, *MARKS, *VALUES])
HEADS = {
    "csv": b"conversation_id,turn,user_id,text\nc,0,a,x\nc,1,b,y\n",
    "tsv": b"utterance_id\treply_to\tuser_id\ttext\n1\t\ta\tx\n2\t1\tb\ty\n",
    "jsonl": b'{"conversation_id":"c","turn":0,"user_id":"a","text":"x"}\n'
    b'{"conversation_id":"c","turn":1,"user_id":"b","text":"y"}\n',
    "array": b'[{"utterance_id":"1","reply_to":null,"user_id":"a","text":"x"},\n'
    b' {"utterance_id":2,"reply_to":1,"user_id":"b","text":"y"}]',
}


@pytest.mark.parametrize("kind", HEADS)
@settings(max_examples=60)
@given(start=st.integers(0, 150), pieces=st.lists(PIECES, max_size=25), end=st.booleans())
def test_any_bytes_end_with_the_account_or_with_one_line(tmp_path_factory, kind, start, pieces, end):
    folder = tmp_path_factory.mktemp("any")
    start = len(HEADS[kind]) if end else start
    data = HEADS[kind][:start] + b"".join(pieces) + HEADS[kind][start:]
    (folder / "raw").write_bytes(data)
    failed = ""
    try:
        report = made(folder / "raw", folder / "corpus")
    except PwaeError as error:
        failed = str(error)
    assert "\n" not in failed
    if failed:
        assert [one.name for one in folder.iterdir()] == ["raw"]
    else:
        most = max(data.count(b"\n"), data.count(b"\r"), data.count(b"}")) + 1
        assert 0 < report.counts["rows"] <= most


def test_chitchat(tmp_path):
    dataset = json.loads((resources.files("chitchat_dataset") / "dataset.json").read_text(encoding="utf-8"))
    some = dict(list(dataset.items())[::10])
    said = [message for one in some.values() for group in one["messages"] for message in group]
    rows = [
        {"conversation_id": name, "turn": turn, "user_id": message["sender"], "text": message["text"]}
        for name, one in some.items()
        for turn, message in enumerate(message for group in one["messages"] for message in group)
    ]
    report = made(write_lines(tmp_path / "raw", rows), tmp_path / "corpus", merge_consecutive=True)
    assert report.counts["rows"] == len(said)


FOLDER = os.environ.get("PWAE_DATA_DIR")


@pytest.mark.skipif(not FOLDER, reason="PWAE_DATA_DIR is not set: no real data")
@pytest.mark.parametrize("name", ["cped_tv_dialogue.zh.parquet", "checked_weibo_comments.zh.parquet"])
def test_real_corpora(tmp_path, name):
    path = Path(FOLDER or "") / name
    if not path.is_file():
        pytest.skip(f"PWAE_DATA_DIR holds no {name}")
    report = made(path, tmp_path / "corpus", min_utterances=15, window=3)
    assert report.counts["rows"] == pq.read_table(path).num_rows
