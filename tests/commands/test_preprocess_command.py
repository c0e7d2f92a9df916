"""The command: what it prints, standard input, options that reach the stage."""

import csv
import io

import pyarrow.parquet as pq
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
    assert again.stdout.replace("stands already", "made") == result.stdout


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
    assert "stands already" in again.stdout
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
