"""Tokenizers: text into tokens, and tokens back into text that reads well.

Every tokenizer takes many texts at once and gives tokens without any white space in them. None needs data files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.text.clean import BRACKETS

BATCH = 4_000
CODE = re.compile(f"({BRACKETS})")

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
        lines += _segmented([" ".join(text.split()) for text in texts[start : start + BATCH]]).to_pylist()
    return lines


def _segmented(texts: Sequence[str]) -> pa.ListArray:
    """The tokens of ``texts`` that hold no line ends, as lists of a dictionary; none of the tokens is white space."""
    import rjieba

    encoded = pa.array(rjieba.cut("\n".join(texts)), pa.string()).dictionary_encode()
    words, codes = encoded.dictionary, encoded.indices.to_numpy()
    blank = pc.utf8_is_space(words).to_numpy(zero_copy_only=False)
    newline = pc.equal(words, "\n").to_numpy(zero_copy_only=False)
    kept = ~blank[codes]
    ends = np.append(np.flatnonzero(newline[codes]), len(codes)) if texts else np.zeros(0, np.int64)
    offsets = np.append(0, np.append(0, np.cumsum(kept))[ends])
    tokens = pa.DictionaryArray.from_arrays(pa.array(codes[kept]), words)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), tokens)


def tokenize_char(texts: Sequence[str]) -> list[list[str]]:
    """Every character that is not white space is a token."""
    return [[character for character in text if not character.isspace()] for text in texts]


def tokenize_whitespace(texts: Sequence[str]) -> list[list[str]]:
    """For text that is segmented already: split at white space."""
    return [text.split() for text in texts]


def _keeping_codes(split: Tokenizer) -> Tokenizer:
    """The tokenizer with Weibo's bracket emoticons (``[哈哈]``) kept whole, each a token of its own."""

    def tokenize(texts: Sequence[str]) -> list[list[str]]:
        parts = [CODE.split(text) if "[" in text else [text] for text in texts]
        between = iter(split([part for pieces in parts for part in pieces[::2]]))
        return [
            [token for n, piece in enumerate(pieces) for token in ([piece] if n % 2 else next(between))]
            for pieces in parts
        ]

    return tokenize


TOKENIZERS: dict[str, Tokenizer] = {
    "nltk": _keeping_codes(tokenize_nltk),
    "jieba": _keeping_codes(tokenize_jieba),
    "char": _keeping_codes(tokenize_char),
    "whitespace": tokenize_whitespace,
}


def tokenise_array(texts: pa.Array, tokenizer: str) -> list[pa.ListArray]:
    """The tokens of cleaned texts as lists of a dictionary, in chunks. A text that it empties is one token."""
    if tokenizer == "jieba" and not pc.any(pc.match_substring_regex(texts, f"\\n|{BRACKETS}")).as_py():
        found = [_segmented(texts.slice(start, BATCH).to_pylist()) for start in range(0, len(texts), BATCH)]
        if all(pc.min(pc.list_value_length(lists)).as_py() for lists in found):
            return found
    some = texts.to_pylist()
    lists = [found or ["".join(text.split())] for found, text in zip(TOKENIZERS[tokenizer](some), some, strict=True)]
    offsets = np.cumsum([0, *map(len, lists)])
    tokens = pa.array([token for tokens in lists for token in tokens], pa.string()).dictionary_encode()
    return [pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), tokens)]


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
