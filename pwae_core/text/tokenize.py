"""Tokenizers: text into tokens, and tokens back into text that reads well.

Every tokenizer takes many texts at once and gives tokens without any white space in them. None needs data files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

BATCH = 2_000

Tokenizer = Callable[[Sequence[str]], list[list[str]]]


def tokenize_nltk(texts: Sequence[str]) -> list[list[str]]:
    """NLTK's TweetTokenizer, made for messages: keeps ``don't``, ``:-)`` and URLs whole. Does not segment Chinese."""
    split = _tweet_tokenizer().tokenize
    return [[whole for token in split(text) if (whole := "".join(token.split()))] for text in texts]


@cache
def _tweet_tokenizer() -> Any:
    from nltk.tokenize.casual import TweetTokenizer

    return TweetTokenizer(match_phone_numbers=False)


def tokenize_jieba(texts: Sequence[str]) -> list[list[str]]:
    """jieba's segmentation by rjieba, a few thousand texts per call joined with newlines."""
    lines: list[list[str]] = []
    for start in range(0, len(texts), BATCH):
        lines += _segment(texts[start : start + BATCH])
    return lines


def _segment(texts: Sequence[str]) -> list[list[str]]:
    import rjieba

    lines: list[list[str]] = [[]]
    for token in rjieba.cut("\n".join(" ".join(text.split()) for text in texts)):
        if token == "\n":
            lines.append([])
        elif not token.isspace():
            lines[-1].append(token)
    return lines if texts else []


def tokenize_char(texts: Sequence[str]) -> list[list[str]]:
    """Every character that is not white space is a token."""
    return [[character for character in text if not character.isspace()] for text in texts]


def tokenize_whitespace(texts: Sequence[str]) -> list[list[str]]:
    """For text that is segmented already: split at white space."""
    return [text.split() for text in texts]


TOKENIZERS: dict[str, Tokenizer] = {
    "nltk": tokenize_nltk,
    "jieba": tokenize_jieba,
    "char": tokenize_char,
    "whitespace": tokenize_whitespace,
}

CJK_RANGES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WIDE = re.compile(f"[{CJK_RANGES}\u2e80-\u303f\uac00-\ud7a3\uff00-\uffef\u201c\u201d\u2026]")
CJK = re.compile(f"[{CJK_RANGES}]")
CLOSING = re.compile(r"(?:[.,!?;:%)\]}…»]+|n't|['’](?:s|t|m|d|re|ve|ll)|'')", re.IGNORECASE)
OPENING = frozenset(["(", "[", "{", "$", "€", "£", "«", "``"])
CONTRACTED = frozenset(["s", "t", "m", "d", "re", "ve", "ll"])
QUOTE = '"'


def detokenise(tokens: Sequence[str]) -> str:
    """Tokens as text for people: none of the spaces Chinese does not have, English punctuation where it belongs."""
    text = ""
    quoted = tight = False
    for index, token in enumerate(tokens):
        previous = tokens[index - 1] if index else ""
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        apostrophe = token in ("'", "’") and previous.isalpha() and following.lower() in CONTRACTED
        closes = CLOSING.fullmatch(token) is not None or (token == QUOTE and quoted) or apostrophe
        wide = bool(text and token) and bool(WIDE.match(text[-1]) or WIDE.match(token[0]))
        text += token if not text or tight or closes or wide else f" {token}"
        tight = token in OPENING or apostrophe or (token == QUOTE and not quoted)
        quoted ^= token == QUOTE
    return text


def is_cjk(token: str) -> bool:
    """Whether a token holds a Chinese or Japanese character."""
    return CJK.search(token) is not None
