"""Step 5: tokens of the utterances that sessions need, each utterance once, and the words of the training split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus import spill, splits
from pwae_core.corpus.engine import Counts
from pwae_core.corpus.job import RESPONSES, WORDS, Job
from pwae_core.corpus.windows import Indices, Mask, members
from pwae_core.text.tokenize import TOKENIZERS, is_cjk

TEXTS_A_CALL = 20_000
CODES = pa.list_(pa.field("element", pa.int32(), nullable=False))


@dataclass(frozen=True)
class Roles:
    """What the rows of a shard are in the corpus, one flag a row."""

    used: Mask
    trained: Mask
    train_context: Mask
    test_response: Mask
    held_response: Mask

    @classmethod
    def of(cls, count: int, windows: Indices, split: splits.Split) -> Roles:
        """``windows`` [sessions, window] are rows, ``split`` [sessions]."""
        train = windows[split == splits.TRAIN]
        return cls(
            used=_flags(count, windows),
            trained=_flags(count, train),
            train_context=_flags(count, train[:, :-1]),
            test_response=_flags(count, windows[split == splits.TEST, -1]),
            held_response=_flags(count, windows[split != splits.TRAIN, -1]),
        )


def _flags(count: int, rows: Indices) -> Mask:
    flags = np.zeros(count, np.bool_)
    flags[rows] = True
    return flags


def segment(job: Job, piece: int) -> Counts:
    """Tokenises one shard; counts the ``tokens`` of the training split and the ``overlap`` of the splits."""
    rows = spill.read(job.file("dialogue", piece))
    windows, split = sessions_of(job, piece)
    roles = Roles.of(rows.num_rows, windows, split)
    texts = rows["text"].filter(pa.array(roles.used)).combine_chunks()
    words, tokens = tokenise(texts, job.config.tokenizer)
    in_training = tokens.filter(pa.array(roles.trained[roles.used])).flatten().to_numpy()
    counts = pa.array(np.bincount(in_training, minlength=len(words)))
    spill.write(job.file("tokens", piece), pa.table([tokens], ["tokens"]))
    spill.write(job.file("words", piece), pa.table([words, counts], schema=WORDS))
    responders = rows["user_id"].take(pa.array(windows[:, -1]))
    spill.write(job.file("responders", piece), _responses(responders, split))
    overlap = int((roles.test_response & roles.train_context).sum())
    shared = _conversations_shared(rows, windows, split)
    trained = int(roles.trained.sum())
    return {"used": len(texts), "trained": trained, "overlap": overlap, "shared": shared} | _cjk(words, counts)


def sessions_of(job: Job, piece: int) -> tuple[Indices, splits.Split]:
    """The rows of every session of a shard, [sessions, window], and their splits."""
    starts = spill.read(job.file("windows", piece))["start"].to_numpy()
    return members(starts, job.config.window), splits.of_shard(job.folder, piece)


def tokenise(texts: pa.Array, tokenizer: str) -> tuple[pa.Array, pa.Array]:
    """The distinct tokens, and per text the list of their numbers. A text that a tokenizer empties is one token."""
    encoded = texts.dictionary_encode()
    sizes: list[int] = []
    chunks = [pa.array([], pa.string())]
    for lists in _token_lists(encoded.dictionary, tokenizer):
        sizes += map(len, lists)
        chunks.append(pa.array([token for tokens in lists for token in tokens], pa.string()))
    flat = pa.chunked_array(chunks).combine_chunks().dictionary_encode()
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]), pa.int32())
    lists_of_codes = pa.ListArray.from_arrays(offsets, flat.indices, type=CODES)
    return flat.dictionary, lists_of_codes.take(encoded.indices)


def _token_lists(texts: pa.Array, tokenizer: str) -> Iterator[list[list[str]]]:
    split = TOKENIZERS[tokenizer]
    for start in range(0, len(texts), TEXTS_A_CALL):
        some = texts.slice(start, TEXTS_A_CALL).to_pylist()
        yield [found or ["".join(text.split())] for found, text in zip(split(some), some, strict=True)]


def _responses(responders: pa.ChunkedArray, split: splits.Split) -> pa.Table:
    """The users who answer a session, and how many of the training split."""
    train = pa.array((split == splits.TRAIN).astype(np.int64))
    table = pa.table({"user_id": responders, "train_responses": train})
    return (
        table.group_by("user_id", use_threads=False)
        .aggregate([("train_responses", "sum")])
        .rename_columns(RESPONSES.names)
        .cast(RESPONSES)
    )


def _conversations_shared(rows: pa.Table, windows: Indices, split: splits.Split) -> int:
    """How many test sessions come from a conversation of which a training session comes too."""
    ids = rows["conversation_id"].combine_chunks()
    train, test = (ids.take(pa.array(windows[split == one, 0])) for one in (splits.TRAIN, splits.TEST))
    return int(pc.sum(pc.is_in(test, value_set=train)).as_py() or 0)


def _cjk(words: pa.Array, counts: pa.Array) -> Counts:
    """Tokens and characters of the training split that are Chinese or Japanese."""
    mask = pa.array([is_cjk(word) for word in words.to_pylist()], pa.bool_())
    numbers = counts.filter(mask)
    characters = pc.multiply(pc.utf8_length(words.filter(mask)), numbers)
    totals = {"tokens": counts, "cjk_tokens": numbers, "cjk_characters": characters}
    return {name: int(pc.sum(values).as_py() or 0) for name, values in totals.items()}
