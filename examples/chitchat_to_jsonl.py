"""Writes the conversations of the chitchat-dataset package as the JSONL that ``pwae preprocess`` reads.

    python examples/chitchat_to_jsonl.py chitchat.jsonl

One line an utterance: conversation_id, turn, user_id, text, timestamp. A sender's consecutive messages are one
utterance with the first one's time; conversations in which only one person wrote are left out. The package (BYU PCC
lab, MIT licence) carries its data with it: nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any


def utterances(conversation: dict[str, Any]) -> list[dict[str, str]]:
    """The conversation's messages that say something, the consecutive ones of a sender joined by a space."""
    messages = [message for group in conversation["messages"] for message in group if message["text"].strip()]
    merged = []
    for sender, run in groupby(messages, key=lambda message: message["sender"]):
        parts = list(run)
        text = " ".join(part["text"].strip() for part in parts)
        merged.append({"user_id": sender, "text": text, "timestamp": parts[0]["timestamp"]})
    return merged


def rows(dataset: dict[str, dict[str, Any]]) -> Iterator[dict[str, object]]:
    """The utterances of every conversation that two people wrote."""
    for name, conversation in dataset.items():
        said = utterances(conversation)
        if len({utterance["user_id"] for utterance in said}) == 2:
            for turn, utterance in enumerate(said):
                yield {"conversation_id": name, "turn": turn, **utterance}


def write_lines(out: Path, lines: Iterable[str]) -> None:
    """Writes the file whole or not at all."""
    unfinished = out.with_name(f".{out.name}.new")
    try:
        with unfinished.open("w", encoding="utf-8") as handle:
            handle.writelines(lines)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the chitchat-dataset package's conversations as JSONL.")
    parser.add_argument("out", type=Path, help="the file to write; it appears when it is complete")
    out = parser.parse_args().out
    try:
        dataset = json.loads((resources.files("chitchat_dataset") / "dataset.json").read_text(encoding="utf-8"))
    except ModuleNotFoundError:
        sys.exit("The package chitchat-dataset is missing. Install it: pip install chitchat-dataset==0.9.0")
    written = list(rows(dataset))
    try:
        write_lines(out, (json.dumps(row, ensure_ascii=False) + "\n" for row in written))
    except OSError as error:
        sys.exit(f"Cannot write {out}: {error.strerror}.")
    conversations, users = ({row[column] for row in written} for column in ("conversation_id", "user_id"))
    print(f"{out}: {len(conversations):,} conversations, {len(written):,} utterances, {len(users):,} users")


if __name__ == "__main__":
    main()
