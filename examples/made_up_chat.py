"""Writes a made-up group chat as a CSV, for the tutorial: made_up_chat.py chat.csv

One row per message: user, text, thread, time. The people and what they say are invented. Each of them has opinions
and a manner of speaking, so that there is something to learn: the message before tells what a reply is about, and the
person who replies decides what it says about it and how. As in a real export, there are links and emoji, and messages
without text.
"""

import csv
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

PEOPLE = {  # what each of them says at the end of a message
    "amira": "just saying",
    "ben": "mate",
    "chloe": "haha",
    "dev": "to be honest",
    "elin": "i suppose",
    "femi": "no doubt",
    "grace": "my dear",
    "hugo": "as they say",
}
TOPICS = ("tea", "football", "rain", "opera", "chess", "the seaside", "cooking", "cycling")
OPINIONS = {
    True: ("i love {}", "nothing beats {}", "i could talk about {} all day", "{} makes my week", "give me more of {}"),
    False: ("i cannot stand {}", "not {} again", "{} is not for me", "i never saw the point of {}", "{} bores me"),
}
REASONS = {
    True: ("it calms me down", "my family grew up with it", "you learn so much", "it never gets old", "it is good fun"),
    False: (
        "it takes too long",
        "it is all the same",
        "my brother talks of nothing else",
        "i had enough of it at school",
    ),
}
QUESTIONS = ("what do you think of {}?", "who here likes {}?", "shall we talk about {}?")
THREADS, LENGTHS = 320, (6, 14)


def likes(person: str, topic: str) -> bool:
    """Half of the topics, others for each person."""
    return bool(random.Random(f"{person} and {topic}").getrandbits(1))


def reply(person: str, topic: str, draw: random.Random) -> str:
    """What ``person`` says about ``topic``, often with a reason, mostly in their manner."""
    side = likes(person, topic)
    said = draw.choice(OPINIONS[side]).format(topic)
    if draw.random() < 0.6:
        said += f", {draw.choice(REASONS[side])}"
    return f"{said}, {PEOPLE[person]}" if draw.random() < 0.7 else said


def messages(draw: random.Random) -> Iterator[tuple[str, str]]:
    """One thread: (person, text), nobody twice in a row. A topic lasts for a few messages."""
    person, topic = "", ""
    for number in range(draw.randint(*LENGTHS)):
        person = draw.choice([name for name in PEOPLE if name != person])
        if number == 0 or draw.random() < 0.2:
            topic = draw.choice(TOPICS)
            yield person, draw.choice(QUESTIONS).format(topic)
        else:
            yield person, reply(person, topic, draw)


def untidy(text: str, draw: random.Random) -> str:
    """Now and then a message has a link or an emoji, or is nothing but a picture."""
    extra = draw.random()
    if extra < 0.02:
        return f"{text} https://example.org/{draw.randrange(1000)}"
    return f"{text} 🙂" if extra < 0.06 else "" if extra < 0.07 else text


def rows(seed: int = 0) -> Iterator[tuple[str, str, str, str]]:
    """(user, text, thread, time) of every message, thread by thread; the same for the same seed."""
    draw = random.Random(seed)
    time = datetime(2024, 3, 1, 9)
    for number in range(THREADS):
        time += timedelta(hours=draw.randint(2, 9))
        for person, text in messages(draw):
            time += timedelta(seconds=draw.randint(20, 300))
            yield person, untidy(text, draw), f"t{number:03}", time.isoformat()


if __name__ == "__main__":
    with Path(sys.argv[1]).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("user", "text", "thread", "time"), *rows()])
