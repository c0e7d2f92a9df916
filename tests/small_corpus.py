"""A corpus artifact written by hand, so that later stages can be tested without preprocess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from pwae_core import artifacts, schemas
from pwae_core.text import vocabulary

CONVERSATIONS = (
    ("ann: do you like tea ?", "bob: tea is good indeed", "ann: so is cake", "bob: cake is good indeed"),
    ("cat: rain again", "ann: i like the rain", "cat: you do not like tea ?"),
    ("bob: good morning", "cat: morning", "bob: rain again indeed"),
)


def write_corpus(folder: Path, conversations: Sequence[Sequence[str]] = CONVERSATIONS, window: int = 3) -> Path:
    """Writes a corpus whose train, valid and test splits are the same sessions; utterances are "user: words"."""
    said = [[line.split(": ") for line in conversation] for conversation in conversations]
    words = Counter(word for conversation in said for _, text in conversation for word in text.split(" "))
    known = vocabulary.build(words, 1000)
    users = sorted({user for conversation in said for user, _ in conversation})
    sessions = [
        _session(f"c{number}", turn, conversation[turn : turn + window], users, known)
        for number, conversation in enumerate(said)
        for turn in range(len(conversation) - window + 1)
    ]
    plan = artifacts.Plan("corpus", {"window": window}, {"raw": "0" * 64})
    with artifacts.draft(folder, plan) as draft:
        for split in ("train", "valid", "test"):
            draft.write(f"{split}.parquet", pa.Table.from_pylist(sessions, schemas.SESSIONS))
        draft.write("users.parquet", _users(users, sessions))
        draft.write("histories.parquet", _histories(sessions))
        draft.write("vocabulary.parquet", known.to_table())
        draft.write("rejected.parquet", schemas.REJECTED.empty_table())
        draft.facts |= {"vocabulary": known.fingerprint}
    return folder


def _session(name: str, turn: int, lines: list[list[str]], users: list[str], known: vocabulary.Vocabulary) -> dict:
    tokens = [text.split(" ") for _, text in lines]
    ids = [known.encode(utterance) for utterance in tokens]
    responder = lines[-1][0]
    return {
        "session_id": f"{name}#{turn}",
        "conversation_id": name,
        "turn": turn,
        "user": users.index(responder) + 1,
        "user_id": responder,
        "context_user_ids": [user for user, _ in lines[:-1]],
        "context": tokens[:-1],
        "response": tokens[-1],
        "context_ids": ids[:-1],
        "response_ids": ids[-1],
        "time": None,
    }


def _users(users: list[str], sessions: list[dict]) -> pa.Table:
    answers = Counter(session["user_id"] for session in sessions)
    rows = [
        {"user": number, "user_id": user, "utterances": 20, "train_responses": answers[user]}
        for number, user in enumerate(["", *users])
    ]
    return pa.Table.from_pylist(rows, schemas.USERS)


def _histories(sessions: list[dict]) -> pa.Table:
    rows = [
        {
            "user": session["user"],
            "conversation_id": session["conversation_id"],
            "turn": session["turn"] + len(session["context"]),
            "tokens": session["response"],
            "ids": session["response_ids"],
        }
        for session in sessions
    ]
    return pa.Table.from_pylist(rows, schemas.HISTORIES)
