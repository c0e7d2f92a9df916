"""Crawlers' folders through the stage: junk passed over, trees and chains made sessions, the same in any order."""

import random
from collections import Counter

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
)
from planted import write_jsonl

from pwae_core import artifacts
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import jsonl, sources
from pwae_core.stages.preprocess import preprocess

SETTINGS = {"tokenizer": "whitespace", "min_utterances": 1, "valid": 0, "test": 0}


def made(raw, out, **settings):
    """The report, and the sessions as [(user, text), ...] each, in no order."""
    names = raw if isinstance(raw, list) else [raw]
    report = preprocess(names, out, PreprocessConfig.make({**SETTINGS, **settings}))
    corpus = artifacts.load(out, "corpus")
    rows = [row for split in ("train", "valid", "test") for row in corpus.table(f"{split}.parquet").to_pylist()]
    sessions = []
    for row in rows:
        users, utterances = [*row["context_user_ids"], row["user_id"]], [*row["context"], row["response"]]
        sessions.append([(user, " ".join(words)) for user, words in zip(users, utterances, strict=True)])
    assert len({row["session_id"] for row in rows}) == len(rows)
    assert sum(line["count"] for line in report.account[1:]) == report.account[0]["count"] == report.counts["rows"]
    return report, sorted(sessions)


def rejected(report):
    return {(one["unit"], one["reason"]): one["count"] for one in report.rejected}


def test_comments_and_what_they_answer(tmp_path):
    rows = [
        spider_comment(13, 1, "three", (12, 2, "two")),
        spider_comment(12, 2, "回复@name1:two", (11, 1, "one")),
        spider_comment(14, 3, "also", (12, 2, "two")),
        spider_comment(15, 3, "[哈哈]", (13, 1, "three")),
        spider_comment(16, 2, "after", (15, 3, "[哈哈]")),
    ]
    report, sessions = made(write_lines(tmp_path / "comments.jsonl", rows), tmp_path / "corpus")
    assert sessions == [
        [("1", "one"), ("2", "two"), ("1", "three")],
        [("1", "one"), ("2", "two"), ("3", "also")],
        [("2", "two"), ("1", "three"), ("2", "after")],
    ]
    assert report.counts["rows"] == 5
    assert (report.counts["utterances"], report.counts["quoted"]) == (5, 1)
    assert rejected(report) == {("utterance", "nothing left after cleaning"): 1}
    users = artifacts.load(tmp_path / "corpus", "corpus").table("users.parquet").to_pylist()
    assert {row["user_id"]: row["utterances"] for row in users} == {"<unk>": 0, "1": 2, "2": 2, "3": 1}


def test_chains_of_reposts_count_every_utterance_once(tmp_path):
    rows = [
        spider_post(1, 1, "post"),
        spider_post(2, 2, "hers", reposted=1),
        spider_post(3, 3, "mine//@name2:hers", reposted=1),
        spider_post(4, 4, "yours//@name2:hers", reposted=1),
        spider_post(5, 5, "last//@name9:whose//@name2:hers", reposted=1),
        spider_post(6, 6, "late//@name3:older//@name2:hers", reposted=1),
    ]
    report, sessions = made(write_lines(tmp_path / "posts.jsonl", rows), tmp_path / "corpus")
    start = [("1", "post"), ("2", "hers")]
    assert sessions == [
        [*start, ("3", "mine")],
        [*start, ("3", "older")],
        [*start, ("4", "yours")],
        [*start, ("5", "last")],
        [("2", "hers"), ("3", "older"), ("6", "late")],
    ]
    assert (report.counts["utterances"], report.counts["quoted"]) == (7, 1)
    assert rejected(report) == {("quotation", "name of no known user, or of several"): 1}
    report, sessions = made(tmp_path / "posts.jsonl", tmp_path / "cut", unfold=False, window=2)
    assert sessions == [
        [("1", "post"), (str(n), text)] for n, text in enumerate(["hers", "mine", "yours", "last", "late"], 2)
    ]


def test_a_name_that_two_users_have_is_nobodys(tmp_path):
    rows = [spider_post(1, 1, "post"), spider_post(3, 3, "mine//@twin:hers", reposted=1)]
    rows += [
        row | {"user": row["user"] | {"nick_name": "twin"}} for row in (spider_post(8, 8, "x"), spider_post(9, 9, "y"))
    ]
    report, sessions = made(write_lines(tmp_path / "posts.jsonl", rows), tmp_path / "corpus", window=2)
    assert sessions == [[("1", "post"), ("3", "mine")]]
    assert rejected(report)["quotation", "name of no known user, or of several"] == 1


