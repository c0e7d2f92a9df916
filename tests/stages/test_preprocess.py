"""The whole stage against a plain-Python reading of section 4.1, and its promises about order, files and shards."""

import os
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted import planted, write_jsonl

from pwae_core import artifacts
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus.readers import jsonl, sources
from pwae_core.stages.preprocess import preprocess, worth_starting
from pwae_core.text.vocabulary import SPECIALS, UNK

SPLITS = ("train", "valid", "test")


def config(**settings) -> PreprocessConfig:
    return PreprocessConfig.make({"tokenizer": "whitespace", "min_utterances": 15, **settings})


def noisy_rows(seed: int = 0, conversations: int = 150) -> list[dict]:
    """Conversations of 1 to 7 turns by users who say very different amounts; some turns are empty or nobody's."""
    chance = random.Random(seed)
    rows = []
    for number in range(conversations):
        for turn in range(chance.randint(1, 7)):
            user = f"u{min(int(chance.expovariate(0.2)), 25)}"
            words = " ".join(chance.choice("abcdefghij") * chance.randint(1, 2) for _ in range(chance.randint(1, 5)))
            text = chance.choice([words] * 12 + ["", "😂", "<s> x", None])
            user = chance.choice([user] * 20 + ["", None])
            rows.append({"conversation_id": f"c{number}", "turn": 3 * turn, "user_id": user, "text": text})
    return rows


def plain_sessions(rows: list[dict], settings: PreprocessConfig) -> dict[str, list[dict]]:
    """Section 4.1 as a loop: {session_id: its utterances}, each {conversation_id, turn, user_id, tokens}."""
    kept = [row for row in rows if row["user_id"] and row["text"] and row["text"] != "😂"]
    said = Counter(row["user_id"] for row in kept)
    conversations: dict[str, list[dict]] = {}
    for row in sorted(kept, key=lambda row: row["turn"]):
        utterances = conversations.setdefault(row["conversation_id"], [])
        utterances.append({**row, "turn": len(utterances), "tokens": row["text"].split()})
    found = {}
    for name, utterances in conversations.items():
        for start in range(0, len(utterances) - settings.window + 1, settings.stride):
            window = utterances[start : start + settings.window]
            speakers = window if settings.users == "all" else window[-1:]
            enough = all(said[one["user_id"]] >= settings.min_utterances for one in speakers)
            if enough and len(utterances) >= settings.min_turns:
                found[f"{name}#{start}"] = window
    return found


def tables(folder: Path) -> dict[str, list[dict]]:
    corpus = artifacts.load(folder, "corpus")
    names = [*SPLITS, "users", "histories", "vocabulary", "rejected"]
    return {name: corpus.table(f"{name}.parquet").to_pylist() for name in names}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"users": "all", "min_utterances": 30},
        {"window": 2, "stride": 2},
        {"window": 4, "min_turns": 6, "valid": 0.2, "test": 3},
    ],
)
def test_sessions_are_those_of_the_plain_reading(tmp_path, settings):
    rows, chosen = noisy_rows(), config(**settings)
    preprocess([write_jsonl(rows, tmp_path / "raw")], tmp_path / "corpus", chosen)
    made, expected = tables(tmp_path / "corpus"), plain_sessions(rows, chosen)
    sessions = [session for split in SPLITS for session in made[split]]
    assert sorted(session["session_id"] for session in sessions) == sorted(expected)
    users = {row["user_id"]: row["user"] for row in made["users"][1:]}
    for session in sessions:
        window = expected[session["session_id"]]
        assert [*session["context"], session["response"]] == [one["tokens"] for one in window]
        assert session["context_user_ids"] == [one["user_id"] for one in window[:-1]]
        assert (session["conversation_id"], session["turn"]) == (window[0]["conversation_id"], window[0]["turn"])
        assert session["user_id"] == window[-1]["user_id"]
        assert session["user"] == users[session["user_id"]]
        assert session["time"] is None


