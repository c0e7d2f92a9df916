"""Every crawler's format: recognised by its content, read into the same raw rows, refused with one clear line."""

import json
import shutil
import sqlite3
from contextlib import closing

import pyarrow as pa
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

from pwae_core.config.preprocess import DEFAULTS, FORMATS
from pwae_core.corpus import readers
from pwae_core.corpus.readers import READERS, jsonl
from pwae_core.corpus.readers.values import RAW
from pwae_core.errors import InputError

SHOWN = ("utterance_id", "reply_to", "user_id", "user_name", "text", "quoted")


def read_all(path, format=None):
    """The recognised format, and the rows."""
    source = readers.check(readers.recognise(path, path.name, format or "auto"), DEFAULTS)
    batches = [batch for span in readers.spans(source) for batch in readers.read(span, DEFAULTS)]
    assert {batch.shape for batch in batches} == {"replies"}
    return (
        source.format,
        pa.concat_tables([RAW.empty_table(), *(batch.table for batch in batches)]).to_pylist(),
        batches,
    )


def shown(rows):
    return [(*(row[name] for name in SHOWN[:-1]), bool(row["quoted"])) for row in rows]


def refused(path, format=None):
    with pytest.raises(InputError) as caught:
        read_all(path, format)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_format_has_a_reader_and_a_setting():
    assert READERS.keys() == FORMATS.keys()


def test_weibo_spider(tmp_path, monkeypatch):
    rows = [
        spider_comment(11, 1, "first"),
        spider_comment(12, 2, "回复@name1:second", (11, 1, "first")),
        spider_post(21, 3, "post"),
        spider_post(22, 4, "so true//@name3:post", reposted=21),
    ]
    path = write_lines(tmp_path / "comments.jsonl", rows)
    expected = [
        ("11", None, "1", "name1", "first", False),
        ("12", "11", "2", "name2", "回复@name1:second", False),
        ("11", None, "1", "name1", "first", True),
        ("21", None, "3", "name3", "post", False),
        ("22", "21", "4", "name4", "so true//@name3:post", False),
    ]
    for size in (1 << 20, 100):
        monkeypatch.setattr(jsonl, "SPAN_BYTES", size)
        found, made, _ = read_all(path)
        assert found == "weibo-spider"
        assert shown(made) == expected
    assert made[0]["timestamp"] == "2013-06-29 12:40:09"


@pytest.mark.parametrize("indent", [None, 2])
def test_weibo_crawler_json(tmp_path, indent):
    posts = [crawler_post(21, 1, "mine"), crawler_post(22, 1, "look", crawler_post(9, 7, "theirs"))]
    found, made, _ = read_all(write_crawler_json(tmp_path / "1.json", posts, indent))
    assert found == "weibo-crawler-json"
    assert shown(made) == [
        ("21", None, "1", "name1", "mine", False),
        ("22", "9", "1", "name1", "look", False),
        ("9", None, "7", "name7", "theirs", True),
    ]


def test_weibo_crawler_sqlite(tmp_path):
    path = write_crawler_sqlite(
        tmp_path / "weibo.db",
        weibo=[("p", "1", "post")],
        comments=[("a", "p", "a", "2", "one"), ("b", "p", "a", "3", "two"), ("c", "p", "0", "4", "three")],
        reposts=[("r", "p", "5", "yes//@name2:one")],
    )
    found, made, _ = read_all(path)
    assert found == "weibo-crawler-sqlite"
    assert shown(made) == [
        ("p", None, "1", "name1", "post", False),
        ("a", "p", "2", "name2", "one", False),
        ("b", "a", "3", "name3", "two", False),
        ("c", "p", "4", "name4", "three", False),
        ("r", "p", "5", "name5", "yes//@name2:one", False),
    ]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["weibo.db"]


