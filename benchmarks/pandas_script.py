"""The straightforward script: section 4.1 with pandas, and jieba or NLTK, as one writes it in an afternoon.

    python benchmarks/pandas_script.py OUT jieba|nltk RAW.parquet...

It gives the sessions that ``pwae preprocess`` gives with that tokenizer (the same ids; tokens by jieba or NLTK itself)
and the vocabulary. Everything lies in memory. Prints what it made as JSON.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import jieba
import pandas as pd
from nltk.tokenize.casual import TweetTokenizer

from pwae_core.text import characters, clean

EMPTY = hashlib.md5(b"").hexdigest()
STEPS = [
    (characters.INVISIBLE, ""),
    (characters.EMOJI, " "),
    (clean.BRACKETS, " "),
    (clean.LINKS, " "),
    (clean.IMAGES, " "),
    (clean.REPLIES, " "),
    (clean.REPOSTS, " "),
    (clean.MARKS, " "),
    (r"\s+", " "),
]


def tokenizer(name: str) -> Callable[[str], list[str]]:
    if name == "nltk":
        return TweetTokenizer(match_phone_numbers=False).tokenize
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return jieba.lcut


def main(out: Path, tokens_by: str, raw: list[str]) -> None:
    data = pd.concat([pd.read_parquet(path) for path in raw])
    data = data[data.user_id.notna() & (data.user_id != "") & (data.user_id != EMPTY)]
    text = data.text
    for pattern, blank in STEPS:
        text = text.str.replace(pattern, blank, regex=True)
    text = text.str.strip()
    touched = text != data.text.str.replace(characters.INVISIBLE, "", regex=True).str.strip()
    bare = ~text.str.contains(r"[^\W_]", regex=True)
    data = data.assign(text=text)[(text != "") & ~(touched & bare)]
    said = data.user_id.value_counts()
    known = set(said[said > 14].index)
    data = data.sort_values(["conversation_id", "turn"])
    cut = tokenizer(tokens_by)
    data["tokens"] = [[token for token in cut(one) if not token.isspace()] for one in data.text]
    sessions, words = [], Counter()
    for name, group in data.groupby("conversation_id", sort=False):
        users, tokens, times = group.user_id.tolist(), group.tokens.tolist(), group.timestamp.tolist()
        for start in range(len(users) - 2):
            if users[start + 2] in known:
                window = tokens[start : start + 3]
                sessions.append((f"{name}#{start}", users[start + 2], window[:2], window[2], times[start + 2]))
    for _, _, context, response, _ in sessions:
        words.update(response)
        for one in context:
            words.update(one)
    out.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(sessions, columns=["session_id", "user_id", "context", "response", "time"])
    table.to_parquet(out / "sessions.parquet")
    pd.DataFrame(words.most_common(31_000), columns=["token", "count"]).to_parquet(out / "vocabulary.parquet")
    digest = hashlib.sha256("\n".join(sorted(table.session_id)).encode()).hexdigest()
    print(json.dumps({"sessions": len(table), "utterances": len(data), "ids": digest}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