def test_vocabulary_ids_users_and_histories_follow_from_the_splits(tmp_path):
    rows, chosen = noisy_rows(1), config(vocabulary_size=12)
    report = preprocess([write_jsonl(rows, tmp_path / "raw")], tmp_path / "corpus", chosen)
    made, windows = tables(tmp_path / "corpus"), plain_sessions(rows, chosen)

    def utterances(split, part):
        return {
            (one["conversation_id"], one["turn"]): one for s in made[split] for one in windows[s["session_id"]][part]
        }

    trained = utterances("train", slice(None))
    counts = Counter(token for one in trained.values() for token in one["tokens"])
    tokens_in_all = sum(counts.values())
    words = sorted((-n, token) for token, n in counts.items() if token not in SPECIALS)[:12]
    assert [(row["token"], row["count"]) for row in made["vocabulary"]] == [
        *((special, 0) for special in SPECIALS),
        *((token, -n) for n, token in words),
    ]
    ids = {row["token"]: row["id"] for row in made["vocabulary"][4:]}
    for session in (s for split in SPLITS for s in made[split]):
        assert session["response_ids"] == [ids.get(token, UNK) for token in session["response"]]
        assert session["context_ids"] == [[ids.get(t, UNK) for t in tokens] for tokens in session["context"]]
    assert report.out_of_vocabulary == pytest.approx(1 + sum(n for n, _ in words) / tokens_in_all, abs=1e-6)

    held = {**utterances("valid", slice(-1, None)), **utterances("test", slice(-1, None))}
    users = {row["user_id"]: row["user"] for row in made["users"][1:]}
    history = {k: one for k, one in trained.items() if k not in held and one["user_id"] in users}
    assert {(row["conversation_id"], row["turn"]) for row in made["histories"]} == set(history)
    assert len(made["histories"]) == len(history)
    for row in made["histories"]:
        one = history[row["conversation_id"], row["turn"]]
        assert (row["user"], row["tokens"]) == (users[one["user_id"]], one["tokens"])
        assert row["ids"] == [ids.get(token, UNK) for token in one["tokens"]]

    said = Counter(row["user_id"] for row in rows if row["user_id"] and row["text"] not in (None, "", "😂"))
    answers = Counter(session["user_id"] for session in made["train"])
    responders = sorted({session["user_id"] for split in SPLITS for session in made[split]})
    assert made["users"] == [
        {"user": 0, "user_id": "<unk>", "utterances": 0, "train_responses": 0},
        *(
            {"user": n, "user_id": user, "utterances": said[user], "train_responses": answers[user]}
            for n, user in enumerate(responders, start=1)
        ),
    ]
    in_context = utterances("train", slice(0, -1))
    test = [windows[session["session_id"]][-1] for session in made["test"]]
    shared = sum((one["conversation_id"], one["turn"]) in in_context for one in test) / len(test)
    assert report.overlap["test_responses_in_train_contexts"] == pytest.approx(shared, abs=1e-6)
    conversations = {session["conversation_id"] for session in made["train"]}
    same = sum(one["conversation_id"] in conversations for one in test) / len(test)
    assert report.overlap["test_sessions_of_train_conversations"] == pytest.approx(same, abs=1e-6)


