"""A hand-made corpus, and responses to it of systems that differ in nothing but their names."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pwae_core import artifacts
from pwae_core.schemas import ARTIFACTS, RESPONSES

VOCABULARY = "v" * 64
WORDS = ("tea", "rain", "music", "chess", "bread", "snow", "trains", "cats", "你好", "哈哈", "!", "?", ",")


@dataclass(frozen=True)
class Judged:
    """``sessions`` are rows of the test split; ``said`` maps a user id to the utterances of the history."""

    corpus: Path
    sessions: list[dict[str, Any]]
    said: Mapping[str, list[list[str]]]


def utterance(source: random.Random) -> list[str]:
    return source.choices(WORDS, k=source.randint(2, 9))


def make_corpus(folder: Path, sessions: int = 30, users: int = 6, said: int = 15, tokenizer: str = "nltk") -> Judged:
    """A corpus artifact: everybody has said ``said`` utterances; only what the human evaluation reads is filled."""
    source = random.Random(1)
    names = [f"user{number}" for number in range(users)]
    rows = [_session(number, names, source) for number in range(sessions)]
    histories = {name: [utterance(source) for _ in range(said)] for name in names}
    tables = {
        "test.parquet": rows,
        "users.parquet": [
            {"user": n, "user_id": name, "utterances": 20, "train_responses": 9} for n, name in enumerate(["", *names])
        ],
        "histories.parquet": [
            {"user": n, "conversation_id": f"h{turn // 5}", "turn": turn, "tokens": tokens, "ids": [4] * len(tokens)}
            for n, name in enumerate(names, start=1)
            for turn, tokens in enumerate(histories[name])
        ],
    }
    with artifacts.draft(folder, artifacts.Plan("corpus", {"tokenizer": tokenizer}, {})) as draft:
        for name, schema in ARTIFACTS["corpus"].items():
            draft.write(name, pa.Table.from_pylist(tables.get(name, []), schema=schema))
        draft.facts = {"vocabulary": VOCABULARY}
    return Judged(folder, rows, histories)


def _session(number: int, names: Sequence[str], source: random.Random) -> dict[str, Any]:
    first, responder = source.sample(range(len(names)), 2)
    context = [utterance(source), utterance(source)]
    response = utterance(source)
    return {
        "session_id": f"c{number}#0",
        "conversation_id": f"c{number}",
        "turn": 0,
        "user": responder + 1,
        "user_id": names[responder],
        "context_user_ids": [names[first], names[responder]],
        "context": context,
        "response": response,
        "context_ids": [[4] * len(one) for one in context],
        "response_ids": [4] * len(response),
        "time": None,
    }


def make_responses(
    folder: Path,
    system: str,
    judged: Judged,
    answers: Mapping[str, list[list[str]]] | None = None,
    samples: int = 4,
    vocabulary: str = VOCABULARY,
    **changes: Any,
) -> Path:
    """A responses artifact: random words, or what ``answers`` gives by session; ``changes`` replace columns."""
    source = random.Random(system)
    rows = [
        {
            "session_id": session["session_id"],
            "user_id": session["user_id"],
            "context_user_ids": session["context_user_ids"],
            "context": session["context"],
            "references": [session["response"]],
            "responses": [utterance(source) for _ in range(samples)],
        }
        | ({"responses": answers[session["session_id"]]} if answers and session["session_id"] in answers else {})
        | changes
        for session in judged.sessions
    ]
    with artifacts.draft(folder, artifacts.Plan("responses", {}, {"run": system})) as draft:
        draft.write("responses.parquet", pa.Table.from_pylist(rows, schema=RESPONSES))
        draft.facts = {"system": system, "vocabulary": vocabulary, "tokenizer": "nltk"}
    return folder
