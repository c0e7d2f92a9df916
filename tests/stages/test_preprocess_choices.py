"""Who is left out, and who is drawn: missing ids, giants, splits by conversation and by time."""

import pytest
from planted import write_jsonl

from pwae_core import artifacts
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.errors import ConfigError, EmptyResultError
from pwae_core.stages.preprocess import preprocess

SETTINGS = {"tokenizer": "whitespace", "min_utterances": 1, "valid": 0, "test": 0}


def made(raw, out, **settings):
    return preprocess([raw], out, PreprocessConfig.make({**SETTINGS, **settings}))


def rejected(report):
    return {(one["unit"], one["reason"]): one["count"] for one in report.rejected}


def test_ids_that_are_missing_in_every_way(tmp_path):
    nobody = [
        "",
        None,
        " ",
        "null",
        "NaN",
        "<unk>",
        "d41d8cd98f00b204e9800998ecf8427e",
        "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
    ]
    nobody.append("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    for shape in ("turn", "utterance_id"):
        rows = [{"conversation_id": "c", "turn": n, "user_id": f"u{n}", "text": "hi"} for n in range(5)]
        rows += [
            {"conversation_id": "c", "turn": n + 9, "user_id": user, "text": "hi"} for n, user in enumerate(nobody)
        ]
        rows += [{"conversation_id": "c", "turn": 99, "user_id": "bot", "text": "hi"}]
        if shape == "utterance_id":
            above = [None, *(str(row["turn"]) for row in rows)]
            rows = [
                {**row, "utterance_id": str(row.pop("turn")), "reply_to": a}
                for row, a in zip(rows, above[:-1], strict=True)
            ]
        report = made(write_jsonl(rows, tmp_path / shape), tmp_path / f"out-{shape}", drop_users=["bot", "bott"])
        assert rejected(report) == {
            ("row", "no user_id"): 3,
            ("row", "no user_id (null, [deleted] and the like)"): 3,
            ("row", "no user_id (the hash of nothing)"): 3,
            ("row", "user left out (--drop-user)"): 1,
        }
        assert report.counts["utterances"] == 5
        assert report.notes[-1:] == ["--drop-user 'bott': no row has this user id. Is it misspelt?"]


def test_a_user_with_an_absurd_share_gets_a_warning(tmp_path):
    rows = [
        {"conversation_id": f"c{n}", "turn": t, "user_id": "giant" if t == 1 else f"u{n}-{t}", "text": "hi"}
        for n in range(40)
        for t in range(3)
    ]
    raw = write_jsonl(rows, tmp_path / "raw")
    report = made(raw, tmp_path / "a")
    assert report.warnings == [
        "User 'giant' says 33% of everything. Perhaps this is not a real person. If so, leave it out with --drop-user."
    ]
    assert made(raw, tmp_path / "b", giant_share=0.4).warnings == []


@pytest.mark.parametrize("linked", [False, True])
def test_texts_that_an_export_garbled_get_a_warning_with_the_file_and_the_share(tmp_path, linked):
    rows = [
        {"conversation_id": f"c{n}", "turn": t, "user_id": f"u{t}", "text": f"one\\ntwo {n}" if n < 2 else "你好"}
        for n in range(20)
        for t in range(3)
    ]
    if linked:
        for row in rows:
            turn = row.pop("turn")
            row["utterance_id"] = f"{row['conversation_id']}-{turn}"
            row["reply_to"] = f"{row['conversation_id']}-{turn - 1}" if turn else None
    report = made(write_jsonl(rows, tmp_path / "raw"), tmp_path / "a")
    assert [one for one in report.warnings if "escapes" in one] == [
        f"{tmp_path}/raw: 6 of 60 texts hold escapes in place of characters, such as 'one\\ntwo 0'. "
        "Undo the escapes in the file: as they are, they become words."
    ]


def timed_rows() -> list[dict]:
    return [
        {
            "conversation_id": f"c{n}",
            "turn": t,
            "user_id": f"u{t}",
            "text": f"{n}",
            "timestamp": str(86400 * ((n * 7) % 50)),
        }
        for n in range(50)
        for t in range(4)
    ]


def test_splits_by_conversation_share_none(tmp_path):
    report = made(
        write_jsonl(timed_rows(), tmp_path / "raw"), tmp_path / "a", split_by="conversation", valid=9, test=0.1
    )
    corpus = artifacts.load(tmp_path / "a", "corpus")
    ids = [set(corpus.table(f"{name}.parquet")["conversation_id"].to_pylist()) for name in ("train", "valid", "test")]
    assert not ids[0] & ids[1] | ids[0] & ids[2] | ids[1] & ids[2]
    assert (report.counts["valid"], report.counts["test"], report.counts["train"]) == (10, 10, 80)
    assert report.overlap == {"test_responses_in_train_contexts": 0.0, "test_sessions_of_train_conversations": 0.0}
    assert report.split_by == "conversation"


def test_splits_by_time_take_the_latest(tmp_path):
    made(write_jsonl(timed_rows(), tmp_path / "raw"), tmp_path / "a", split_by="time", valid=10, test=10)
    corpus = artifacts.load(tmp_path / "a", "corpus")
    times = [corpus.table(f"{name}.parquet")["time"].to_pylist() for name in ("train", "valid", "test")]
    assert [len(one) for one in times] == [80, 10, 10]
    assert max(times[0]) < min(times[1]) <= max(times[1]) < min(times[2])


def test_splits_that_cannot_be(tmp_path):
    untimed = write_jsonl([{**row, "timestamp": None} for row in timed_rows()], tmp_path / "raw")
    with pytest.raises(ConfigError, match="100 of 100 sessions have no time by which they could be split"):
        made(untimed, tmp_path / "a", split_by="time", test=1)
    one = write_jsonl([row for row in timed_rows() if row["conversation_id"] == "c0"], tmp_path / "one")
    with pytest.raises(ConfigError, match="Whole conversations for validation and test leave no session"):
        made(one, tmp_path / "b", split_by="conversation", test=1)
    with pytest.raises(EmptyResultError, match="No utterance is left of 4 rows"):
        made(one, tmp_path / "c", drop_users=["u0", "u1", "u2", "u3"])