def test_counts_and_rejections_are_those_of_the_data(tmp_path):
    rows = noisy_rows(2)
    report = preprocess([write_jsonl(rows, tmp_path / "raw")], tmp_path / "corpus", config())
    nobody = sum(not row["user_id"] for row in rows)
    empty = sum(bool(row["user_id"]) and not row["text"] for row in rows)
    cleaned = sum(bool(row["user_id"]) and row["text"] == "😂" for row in rows)
    kept = [row for row in rows if row["user_id"] and row["text"] not in (None, "", "😂")]
    lengths = Counter(row["conversation_id"] for row in kept)
    said = Counter(row["user_id"] for row in kept)
    windows = sum(max(0, n - 2) for n in lengths.values())
    assert report.counts["rows"] == len(rows)
    assert report.counts["utterances"] == len(kept) == len(rows) - nobody - empty - cleaned
    assert report.counts["conversations"] == len(lengths)
    assert report.counts["users"] == len(said)
    assert report.counts["users_over_threshold"] == sum(n > 14 for n in said.values())
    assert report.counts["windows"] == windows
    few, short = sum(n < 2 for n in lengths.values()), sum(n == 2 for n in lengths.values())
    assert report.counts["train"] + report.counts["valid"] + report.counts["test"] == report.counts["sessions"]
    assert report.rejected == [
        {"unit": "row", "reason": "no text", "count": empty},
        {"unit": "row", "reason": "no user_id", "count": nobody},
        {"unit": "utterance", "reason": "nothing left after cleaning", "count": cleaned},
        {"unit": "conversation", "reason": "fewer than 2 utterances", "count": few},
        {"unit": "conversation", "reason": "shorter than the window of 3", "count": short},
        {
            "unit": "session",
            "reason": "the responder has fewer than 15 utterances",
            "count": windows - report.counts["sessions"],
        },
    ]
    assert tables(tmp_path / "corpus")["rejected"] == report.rejected


def test_users_with_exactly_fourteen_utterances_do_not_answer(tmp_path):
    rows = [
        {"conversation_id": f"c{n}", "turn": t, "user_id": user, "text": "hi"}
        for n in range(15)
        for t, user in enumerate(["other", "other", "fifteen" if n % 2 else "x", "fifteen" if n % 2 == 0 else "y"])
    ]
    rows += [{"conversation_id": "d", "turn": n, "user_id": "fourteen", "text": "hi"} for n in range(14)]
    preprocess([write_jsonl(rows, tmp_path / "raw")], tmp_path / "corpus", config())
    assert [row["user_id"] for row in tables(tmp_path / "corpus")["users"]] == ["<unk>", "fifteen"]


def test_order_of_rows_number_of_files_and_shards_change_nothing(tmp_path, monkeypatch, snapshot):
    rows = noisy_rows(3)
    preprocess([write_jsonl(rows, tmp_path / "raw")], tmp_path / "one", config())
    expected = {name: data for name, data in snapshot(tmp_path / "one").items() if name != "manifest.json"}
    facts = artifacts.load(tmp_path / "one", "corpus").facts
    random.Random(0).shuffle(rows)
    parts = [write_jsonl(rows[n::3], tmp_path / f"part{n}") for n in range(3)]
    pq.write_table(pa.Table.from_pylist(rows[1::3]), parts[1])
    for size, shards in ((1 << 20, 10_000), (997, 50), (5_000, 11)):
        monkeypatch.setattr(jsonl, "SPAN_BYTES", size)
        monkeypatch.setattr(sources, "ROWS_A_SHARD", shards)
        out = tmp_path / f"many-{shards}"
        preprocess(parts, out, config(), workers=1)
        assert {name: data for name, data in snapshot(out).items() if name != "manifest.json"} == expected
        assert artifacts.load(out, "corpus").facts == facts


def test_several_processes_give_the_same_bytes(tmp_path, monkeypatch, snapshot):
    raw = write_jsonl(noisy_rows(4), tmp_path / "raw")
    monkeypatch.setattr(sources, "ROWS_A_SHARD", 100)
    preprocess([raw], tmp_path / "one", config(), workers=1)
    preprocess([raw], tmp_path / "two", config(), workers=2)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


