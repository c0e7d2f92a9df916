"""Dumps, corpora and chat exports through the stage: every record is in the account, counted here independently."""

import json

import pytest
from backports import zstd
from chats import (
    convokit_old,
    convokit_utterance,
    discord_channel,
    discord_message,
    reddit_comment,
    reddit_submission,
    telegram_account,
    telegram_chat,
    telegram_message,
    write_document,
)
from crawls import write_lines

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.stages.preprocess import preprocess

SETTINGS = {"tokenizer": "whitespace", "min_utterances": 1, "valid": 0, "test": 0, "window": 2}
WORDS = ["some words", "", "[哈哈]", "so it is", "！[doge]"]


def telegram(folder):
    kinds = [
        {},
        {"type": "service"},
        {"forwarded_from": "x"},
        {"via_bot": "@x"},
        {"from_id": None},
        {"date_unixtime": ""},
    ]
    said = [telegram_message(n, n % 3, WORDS[n % 5], n * 10, **kinds[n % 6 if n % 4 else 0]) for n in range(90)]
    said += [*said[:9], {"id": 7, "type": "unsupported"}, None, [], {}]
    chats = [telegram_chat(1, said), telegram_chat(2, said[:7], "bot_chat"), telegram_chat(3, [])]
    write_document(folder / "result.json", telegram_account(chats, [telegram_chat(4, said[:5])]))
    return len(said) + 7 + 5


def discord(folder):
    kinds = ["Default", "Reply", "Call", "20"]
    said = [discord_message(n, n % 4, WORDS[n % 5], n * 30, kinds[n % 4 if n % 3 else 0]) for n in range(80)]
    said += [{**said[3], "author": {"id": "9", "isBot": True}}, {**said[4], "timestamp": "soon"}, {"id": "1"}, 7]
    write_document(folder / "part1.json", discord_channel(1, said[:50]))
    write_document(folder / "part2.json", discord_channel(1, said[40:]))
    return 50 + len(said[40:])


def whatsapp(folder):
    lines = [f"[13/11/2023, 10:{n % 60:02}:00] P{n % 3}: {WORDS[n % 5]}" for n in range(100)]
    lines[10] = "and more"
    lines[20] = "[13/11/2023, 10:20:00] P1: \u200eimage omitted"
    lines[30] = "[13/11/2023, 10:30:00] P1 left"
    (folder / "_chat.txt").write_text("\r\n".join(lines), encoding="utf-8")
    (folder / "copy.txt").write_text("\n".join(lines), encoding="utf-8")
    return 2 * (len(lines) - 1)


def reddit(folder):
    users = ["ann", "[deleted]", "AutoModerator", "bob"]
    said = [
        reddit_comment(f"c{n}", users[n % 4 if n % 3 else 0], f"> it\n{WORDS[n % 5]}", f"t1_c{n - 1}", f"p{n // 9}")
        for n in range(80)
    ]
    for n in range(0, 80, 9):
        said[n]["parent_id"] = f"t3_p{n // 9}"
    said += [*said[:6], {"id": "x"}, {**said[7], "id": ""}]
    posts = [reddit_submission(f"p{n}", "cat", "title", WORDS[n % 5]) for n in range(5)]
    packed = zstd.compress("".join(json.dumps(one) + "\n" for one in said).encode())
    (folder / "RC_2023-11.zst").write_bytes(packed)
    write_lines(folder / "RS_2023-11", posts)
    return len(said) + len(posts)


def convokit(folder):
    said = [
        convokit_utterance(f"{n}", f"s{n % 4}", WORDS[n % 5], f"{n // 8 * 8}", f"{n - 1}" if n % 8 else None)
        for n in range(80)
    ]
    (folder / "new").mkdir()
    (folder / "old").mkdir()
    write_lines(folder / "new" / "utterances.jsonl", [*said, {"id": "x"}, said[3], {**said[4], "speaker": None}])
    write_document(folder / "new" / "speakers.json", {"s1": {"meta": {}}})
    write_document(folder / "old" / "utterances.json", [convokit_old(f"o{n}", "s", "t", "o0", None) for n in range(4)])
    return len(said) + 3 + 4


@pytest.mark.parametrize("write", [telegram, discord, whatsapp, reddit, convokit])
def test_every_record_is_in_the_account(tmp_path, write):
    (tmp_path / "raw").mkdir()
    records = write(tmp_path / "raw")
    config = PreprocessConfig.make({**SETTINGS, "merge_consecutive": True})
    report = preprocess([tmp_path / "raw"], tmp_path / "corpus", config)
    account = [line["count"] for line in report.account]
    assert account[0] == records
    assert account[-1] == report.counts["utterances"] + report.counts["joined"]
    assert sum(account[1:]) == records
    assert len(account) > 4


def test_one_person_who_says_everything_twice_is_one_in_all_chats(tmp_path):
    said = [telegram_message(n, n % 2 + 1, f"word {n}", n) for n in range(1, 21)]
    for name in ("a", "b"):
        write_document(tmp_path / name, telegram_chat(1, said))
    once = preprocess([tmp_path / "a"], tmp_path / "one", PreprocessConfig.make(SETTINGS))
    twice = preprocess([tmp_path / "a", tmp_path / "b"], tmp_path / "two", PreprocessConfig.make(SETTINGS))
    assert twice.counts | {"rows": 20} == once.counts
    assert {"unit": "row", "reason": "utterance_id occurs more than once", "count": 20} in twice.rejected
