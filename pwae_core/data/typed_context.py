"""Text that a person typed, prepared exactly as the corpus was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.errors import InputError
from pwae_core.text.clean import clean
from pwae_core.text.tokenize import TOKENIZERS


def tokens_of(texts: Sequence[str], preprocess: Mapping[str, Any]) -> list[list[str]]:
    """The tokens of each utterance, cleaned and tokenised by the corpus's own settings; none if nothing is left."""
    config = PreprocessConfig.make({**preprocess, "format": "auto"})  # no file is read
    cleaned = clean(pa.array(texts, pa.string()), config.clean, config.lowercase)
    return TOKENIZERS[config.tokenizer](cleaned.to_pylist())


def prepare(texts: Sequence[str], preprocess: Mapping[str, Any], asked: str = "--context") -> list[list[str]]:
    """The tokens of each utterance, cleaned and tokenised by the corpus's own settings.

    Raises InputError for an utterance that is no text, or is empty after cleaning; ``asked`` is what the message calls
    it.
    """
    for text in texts:
        if not isinstance(text, str):
            raise InputError(f"{asked}: expected a text, got {text!r:.80}.")
    tokens = tokens_of(texts, preprocess)
    for text, utterance in zip(texts, tokens, strict=True):
        if not utterance:
            raise InputError(f"{asked} {text!r:.80}: nothing is left after cleaning. Write some words.")
    return tokens


def alternating(turns: int) -> tuple[bool, ...]:
    """The default speakers: the last utterance is somebody else's, the one before it the answerer's own, and so on."""
    return tuple((turns - turn) % 2 == 0 for turn in range(turns))
