"""The example that turns the chitchat-dataset package into raw input."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "chitchat_to_jsonl.py"


def said(sender, text, second):
    return {"sender": sender, "text": text, "timestamp": f"2018-05-02T00:00:0{second}Z"}


def test_a_senders_consecutive_messages_are_one_utterance():
    rows = runpy.run_path(str(SCRIPT))["rows"]
    dataset = {
        "talk": {
            "messages": [
                [said("ann", "Hello", 1), said("ann", " there ", 2)],
                [said("ann", "you", 3)],
                [said("bob", "hi", 4), said("bob", "  ", 5)],
                [said("ann", "", 6)],
                [said("bob", "bye", 7)],
            ]
        },
        "monologue": {"messages": [[said("ann", "anybody", 1)], [said("bob", " ", 2)]]},
        "silence": {"messages": []},
    }
    assert list(rows(dataset)) == [
        {
            "conversation_id": "talk",
            "turn": 0,
            "user_id": "ann",
            "text": "Hello there you",
            "timestamp": "2018-05-02T00:00:01Z",
        },
        {
            "conversation_id": "talk",
            "turn": 1,
            "user_id": "bob",
            "text": "hi bye",
            "timestamp": "2018-05-02T00:00:04Z",
        },
    ]


def test_the_whole_dataset_has_the_known_size(tmp_path):
    out = tmp_path / "chitchat.jsonl"
    run = subprocess.run([sys.executable, SCRIPT, out], capture_output=True, text=True, check=True)
    assert run.stdout == f"{out}: 4,017 conversations, 135,565 utterances, 1,195 users\n"
    assert run.stderr == ""
    with out.open(encoding="utf-8") as handle:
        first = json.loads(next(handle))
        assert list(first) == ["conversation_id", "turn", "user_id", "text", "timestamp"]
        assert 1 + sum(1 for _ in handle) == 135_565
    assert [p.name for p in tmp_path.iterdir()] == ["chitchat.jsonl"]


def test_an_unwritable_place_is_one_line(tmp_path):
    out = tmp_path / "none" / "chitchat.jsonl"
    run = subprocess.run([sys.executable, SCRIPT, out], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, f"Cannot write {out}: No such file or directory.\n")
