"""Tokenizers: text into tokens, and tokens back into text that reads well.

Every tokenizer takes many texts at once and returns tokens without white space. None needs data files. The tokens of a
text depend on that text alone: not on other texts, nor on how fast the machine is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.text.clean import BRACKETS, tidy

BATCH = 4_000
LONGEST = 2_000
END = "\0"  # no tidy text holds it
CODE = re.compile(f"({BRACKETS})")
SLOW = re.compile("[<:/]")
ENTITY = re.compile("&[^&; ]+;")
PRINTED = re.compile("&(?:lt|gt|amp|quot|#39|#34|#60|#62|#38);")  # neither dots, nor white space, nor nothing
ONE_AT_A_TIME = Lock()
CODES = pa.list_(pa.field("element", pa.int32(), nullable=False))

Tokens = list[str]
Tokenizer = Callable[[Sequence[str]], list[Tokens]]


def tokenise(tokenizer: str, texts: Sequence[str]) -> list[Tokens]:
    """The tokens of every text, whatever its spaces and its Unicode form."""
    words, lists = tokenise_array(tidy(pa.array(texts, pa.string())), tokenizer)
    known = words.to_pylist()
    return [[known[code] for code in codes] for codes in lists.to_pylist()]


def tokenise_array(texts: pa.Array, tokenizer: str) -> tuple[pa.Array, pa.Array]:
    """The distinct tokens of normalised texts, and per text the list of their numbers. Each text is tokenised once."""
    distinct = texts.dictionary_encode()
    tokens = _ARRAYS[tokenizer](distinct.dictionary)
    codes = pa.ListArray.from_arrays(tokens.offsets, tokens.values.indices, type=CODES)
    return tokens.values.dictionary, codes.take(distinct.indices)


def tokenise_nltk(texts: pa.Array) -> pa.ListArray:
    """NLTK's TweetTokenizer, made for messages: keeps ``don't``, ``:-)`` and URLs whole. Does not segment Chinese.

    Its patterns match white space only within dots (``. . .`` is an ellipsis), and look one character ahead or back.
    So the tokens of a text are those of its pieces; dots that follow each other are one piece. It
    replaces entities first. If an entity might become a character that changes any of this, the text is one piece.
    """
    for _ in range(2):  # of three dots in a row the first time takes two
        texts = pc.replace_substring(texts, ". .", ".\t.")
    entities = pc.match_substring_regex(texts, ENTITY.pattern)
    replaced = pa.array(map(_together, texts.filter(entities).to_pylist()), pa.string())
    with _without_clock():
        return _by_pieces(_tweet_tokens, pc.replace_with_mask(texts, entities, replaced))


def _together(text: str) -> str:
    return text.replace(" ", "\t") if ENTITY.search(PRINTED.sub("", text)) else text


def tokenise_jieba(texts: pa.Array) -> pa.ListArray:
    """jieba's segmentation, computed by rjieba."""
    return _one([_jieba_tokens(batch) for batch in _batches(texts)])


def tokenise_characters(texts: pa.Array) -> pa.ListArray:
    """Every character is a token, and so is every bracket emoticon."""
    return _by_pieces(lambda pieces: _lists(_keeping_codes(list, piece) for piece in pieces.to_pylist()), texts)


def tokenise_whitespace(texts: pa.Array) -> pa.ListArray:
    """For text that is already segmented."""
    return _by_pieces(lambda pieces: _lists([piece] if piece else [] for piece in pieces.to_pylist()), texts)


_ARRAYS = {
    "nltk": tokenise_nltk,
    "jieba": tokenise_jieba,
    "char": tokenise_characters,
    "whitespace": tokenise_whitespace,
}
TOKENIZERS: dict[str, Tokenizer] = {name: partial(tokenise, name) for name in _ARRAYS}


def _by_pieces(split: Callable[[pa.Array], pa.ListArray], texts: pa.Array) -> pa.ListArray:
    """The tokens of the pieces between the spaces of each text, in order; each distinct piece is split once."""
    pieces = pc.split_pattern(texts, " ")
    distinct = pieces.flatten().dictionary_encode()
    tokens = split(distinct.dictionary).take(distinct.indices)
    return pa.ListArray.from_arrays(tokens.offsets.take(pieces.offsets), tokens.values)


def _tweet_tokens(pieces: pa.Array) -> pa.ListArray:
    """Pieces split a few thousand in a call; alone those that hold white space, an entity or a bracket, or are long."""
    alone = pc.or_(pc.match_substring_regex(pieces, r"[\t&\[]"), pc.greater(pc.utf8_length(pieces), LONGEST))
    split = _tweet_tokenizer().tokenize
    calls = [_parted(split(f"\n{END}\n".join(batch)), END) for batch in _batches(pieces.filter(pc.invert(alone)))]
    calls.append(_lists(_tokens_alone(split, piece) for piece in pieces.filter(alone).to_pylist()))
    order = np.argsort(alone.to_numpy(zero_copy_only=False), kind="stable")
    return _one(calls).take(pa.array(np.argsort(order)))