@pytest.mark.parametrize(
    ("wanted", "spans", "shards", "size", "used"),
    [
        (None, 60, 1, 60_000, 1),
        (None, 3, 1, 30 << 20, 3),
        (None, 16, 16, 1 << 30, 8),
        (None, 1, 4, 5 << 20, 4),
        (5, 60, 1, 60_000, 5),
        (5, 1, 1, 1000, 1),
    ],
    ids=["small files", "files", "a large file", "a packed file", "asked for", "one piece"],
)
def test_processes_are_started_where_they_are_worth_it(monkeypatch, wanted, spans, shards, size, used):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert worth_starting(wanted, spans, shards, size) == used


def test_the_seed_moves_sessions_between_splits_and_nothing_else(tmp_path):
    raw = write_jsonl(noisy_rows(5), tmp_path / "raw")
    made = []
    for seed in (0, 1):
        preprocess([raw], tmp_path / str(seed), config(seed=seed))
        made.append(tables(tmp_path / str(seed)))
    every = [{s["session_id"] for split in SPLITS for s in one[split]} for one in made]
    assert every[0] == every[1]
    assert {s["session_id"] for s in made[0]["test"]} != {s["session_id"] for s in made[1]["test"]}


def test_merging_joins_runs_before_anything_is_counted(tmp_path):
    speakers = ["a", "a", "b", "b", "b", "a", "b"]
    rows = [
        {"conversation_id": f"c{n}", "turn": t, "user_id": user, "text": f"w{t}"}
        for n in range(5)
        for t, user in enumerate(speakers)
    ]
    raw = write_jsonl(rows, tmp_path / "raw")
    report = preprocess([raw], tmp_path / "corpus", config(merge_consecutive=True, min_utterances=10, valid=0, test=0))
    assert (report.counts["utterances"], report.counts["sessions"]) == (20, 10)
    first = next(s for s in tables(tmp_path / "corpus")["train"] if s["session_id"] == "c0#0")
    assert (first["context"], first["response"]) == ([["w0", "w1"], ["w2", "w3", "w4"]], ["w5"])
    sessions = tables(tmp_path / "corpus")["train"]
    assert all(a != b for s in sessions for a, b in pairwise([*s["context_user_ids"], s["user_id"]]))


def test_times_of_responses_are_kept(tmp_path):
    rows = [{**row, "timestamp": 1_372_480_809 + row["turn"]} for row in planted(users=6, conversations=60).rows]
    preprocess([write_jsonl(rows, tmp_path / "raw")], tmp_path / "corpus", config())
    session = tables(tmp_path / "corpus")["train"][0]
    assert session["time"].timestamp() == 1_372_480_809 + session["turn"] + 2


def test_what_stands_is_not_made_again_and_gives_the_same_report(tmp_path, snapshot):
    raw = write_jsonl(planted().rows, tmp_path / "raw")
    first = preprocess([raw], tmp_path / "corpus", config())
    before = (tmp_path / "corpus" / "manifest.json").stat().st_mtime_ns
    again = preprocess([raw], tmp_path / "corpus", config())
    assert (first.standing, again.standing) == (False, True)
    assert vars(again) == {**vars(first), "standing": True}
    assert (tmp_path / "corpus" / "manifest.json").stat().st_mtime_ns == before
    forced = preprocess([raw], tmp_path / "corpus", config(), force=True)
    assert not forced.standing
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "raw"]


def test_chinese_that_is_not_segmented_gets_a_warning(tmp_path):
    rows = [
        {"conversation_id": f"c{n}", "turn": t, "user_id": f"u{t}", "text": "今天天气很好我们去公园吧"}
        for n in range(20)
        for t in range(3)
    ]
    raw = write_jsonl(rows, tmp_path / "raw")
    report = preprocess([raw], tmp_path / "a", config(tokenizer="nltk"))
    assert report.mean_cjk_token_length == 12
    assert report.warnings == [
        "Chinese tokens are 12.0 characters long on average: the tokenizer nltk does not segment Chinese. "
        "Use --tokenizer jieba."
    ]
    report = preprocess([raw], tmp_path / "b", config(tokenizer="jieba"))
    assert report.warnings == []