def test_the_other_formats(tmp_path):
    original = crawler_post(1, 7, "theirs")
    posts = [crawler_post(2, 1, "a //@name1: b", original), crawler_post(3, 1, "b", original)]
    _, sessions = made(write_crawler_json(tmp_path / "1.json", posts), tmp_path / "a")
    assert sessions == [[("7", "theirs"), ("1", "b"), ("1", "a")]]
    comments = [("a", "p", "a", "2", "one"), ("b", "p", "a", "3", "two")]
    path = write_crawler_sqlite(
        tmp_path / "weibo.db", [("p", "1", "post")], comments, [("r", "p", "5", "yes//@name2:so")]
    )
    _, sessions = made(path, tmp_path / "b")
    assert sessions == [[("1", "post"), ("2", "one"), ("3", "two")], [("1", "post"), ("2", "so"), ("5", "yes")]]
    rows = [
        media_post("n", "u1", "post"),
        media_comment("c1", "n", "", "u2", "one"),
        media_comment("c2", "n", "c1", "u3", "two"),
    ]
    _, sessions = made(write_lines(tmp_path / "media.jsonl", rows), tmp_path / "c")
    assert sessions == [[("u1", "post"), ("u2", "one"), ("u3", "two")]]
    pairs = [("a b", "1", "10", f"r {n}", str(n), "11") for n in (2, 3)]
    report, sessions = made(write_pairs(tmp_path / "pairs.tsv", [*pairs, ("short",)]), tmp_path / "d", window=2)
    assert sessions == [[("1", "a b"), ("2", "r 2")], [("1", "a b"), ("3", "r 3")]]
    assert (report.counts["rows"], report.counts["utterances"], report.counts["quoted"]) == (3, 3, 1)
    assert rejected(report) == {("row", "not six fields"): 1}


def test_folders_and_patterns_and_what_lies_among_the_data(pwae, tmp_path):
    folder = tmp_path / "crawl" / "deep"
    folder.mkdir(parents=True)
    comments = [spider_comment(n + 1, n, f"text {n}", (n, n - 1, f"text {n - 1}")) for n in range(2, 30)]
    write_lines(folder / "comments.jsonl", comments)
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "._comments.jsonl").write_bytes(b"\0\5\26\7")
    (folder / "nothing.jsonl").write_text("")
    (folder / "picture.jpg").write_bytes(b"\xff\xd8\xff\0\0")
    (folder / "README.md").write_text("About this crawl, which holds, as it were, commas.\n")
    (folder / "cookies.json").write_text("{}")
    options = ["--min-utterances", "1", "--tokenizer", "whitespace", "--json"]
    result = pwae("preprocess", tmp_path / "crawl", "--out", tmp_path / "a", *options).succeeds().json
    files = {one["reason"]: one["count"] for one in result["rejected"] if one["unit"] == "file"}
    assert files == {"hidden file": 2, "empty file": 1, "file of no known format": 3}
    again = pwae("preprocess", tmp_path / "crawl/**/c*.jsonl", "--out", tmp_path / "b", *options).succeeds().json
    assert again["counts"] == result["counts"]
    (folder / "comments.jsonl").unlink()
    result = pwae("preprocess", tmp_path / "crawl", "--out", tmp_path / "c", *options)
    result.fails(4, "crawl holds no file to read (empty file: 1, file of no known format: 3, hidden file: 2).")


def test_comments_without_user_ids_are_refused(pwae, tmp_path):
    path = tmp_path / "someone_comments.csv"
    path.write_text("id,weibo_id,created_at,user_screen_name,text,like_count\n1,2,2020,name,hi,0\n", encoding="utf-8")
    words = (
        "someone_comments.csv is weibo-crawler's comment table, which has no user ids. Give its SQLite file instead",
    )
    pwae("preprocess", path, "--out", tmp_path / "corpus").fails(4, *words)
    pwae("preprocess", tmp_path, "--out", tmp_path / "corpus").fails(4, *words)
    comments = [("a", "p", "a", "2", "one"), ("b", "p", "a", "3", "two"), ("c", "p", "b", "1", "three")]
    write_crawler_sqlite(tmp_path / "weibo.db", [("p", "1", "post")], comments)
    report, _ = made(tmp_path, tmp_path / "corpus")
    reason = "weibo-crawler's comment table without user ids (its SQLite file is read)"
    assert rejected(report) == {("file", reason): 1}


