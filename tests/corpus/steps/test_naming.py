"""Conversations of one run are called differently, however many threads use the same ids."""

import random

import pytest
from chats import telegram_account, telegram_chat, telegram_message, write_document
from planted import write_jsonl

from pwae_core import artifacts
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import sources
from pwae_core.corpus.utterances import training_utterances
from pwae_core.errors import InputError
from pwae_core.stages.preprocess import preprocess

SETTINGS = {"tokenizer": "whitespace", "min_utterances": 1, "valid": 0, "test": 0}


def made(raw, out, **settings):
    preprocess([str(one) for one in raw], out, PreprocessConfig.make({**SETTINGS, **settings}))
    return artifacts.load(out, "corpus")


def names(corpus):
    """The names of conversations that have sessions, each once; no session has another's id."""
    table = corpus.table("train.parquet")
    sessions = table["session_id"].to_pylist()
    assert len({*sessions}) == len(sessions)
    return sorted({*table["conversation_id"].to_pylist()})


def thread(name, length, first=1, **more):
    """A chain of replies whose ids are numbered from ``first`` in every thread."""
    return [
        {"utterance_id": str(n), "reply_to": str(n - 1) if n > first else None, "user_id": f"u{n % 2}"}
        | {"conversation_id": name, "text": f"{name} {n}", **more}
        for n in range(first, first + length)
    ]


def test_threads_with_the_same_ids(tmp_path):
    rows = [*thread("A", 4), *thread("B", 4), *thread("C", 5)]
    corpus = made([write_jsonl(rows, tmp_path / "raw")], tmp_path / "out")
    assert names(corpus) == ["5", "A/4", "B/4"]
    assert len(training_utterances(corpus)) == len(rows)


def test_trees_without_threads_and_lines_with_the_same_ids(tmp_path):
    lines = [{"conversation_id": "4", "turn": n, "user_id": f"u{n % 2}", "text": f"line {n}"} for n in range(3)]
    trees = [write_jsonl(thread("A", 4), tmp_path / "a"), write_jsonl(thread(None, 4), tmp_path / "loose")]
    corpus = made([write_jsonl(lines, tmp_path / "lines"), *trees], tmp_path / "out")
    assert names(corpus) == ["1/4", "4", "A/4"]


def test_ids_that_are_unique_stay(tmp_path):
    rows = [*thread("A", 4), *thread("B", 4, first=10)]
    assert names(made([write_jsonl(rows, tmp_path / "raw")], tmp_path / "out")) == ["13", "4"]


def test_chats_of_a_telegram_account_followed_by_replies(tmp_path):
    chats = [
        telegram_chat(n, [telegram_message(m, m % 2, f"{n} {m}", m, reply_to_message_id=m - 1) for m in range(1, 5)])
        for n in (1, 2)
    ]
    raw = write_document(tmp_path / "result.json", telegram_account(chats))
    corpus = made([raw], tmp_path / "out", shape="replies")
    assert names(corpus) == ["telegram-1/4", "telegram-2/4"]


def test_a_post_is_read_once_for_each_path_that_has_it_in_a_context(tmp_path):
    post = {"utterance_id": "p", "reply_to": None, "user_id": "u", "text": "post"}
    rows = [post]
    for n in range(3):
        rows += [
            {**post, "utterance_id": f"c{n}", "reply_to": "p"},
            {**post, "utterance_id": f"r{n}", "reply_to": f"c{n}"},
        ]
    corpus = made([write_jsonl(rows, tmp_path / "raw")], tmp_path / "out")
    assert names(corpus) == ["r0", "r1", "r2"]
    assert len(training_utterances(corpus)) == 3 * 3


def test_the_division_of_the_rows_changes_no_name(tmp_path, monkeypatch, snapshot):
    rows = [row for number in range(30) for row in thread(f"t{number}", 3 + number % 7)]
    made([write_jsonl(rows, tmp_path / "raw")], tmp_path / "one", valid=5, test=5)
    expected = {name: data for name, data in snapshot(tmp_path / "one").items() if name != "manifest.json"}
    random.Random(0).shuffle(rows)
    parts = [write_jsonl(rows[n::3], tmp_path / f"part{n}") for n in range(3)]
    monkeypatch.setattr(sources, "ROWS_A_SHARD", 20)
    made(parts, tmp_path / "two", valid=5, test=5)
    assert {name: data for name, data in snapshot(tmp_path / "two").items() if name != "manifest.json"} == expected


def test_names_that_are_equal_all_the_same_are_refused(tmp_path):
    chat = [{"conversation_id": "tea", "user_id": "u", "text": f"c {n}", "timestamp": str(10**9 + n)} for n in range(3)]
    lines = [{"conversation_id": "tea/1", "turn": n, "user_id": "u", "text": f"l {n}"} for n in range(3)]
    raw = [write_jsonl(rows, tmp_path / f"raw{place}") for place, rows in enumerate((chat, lines))]
    with pytest.raises(InputError) as refused:
        made(raw, tmp_path / "out")
    assert str(refused.value) == (
        "Two conversations would both be called 'tea/1': files of different shapes share conversation ids. "
        "Change the ids in one of them."
    )
