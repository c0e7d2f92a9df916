"""``pwae embed-words``: what it prints, and its errors in one line."""

import pytest
from small_corpus import write_corpus

from pwae_core import artifacts
from pwae_core.artifacts.notes import Plan, write_plan


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus")


def test_the_table_says_what_is_covered(pwae, corpus, tmp_path):
    path = tmp_path / "published.txt"
    path.write_text("2 2\ntea 0.5 -0.25\nrain 2 3\n", encoding="utf-8")
    shown = pwae("embed-words", corpus, "--out", tmp_path / "v", "--from", path).succeeds().stdout
    assert "2 (12.5%)" in shown  # of 16 words
    assert "6 (17.6%)" in shown  # of 34 running tokens
    assert "good indeed is like" in shown
    again = pwae("embed-words", corpus, "--out", tmp_path / "v", "--from", path).succeeds().stdout
    assert "(already existed)" in again


def test_a_cut_word_is_told_each_time_and_the_whole_words_are_imported(pwae, corpus, tmp_path):
    path = tmp_path / "published.txt"
    path.write_bytes(b"3 2\ntea 0.5 -0.25\n\xe8\x8c 9 9\nrain 2 3\n\n")
    note = "Skipped: 1 of its rows, for a word that is not UTF-8 (the first: b'\\xe8\\x8c' in line 3)."
    command = ("embed-words", corpus, "--out", tmp_path / "v", "--from", path)
    first = pwae(*command).succeeds()
    assert note in first.stdout
    again = pwae(*command, "--json").succeeds().json
    assert (again["standing"], again["known_words"], again["notes"]) == (True, 2, [note])


def test_a_vector_beyond_all_reason_is_refused_and_leaves_nothing(pwae, corpus, tmp_path):
    path = tmp_path / "published.txt"
    path.write_text("2 2\ntea 0.5 -0.25\nrain 2 1e20\n")
    result = pwae("embed-words", corpus, "--out", tmp_path / "v", "--from", path)
    result.fails(4, f"{path}, line 3: the vector of 'rain' holds 1e+20, beyond ±1e+09.")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["corpus", "published.txt"]


def test_what_cannot_fit_in_memory_is_refused(pwae, corpus, tmp_path):
    result = pwae("embed-words", corpus, "--out", tmp_path / "v", "--dimension", 10**12)
    result.fails(3, "A table of 20 words in 1,000,000,000,000 dimensions would take about 320,000.0 GB", "--dimension")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["corpus"]


def test_a_training_that_leaves_the_finite_numbers_is_refused(pwae, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("gensim.models.Word2Vec.train", lambda model, **_: model.wv.vectors.fill(float("nan")))
    result = pwae("embed-words", corpus, "--out", tmp_path / "v")
    result.fails(8, "word2vec diverged. Lower --learning-rate.")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["corpus"]


def test_no_learning_rate_is_taken_that_could_crash_the_training(pwae, corpus, tmp_path):
    pwae("embed-words", corpus, "--out", tmp_path / "v", "--learning-rate", 1e38).fails(
        3, "learning_rate: Input should"
    )
    pwae("embed-words", corpus, "--out", tmp_path / "v", "--learning-rate", 1, "--epochs", 300).succeeds()


def test_json_is_the_report(pwae, corpus, tmp_path):
    options = ("--dimension", 5, "--architecture", "cbow", "--epochs", 2, "--seed", 3, "--json")
    report = pwae("embed-words", corpus, "--out", tmp_path / "v", *options).succeeds().json
    assert report == {
        "out": str(tmp_path / "v"),
        "standing": False,
        "source": "cbow",
        "deterministic": True,
        "dimension": 5,
        "utterances": 10,
        "words": 16,
        "known_words": 16,
        "tokens": 34,
        "known_tokens": 34,
        "missing": [],
        "notes": [],
    }
    config = artifacts.load(tmp_path / "v", "vectors").config
    assert {name: config[name] for name in ("dimension", "architecture", "epochs", "seed")} == {
        "dimension": 5,
        "architecture": "cbow",
        "epochs": 2,
        "seed": 3,
    }


def test_several_workers_are_said_not_to_repeat(pwae, corpus, tmp_path):
    result = pwae("embed-words", corpus, "--out", tmp_path / "v", "--threads", 2).succeeds()
    assert (
        "2 threads: the vectors will differ from run to run; with --threads 1 they are reproducible." in result.stderr
    )
    assert "no: several workers" in result.stdout


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--dimension", 0, "dimension: Input should be greater than or equal to 1 (got 0)."),
        ("--threads", 0, "threads: Input should be greater than or equal to 1 (got 0)."),
        ("--seed", -1, "seed: Input should be greater than or equal to 0 (got -1)."),
    ],
)
def test_a_setting_out_of_range_is_refused(pwae, corpus, tmp_path, option, value, message):
    pwae("embed-words", corpus, "--out", tmp_path / "v", option, value).fails(3, message)
    assert not (tmp_path / "v").exists()


def test_a_wrong_file_is_refused_and_nothing_is_left(pwae, corpus, tmp_path):
    path = tmp_path / "published.txt"
    path.write_text("2 2\ntea 0.5 -0.25\nrain 2\n", encoding="utf-8")
    run = pwae("embed-words", corpus, "--out", tmp_path / "v", "--from", path)
    run.fails(4, f"{path}, line 3: 1 values after the word, expected 2.")
    missing = pwae("embed-words", corpus, "--out", tmp_path / "v", "--from", tmp_path / "none")
    missing.fails(4, f"Cannot read {tmp_path / 'none'}: No such file or directory.")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus", "published.txt"]


def test_a_corpus_that_is_none_is_refused(pwae, corpus, tmp_path):
    out = ("--out", tmp_path / "v")
    pwae("embed-words", tmp_path / "none", *out).fails(6, "none holds no corpus. Run 'pwae preprocess' first.")
    (tmp_path / ".half.partial").mkdir()
    write_plan(tmp_path / ".half.partial", Plan("corpus", {}, {}).unfinished())
    pwae("embed-words", tmp_path / "half", *out).fails(6, "half was not completed by 'pwae preprocess'. Run that")
    pwae("embed-words", corpus, *out).succeeds()
    pwae("embed-words", tmp_path / "v", *out).fails(6, "v holds vectors (of 'pwae embed-words'), expected corpus")
    histories = corpus / "histories.parquet"
    histories.write_bytes(histories.read_bytes()[:-1] + b"\0")
    damaged = pwae("embed-words", corpus, "--out", tmp_path / "w")
    damaged.fails(6, f"{histories} is damaged", "Run 'pwae preprocess' again with --force.")
    (corpus / "manifest.json").write_text("{}")
    pwae("embed-words", corpus, "--out", tmp_path / "w").fails(6, "manifest.json was altered or damaged")
    assert not (tmp_path / "w").exists()
