"""A generated corpus with planted habits: what a personal model can learn, and a model without users cannot.

Everybody talks about the conversation's topic, so a model without users can learn topics and phrases. Each user says
their own habit in every utterance, and nothing in a context tells the responder's habit: nobody speaks twice in
a conversation, and who meets whom is chance.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HABITS = ("honestly", "darling", "indeed", "cheers", "mate", "haha", "amen", "folks", "anyway", "bravo")
TOPICS = ("tea", "music", "football", "rain", "cats", "chess", "bread", "trains", "movies", "snow")
OPENERS = ("do you like {topic} ?", "what do you think of {topic} ?", "let us talk about {topic} .")
ANSWERS = (
    "i like {topic} very much",
    "{topic} is not for me",
    "my friends love {topic}",
    "i never get enough of {topic}",
    "{topic} makes me happy",
)


@dataclass(frozen=True)
class Planted:
    """``rows`` as raw input (conversation_id, turn, user_id, text); ``habits`` maps each user to theirs."""

    rows: list[dict[str, Any]]
    habits: dict[str, str]


def planted(
    users: int = 8,
    conversations: int = 200,
    seed: int = 0,
    *,
    pool: Sequence[str] = HABITS,
    distinct: bool = False,
    turns: tuple[int, int] = (3, 6),
) -> Planted:
    """Generates ``conversations`` of ``turns`` utterances, each by another of ``users`` users.

    Habits come from ``pool``, given in turn (users share one when there are more users than habits); ``distinct``
    makes one up for each user instead. Each user says about conversations * 4.5 / users utterances.
    """
    random_source = random.Random(seed)
    names = [f"user{number:03d}" for number in range(users)]
    habits = {name: f"habit{n:03d}" if distinct else pool[n % len(pool)] for n, name in enumerate(names)}
    rows: list[dict[str, Any]] = []
    for number in range(conversations):
        topic = random_source.choice(TOPICS)
        length = min(users, random_source.randint(*turns))
        for turn, name in enumerate(random_source.sample(names, length)):
            sentence = random_source.choice(OPENERS if turn == 0 else ANSWERS).format(topic=topic)
            text = f"{sentence} {habits[name]}"
            rows.append({"conversation_id": f"c{number:05d}", "turn": turn, "user_id": name, "text": text})
    return Planted(rows, habits)


def write_jsonl(rows: Iterable[dict[str, Any]], path: Path) -> Path:
    """Writes one JSON object a line and gives ``path`` back."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
