"""The command: what it prints, standard input, options that reach the stage."""

import csv
import io
import json

import pyarrow.parquet as pq
from crawls import spider_post, write_crawler_sqlite, write_pairs
from planted import planted, write_jsonl

ROWS = planted(users=8, conversations=100, seed=2).rows


def test_the_table_shows_counts_rejections_splits_and_overlap(pwae, tmp_path):
    rows = [*ROWS, {**ROWS[0], "turn": 99, "user_id": None}, {**ROWS[0], "turn": 98, "text": "[哈哈]"}]
    result = pwae("preprocess", write_jsonl(rows, tmp_path / "raw"), "--out", tmp_path / "corpus").succeeds()
    for words in ("rows read", "no user_id", "nothing left after cleaning", "5% of the sessions", "Overlap: ", "nltk"):
        assert words in result.stdout
    assert f"{len(rows):,}" in result.stdout
    assert result.stderr == ""
    again = pwae("preprocess", tmp_path / "raw", "--out", tmp_path / "corpus").succeeds()
    assert again.stdout.replace("already exists", "made") == result.stdout


def test_json(pwae, tmp_path):
    raw = write_jsonl(ROWS, tmp_path / "raw")
    result = pwae("preprocess", raw, "--out", tmp_path / "corpus", "--json", "--valid", "0.1", "--test", "7").succeeds()
    report = result.json
    assert report["counts"]["rows"] == len(ROWS)
    assert report["counts"]["test"] == 7
    assert report["counts"]["valid"] == report["counts"]["sessions"] // 10
    assert report["standing"] is False
    assert report["rejected"] == []


def test_standard_input_and_a_file_give_the_same_tables(pwae, tmp_path):
    raw = write_jsonl(ROWS, tmp_path / "raw")
    pwae("preprocess", raw, "--out", tmp_path / "a").succeeds()
    pwae("preprocess", "-", "--out", tmp_path / "b", stdin=raw.read_bytes()).succeeds()
    for table in ("train", "test", "users", "histories", "vocabulary"):
        assert (tmp_path / "a" / f"{table}.parquet").read_bytes() == (tmp_path / "b" / f"{table}.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "raw"]
    again = pwae("preprocess", "-", "--out", tmp_path / "b", stdin=raw.read_bytes()).succeeds()
    assert "already exists" in again.stdout
    pwae("preprocess", "-", "-", "--out", tmp_path / "c").fails(3, "Standard input (-) can be named only once.")
    pwae("preprocess", "-", "--out", tmp_path / "c").fails(4, "standard input is empty.")


def test_options_reach_the_stage(pwae, tmp_path):
    renamed = [{"thread": r["conversation_id"], "n": r["turn"], "who": r["user_id"], "text": r["text"]} for r in ROWS]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(renamed[0]))
    writer.writeheader()
    writer.writerows([{**row, "text": row["text"].upper() + " 😂"} for row in renamed])
    (tmp_path / "raw.csv").write_text(text.getvalue(), encoding="utf-8")
    columns = [f"--column={pair}" for pair in ("conversation_id=thread", "turn=n", "user_id=who")]
    options = ["--lowercase", "--tokenizer", "char", "--window", "2", "--clean", "none", "--vocabulary-size", "9"]
    pwae("preprocess", tmp_path / "raw.csv", "--out", tmp_path / "corpus", *columns, *options).succeeds()
    session = pq.read_table(tmp_path / "corpus" / "train.parquet").to_pylist()[0]
    assert len(session["context"]) == 1
    assert session["response"][-1] == "😂"
    assert "".join(session["response"]) == "".join(session["response"]).lower()
    assert pq.read_metadata(tmp_path / "corpus" / "vocabulary.parquet").num_rows == 13