def _tokens_alone(split: Callable[[str], Tokens], text: str) -> Tokens:
    """The tokens without the white space in an ellipsis. A text without any token is itself one token."""
    tokens = ("".join(token.split()) for token in _keeping_codes(split, _bounded(text)))
    return [token for token in tokens if token] or ["".join(text.split())]


def _bounded(text: str) -> str:
    """The text, with runs without white space cut at LONGEST characters if they may contain addresses or angle
    brackets, on which the running time of NLTK's patterns is quadratic.
    """
    if len(text) <= LONGEST:
        return text
    return " ".join(
        run[start : start + size]
        for run in text.split()
        for size in [LONGEST if SLOW.search(run) else len(run)]
        for start in range(0, len(run), size)
    )


@cache
def _tweet_tokenizer() -> Any:
    from nltk.tokenize.casual import TweetTokenizer

    return TweetTokenizer(match_phone_numbers=False)


@contextmanager
def _without_clock() -> Iterator[None]:
    """NLTK refuses a text that takes it seconds, which on a busy machine is another one. Here LONGEST is the bound."""
    from nltk import redos

    with ONE_AT_A_TIME:
        seconds = redos.DEFAULT_TIMEOUT
        redos.DEFAULT_TIMEOUT = None
        try:
            yield
        finally:
            redos.DEFAULT_TIMEOUT = seconds


def _jieba_tokens(texts: Sequence[str]) -> pa.ListArray:
    import rjieba

    joined = "\n".join(texts)
    if not CODE.search(joined):
        return _parted(rjieba.cut(joined), "\n")
    parts = [part for text in texts for part in CODE.split(text)[::2]]
    between = iter(_parted(rjieba.cut("\n".join(parts)), "\n").to_pylist())
    return _lists(_keeping_codes(lambda _: next(between), text) for text in texts)


def _keeping_codes(split: Callable[[str], Tokens], text: str) -> Tokens:
    """The tokens of a text; each bracket emoticon (``[哈哈]``) is one token."""
    if "[" not in text:
        return split(text)
    parts = CODE.split(text)
    return [token for number, part in enumerate(parts) for token in ([part] if number % 2 else split(part))]


def _batches(texts: pa.Array) -> Iterator[list[str]]:
    return (texts.slice(start, BATCH).to_pylist() for start in range(0, len(texts), BATCH))


def _lists(lists: Iterable[Tokens]) -> pa.ListArray:
    """Lists of tokens as lists of a dictionary."""
    sizes, flat = [0], Tokens()
    for tokens in lists:
        flat += tokens
        sizes.append(len(tokens))
    return pa.ListArray.from_arrays(
        pa.array(np.cumsum(sizes), pa.int32()), pa.array(flat, pa.string()).dictionary_encode()
    )


def _parted(tokens: Sequence[str], end: str) -> pa.ListArray:
    """The tokens of several texts with ``end`` between each two, as a list per text; white space is left out."""
    encoded = pa.array(tokens, pa.string()).dictionary_encode()
    words, codes = encoded.dictionary, encoded.indices.to_numpy()
    ends = pc.equal(words, end).to_numpy(zero_copy_only=False)[codes]
    kept = ~pc.utf8_is_space(words).to_numpy(zero_copy_only=False)[codes] & ~ends
    offsets = np.append(0, np.append(0, np.cumsum(kept))[np.append(np.flatnonzero(ends), len(codes))])
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.DictionaryArray.from_arrays(pa.array(codes[kept]), words)
    )


def _one(parts: Sequence[pa.ListArray]) -> pa.ListArray:
    """Lists of several dictionaries as lists of one."""
    return pa.concat_arrays(pa.chunked_array([_lists([]), *parts]).unify_dictionaries().chunks)


CJK_RANGES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WIDE = re.compile(f"[{CJK_RANGES}\u2e80-\u303f\uac00-\ud7a3\uff00-\uffef\u201c\u201d\u2026]")
CJK = re.compile(f"[{CJK_RANGES}]")
CLOSING = re.compile(r"(?:[.,!?;:%)\]}…»]+|n't|['’](?:s|t|m|d|re|ve|ll)|'')", re.IGNORECASE)
OPENING = frozenset(["(", "[", "{", "$", "€", "£", "«", "``"])
CONTRACTED = frozenset(["s", "t", "m", "d", "re", "ve", "ll"])
QUOTE = '"'


def detokenise(tokens: Sequence[str]) -> str:
    """Tokens as readable text: without spaces in Chinese, and with English punctuation in its place."""
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