def test_nothing_is_left_beside_a_database_with_a_journal(tmp_path):
    raw = write_crawler_sqlite(tmp_path / "w.db", weibo=[("1", "u", "in the file")])
    left = tmp_path / "left"
    left.mkdir()
    with closing(sqlite3.connect(raw)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("UPDATE weibo SET text = 'in the journal'")
        database.commit()
        for name in ("w.db", "w.db-wal"):
            shutil.copy(tmp_path / name, left)
        for folder in (left, tmp_path):
            before = sorted(path.name for path in folder.iterdir())
            assert [row["text"] for row in read_all(folder / "w.db")[1]] == ["in the journal"]
            assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize("kind", ["array", "lines", "table"])
def test_media_crawler(tmp_path, kind):
    posts = [media_post("n1", "u1", "post")]
    comments = [media_comment("c1", "n1", "", "u2", "one"), media_comment("c2", "n1", "c1", "u3", "two")]
    made = []
    for part in (posts, comments):
        path = tmp_path / "part"
        if kind == "array":
            path.write_text(json.dumps(part), encoding="utf-8")
        else:
            (write_lines if kind == "lines" else write_table)(path, part)
        found, rows, _ = read_all(path)
        assert found == "media-crawler"
        made += rows
    assert shown(made) == [
        ("n1", None, "u1", "nu1", "post", False),
        ("c1", "n1", "u2", "nu2", "one", False),
        ("c2", "c1", "u3", "nu3", "two", False),
    ]
    assert {row["conversation_id"] for row in made} == {"n1"}


@pytest.mark.parametrize("header", [False, True])
def test_pchatbot(tmp_path, header):
    pairs = [
        ("今天 天气 好", "1", "1372480809", "是 的", "2", "1372480810"),
        ("stray",),
        ("今天 天气 好", "1", "1372480809", "不 好", "3", "1372480811"),
    ]
    found, made, batches = read_all(write_pairs(tmp_path / "pairs.tsv", pairs, header))
    assert found == "pchatbot"
    assert [(row["user_id"], row["text"], bool(row["quoted"])) for row in made] == [
        ("2", "是 的", False),
        ("1", "今天 天气 好", True),
        ("3", "不 好", False),
        ("1", "今天 天气 好", True),
    ]
    post = made[1]["utterance_id"]
    assert {row["conversation_id"] for row in made} == {post} == {made[3]["utterance_id"]}
    assert [row["reply_to"] for row in made] == [post, None, post, None]
    assert batches[0].passed == {"not six fields": 1}


OWN = {"conversation_id": "c", "turn": 0, "timestamp": 1372480809, "user_id": "u", "text": "x", "likes": 0}


@pytest.mark.parametrize("names", [OWN, ("thread", "turn", "time", "user", "words", "likes")])
def test_own_tables_of_six_columns_are_no_pairs(tmp_path, names):
    rows = ["\t".join(map(str, row)) for row in (names, *[OWN.values()] * 5)]
    path = tmp_path / "own.tsv"
    path.write_text("\n".join(rows))
    assert readers.recognise(path, "own.tsv").format == "csv"
    assert refused(path, "pchatbot").startswith("own.tsv does not hold lines of six tab-separated fields")


@pytest.mark.parametrize(
    "more",
    [
        {"author": "a", "created_utc": 1, "subreddit": "s", "title": "t"},
        {"comment_id": 1, "content": "c", "video_id": 2},
        {"_id": 1, "content": "c", "user": {}, "mblogid": 3},
        {"id": 1, "speaker": "a", "reply_to": None},
    ],
)
@pytest.mark.parametrize("place", ["conversation_id", "turn", "utterance_id"])
@pytest.mark.parametrize("write", [write_lines, write_table])
def test_own_rows_that_keep_a_crawlers_columns_are_own_rows(tmp_path, more, place, write):
    own = {**OWN, "utterance_id": "1", "reply_to": None}
    others = {"conversation_id": ("turn",), "turn": ("utterance_id",), "utterance_id": ("conversation_id", "turn")}
    row = {name: value for name, value in own.items() if name not in others[place]}
    found = readers.recognise(write(tmp_path / "own", [{**more, **row}]), "own").format
    assert found == ("jsonl" if write is write_lines else "csv")


def test_rows_that_begin_with_a_user_are_no_crawlers_document(tmp_path):
    rows = [{"user": {"id": "1"}, "text": "x"}, {"user": {"id": "2"}, "text": "y"}]
    assert readers.recognise(write_lines(tmp_path / "own", rows), "own").format == "jsonl"


def test_generic_reply_trees_and_renamed_columns(tmp_path):
    rows = [{"utterance_id": "a", "reply_to": None, "user_id": "u", "text": "x"}]
    found, made, _ = read_all(write_lines(tmp_path / "a.jsonl", rows))
    assert (found, shown(made)) == ("jsonl", [("a", None, "u", None, "x", False)])
    found, made, _ = read_all(write_table(tmp_path / "a.csv", rows))
    assert (found, shown(made)) == ("csv", [("a", "", "u", None, "x", False)])


def test_what_the_crawlers_did_not_write_is_refused(tmp_path):
    path = tmp_path / "a"
    row = {"utterance_id": "a", "user_id": "u", "text": "x"}
    assert refused(write_lines(path, [row])).startswith("a has no column 'reply_to'; its columns are: text, user_id,")
    assert refused(write_lines(path, [row]), "weibo-spider").startswith("a has none of WeiboSpider's comments (_id, ")
    assert refused(write_lines(path, [row]), "media-crawler").startswith("a has none of MediaCrawler's comments")
    assert refused(write_lines(path, [row]), "pchatbot").startswith("a does not hold lines of six tab-separated fields")
    assert refused(write_crawler_json(path, [])) == "a holds no post: its list 'weibo' is missing or empty."
    path.write_text('{"user": {"id": "1"}, "weibo": [{"id": 1')
    assert refused(path).startswith("a, line 1 is not valid JSON (it ends in the middle; was it truncated?): ")
    path.write_text('[{"note_id": "1"')
    assert refused(path).startswith("a, line 1 is not valid JSON (it ends in the middle; was it truncated?): ")
    path.unlink()
    assert refused(write_crawler_sqlite(path)) == (
        "a holds no row: its tables weibo, comments, reposts are empty."
    )  # fmt: skip
    path.write_bytes(b"SQLite format 3\0 and then nothing")
    assert refused(path).startswith("a is not a readable SQLite file: ")