def test_explain_shows_rows_before_and_after_and_writes_nothing(pwae, tmp_path):
    rows = [{**row, "text": f"plain {n}"} for n, row in enumerate(ROWS[:50])]
    rows[7]["text"] = "\u200b回复@someone:so http://t.cn/abc[哈哈]  true"
    rows[8]["text"] = "[doge]。"
    rows[9]["user_id"] = "d41d8cd98f00b204e9800998ecf8427e"
    raw = write_jsonl(rows, tmp_path / "raw")
    shown = pwae("preprocess", raw, "--explain", "4", "--json").succeeds().json
    assert [(one["after"], one["steps"], one["rejected"]) for one in shown] == [
        ("so true", ["white space", "brackets", "links", "replies"], ""),
        ("。", ["brackets"], "only punctuation left after cleaning"),
        ("plain 9", [], "no user_id (the hash of nothing)"),
        ("plain 0", [], ""),
    ]
    assert shown[0]["place"] == f"{raw}, line 8"
    text = pwae("preprocess", raw, "--explain", "2").succeeds().stdout
    assert "  after:  so true\n  done:   white space, brackets, links, replies\n" in text
    assert "  done:   nothing; left out: no user_id (the hash of nothing)\n" in text
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]
    pwae("preprocess", raw, "--explain", "0").fails(3, "--explain: at least 1 row is needed (got 0).")
    lacking = pwae("preprocess", raw)
    assert (lacking.exit_code, lacking.stdout) == (2, "")
    assert "--out is missing: name the folder to write, or only look at rows with --explain." in lacking.stderr


def test_explain_unfolds_chains(pwae, tmp_path):
    raw = write_jsonl([spider_post(2, 2, "mine //@b:hers", reposted=1)], tmp_path / "raw")
    shown = pwae("preprocess", raw, "--explain", "1", "--json").succeeds().json
    assert (shown[0]["after"], shown[0]["steps"], shown[0]["rejected"]) == ("mine", ["unfold", "white space"], "")


def test_explain_reads_html_before_chains_and_shows_what_they_quote(pwae, tmp_path):
    text = "mine&lt;3//<a href=/n/b>@b</a>:hers [doge]//<a href=/n/c>@c</a>:[doge]"
    raw = write_jsonl([spider_post(2, 2, text, reposted=1), spider_post(3, 3, "plain")], tmp_path / "raw")
    shown = pwae("preprocess", raw, "--explain", "1", "--json").succeeds().json
    assert [(one["before"], one["after"], one["steps"]) for one in shown] == [(text, "mine<3", ["html", "unfold"])]
    assert shown[0]["quotes"] == [
        {"name": "b", "before": "hers [doge]", "after": "hers"},
        {"name": "c", "before": "[doge]", "after": ""},
    ]
    (own,) = pwae("preprocess", raw, "--explain", "1", "--json", "--clean=-html").succeeds().json
    assert (own["after"], own["steps"]) == (text.replace("[doge]", ""), ["brackets"])


def test_explain_shows_the_rows_of_every_table_and_what_rows_quote(pwae, tmp_path):
    write_crawler_sqlite(
        tmp_path / "weibo.db",
        weibo=[("1", "7", "post")],
        comments=[("2", "1", "", "8", "[doge]")],
        reposts=[("3", "1", "9", "again //@a:post")],
    )
    shown = pwae("preprocess", tmp_path / "weibo.db", "--explain", "9", "--json").succeeds().json
    assert sorted((one["place"].split(", ", 1)[1], one["before"]) for one in shown) == [
        ("table comments, row 1", "[doge]"),
        ("table reposts, row 1", "again //@a:post"),
        ("table weibo, row 1", "post"),
    ]
    write_pairs(tmp_path / "pairs", [("asked ?", "1", "10", "answered", "2", "11")])
    shown = pwae("preprocess", tmp_path / "pairs", "--explain", "9", "--json").succeeds().json
    assert [(one["place"].split(", ", 1)[1], one["before"]) for one in shown] == [
        ("line 1", "answered"),
        ("line 1, what it answers or reposts", "asked ?"),
    ]


def test_bracket_emoticons_can_stay_as_one_token_each(pwae, tmp_path):
    rows = [{**row, "text": "今天[哈哈]天气[doge]"} for row in ROWS]
    raw = write_jsonl(rows, tmp_path / "raw")
    for tokenizer, tokens in (
        ("jieba", ["今天", "[哈哈]", "天气", "[doge]"]),
        ("nltk", ["今天", "[哈哈]", "天气", "[doge]"]),
        ("char", ["今", "天", "[哈哈]", "天", "气", "[doge]"]),
    ):
        out = tmp_path / tokenizer
        pwae("preprocess", raw, "--out", out, "--tokenizer", tokenizer, "--clean=-brackets,+topics").succeeds()
        assert pq.read_table(out / "train.parquet")["response"][0].as_py() == tokens
    assert json.loads((out / "manifest.json").read_text())["config"]["clean"] == [
        "emoji", "links", "images", "replies", "reposts", "topics", "marks"
    ]  # fmt: skip
    pwae("preprocess", raw, "--out", tmp_path / "x", "--clean=-smileys").fails(3, "'smileys' is not a cleaning step")