def test_an_own_table_of_comments_is_read_whatever_its_file_is_called(pwae, tmp_path):
    path = tmp_path / "douyin_comments.csv"
    rows = [f"v1,{n},{n - 1 if n else ''},用户{n % 2},第{n}条" for n in range(40)]
    path.write_text("视频,编号,父编号,用户名,内容\n" + "\n".join(rows) + "\n", encoding="utf-8")
    names = ("conversation_id=视频", "utterance_id=编号", "reply_to=父编号", "user_id=用户名", "text=内容")
    columns = [f"--column={name}" for name in names]
    result = pwae("preprocess", path, "--out", tmp_path / "corpus", "--json", *columns).succeeds()
    assert result.json["counts"]["rows_kept"] == 40
    pwae("preprocess", path, "--out", tmp_path / "other").fails(4, "douyin_comments.csv has no columns")


def tree_rows(seed: int, count: int = 400) -> list[dict]:
    """Reply trees of some noise: repeated ids, missing users, circles, answers to what is not there."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        above = f"t{chance.randrange(max(1, number - 30), number + 1)}" if number and chance.random() < 0.8 else None
        text = chance.choice([f"words {number} of many", "[哈哈]", f"word {number}"])
        user = chance.choice([f"u{chance.randrange(12)}", f"u{chance.randrange(12)}", None])
        rows.append({"utterance_id": f"t{number}", "reply_to": above, "user_id": user, "text": text})
    return [
        *rows,
        *rows[10:20],
        {**rows[0], "utterance_id": "o1", "reply_to": "o2"},
        {**rows[0], "utterance_id": "o2", "reply_to": "o1", "user_id": "u1"},
    ]


def test_order_files_and_shards_change_nothing_for_trees(tmp_path, monkeypatch, snapshot):
    rows = tree_rows(1)
    report, sessions = made(write_jsonl(rows, tmp_path / "raw"), tmp_path / "one", min_utterances=5)
    expected = {name: data for name, data in snapshot(tmp_path / "one").items() if name != "manifest.json"}
    above = {row["utterance_id"]: row["reply_to"] for row in rows if row["reply_to"] != row["utterance_id"]}
    kept = {row["utterance_id"]: row for row in rows if row["user_id"]}
    kept = {name: row for name, row in kept.items() if not name.startswith("o") and row["text"] != "[哈哈]"}

    def nearest(name):
        above_it = above.get(name)
        return above_it if above_it is None or above_it in kept else nearest(above_it)

    said = Counter(row["user_id"] for row in kept.values())
    windows = []
    for name, row in kept.items():
        chain = [name]
        while len(chain) < 3 and chain[-1] is not None:
            chain.append(nearest(chain[-1]))
        if None not in chain and said[row["user_id"]] >= 5:
            windows.append([(kept[one]["user_id"], kept[one]["text"]) for one in reversed(chain)])
    assert sessions == sorted(windows)
    assert report.counts["utterances"] == len(kept)
    repeated = rejected(report)["row", "utterance_id occurs more than once"]
    assert repeated == sum(row["user_id"] is not None and row["text"] != "[哈哈]" for row in rows[10:20])
    assert rejected(report)["row", "replies that run in a circle"] >= 1
    random.Random(0).shuffle(rows)
    parts = [write_jsonl(rows[n::3], tmp_path / f"part{n}") for n in range(3)]
    monkeypatch.setattr(jsonl, "SPAN_BYTES", 5_000)
    monkeypatch.setattr(sources, "ROWS_A_SHARD", 30)
    again, _ = made(parts, tmp_path / "two", min_utterances=5)
    assert {name: data for name, data in snapshot(tmp_path / "two").items() if name != "manifest.json"} == expected
    assert (again.counts, again.rejected) == (report.counts, report.rejected)


def test_lines_and_trees_can_be_read_together(tmp_path, monkeypatch, snapshot):
    lines = [
        {"conversation_id": f"c{n}", "turn": t, "user_id": f"u{t}", "text": f"{n} {t}"}
        for n in range(40)
        for t in range(4)
    ]
    raw = [write_jsonl(lines, tmp_path / "a"), write_jsonl(tree_rows(2, 200), tmp_path / "b")]
    _, both = made(raw, tmp_path / "both")
    apart = [made(one, tmp_path / f"apart-{one.name}")[1] for one in raw]
    assert both == sorted(apart[0] + apart[1])
    before = snapshot(tmp_path / "both")["train.parquet"]
    monkeypatch.setattr(sources, "ROWS_A_SHARD", 30)
    made(raw, tmp_path / "cut")
    assert snapshot(tmp_path / "cut")["train.parquet"] == before


@pytest.mark.parametrize("thread", [{}, {"conversation_id": "t"}], ids=["loose", "in a thread"])
def test_a_quotation_without_a_post_is_its_own_row_too(tmp_path, thread):
    """The post was deleted: nothing links to it any more, but the chains still say who answered whom."""
    rows = [
        {"utterance_id": "a", "user_id": "1", "user_name": "ann", "text": "hers"},
        {"utterance_id": "b", "user_id": "2", "user_name": "bob", "text": "his//@ann:hers"},
        {"utterance_id": "c", "user_id": "3", "user_name": "cy", "text": "mine//@bob:his//@ann:hers"},
        {"utterance_id": "d", "user_id": "4", "user_name": "dee", "text": "too", "reply_to": "b"},
    ]
    raw = write_jsonl([row | thread for row in rows], tmp_path / "raw.jsonl")
    report, sessions = made(raw, tmp_path / "corpus")
    assert (report.counts["utterances"], report.counts["quoted"]) == (4, 0)
    start = [("1", "hers"), ("2", "his")]
    assert sessions == [[*start, ("3", "mine")], [*start, ("4", "too")]]


QUOTED = '回复<a href=/n/name9>@name9</a>:喝茶吗<img alt="[doge]" src="https://x/d.png" /> &gt;_&lt;'


def test_an_empty_link_is_no_link_in_chains_whether_it_is_null_or_blank(tmp_path):
    rows = [
        {"utterance_id": "p", "reply_to": None, "user_id": "1", "user_name": "ann", "text": "good morning"},
        {"utterance_id": "q", "reply_to": "p", "user_id": "2", "user_name": "bob", "text": "thanks"},
        {"utterance_id": "r", "reply_to": None, "user_id": "2", "user_name": "bob", "text": "hello//@ann:good morning"},
        {"utterance_id": "s", "reply_to": "r", "user_id": "1", "user_name": "ann", "text": "hi bob"},
    ]
    found = []
    for number, blank in enumerate((None, "", "  ")):
        named = [{**row, "reply_to": row["reply_to"] or blank} for row in rows]
        report, sessions = made(write_jsonl(named, tmp_path / f"{number}.jsonl"), tmp_path / f"corpus{number}")
        found.append((report.counts["utterances"], report.counts["quoted"], sessions))
    assert found == 3 * [(4, 0, [[("1", "good morning"), ("2", "hello"), ("1", "hi bob")]])]


def test_html_of_crawlers_is_read_quotations_too(tmp_path):
    spider = write_lines(tmp_path / "c.jsonl", [spider_comment(2, 2, "好&amp;坏", (1, 1, QUOTED))])
    items = [crawler_post(2, 2, "好&amp;坏", reposted=crawler_post(1, 1, QUOTED))]
    crawler = write_crawler_json(tmp_path / "w.json", items)
    database = write_crawler_sqlite(
        tmp_path / "w.db", weibo=[("1", "1", QUOTED)], comments=[("2", "1", "", "2", "好&amp;坏")]
    )
    media = write_lines(
        tmp_path / "m.jsonl", [media_post("1", "1", QUOTED), media_comment("2", "1", "", "2", "好&amp;坏")]
    )
    for raw in (spider, crawler, database, media):
        _, sessions = made(raw, tmp_path / f"{raw.name}.out", window=2)
        assert sessions == [[("1", "喝茶吗 >_<"), ("2", "好&坏")]]
    _, sessions = made(spider, tmp_path / "as it is", window=2, clean=["-html"])
    assert sessions[0][1] == ("2", "好&amp;坏")
    _, sessions = made(spider, tmp_path / "a list", window=2, clean=["links"])
    assert sessions[0][1] == ("2", "好&amp;坏")


def test_chains_are_found_in_html(tmp_path):
    rows = [spider_post(1, 1, "post"), spider_post(2, 2, "hers", reposted=1)]
    rows.append(spider_post(3, 3, "mine//<a href='/n/name2'>@name2</a>:hers", reposted=1))
    _, sessions = made(write_lines(tmp_path / "posts.jsonl", rows), tmp_path / "corpus")
    assert sessions == [[("1", "post"), ("2", "hers"), ("3", "mine")]]


def test_html_of_own_rows_is_read_where_it_is_asked_for(tmp_path):
    text = "<i>so</i> &lt;b&gt;a&lt;/b&gt;"
    rows = [{"conversation_id": "c", "turn": n, "user_id": str(n), "text": text} for n in range(2)]
    raw = write_jsonl(rows, tmp_path / "raw.jsonl")
    assert made(raw, tmp_path / "default", window=2)[1][0][0] == ("0", text)
    assert made(raw, tmp_path / "html", window=2, clean=["+html"])[1][0][0] == ("0", "so a")
    assert made(raw, tmp_path / "alone", window=2, clean=["html"])[1][0][0] == ("0", "so a")
