"""Which session goes into which split: sizes are exact, and each session's own number decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.config.preprocess import HELD_OUT_COUNT, HELD_OUT_SHARE, PreprocessConfig
from pwae_core.corpus.engine.keys import Keys, hash_repeated, hash_sessions
from pwae_core.errors import ConfigError, EmptyResultError

SPLITS = ("train", "valid", "test")
TRAIN, VALID, TEST = 0, 1, 2
Split = npt.NDArray[np.uint8]
UNTIMED = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Sizes:
    train: int
    valid: int
    test: int
    rule: str


def sizes(sessions: int, config: PreprocessConfig) -> Sizes:
    """The sizes of the splits. Raises ConfigError if the requested sizes leave no session to train on."""
    valid, valid_rule = _held_out(sessions, config.valid)
    test, test_rule = _held_out(sessions, config.test)
    train = sessions - valid - test
    if train > 0:
        return Sizes(train, valid, test, f"valid: {valid_rule}; test: {test_rule}")
    if config.valid is None and config.test is None:
        raise EmptyResultError(
            f"{sessions} sessions are too few for a training, a validation and a test split. "
            "Give more data, or --valid 0 --test 0."
        )
    raise ConfigError(
        f"{valid:,} for validation and {test:,} for the test leave nothing to train on (sessions: {sessions:,}). "
        "Choose a smaller --valid or --test."
    )


def _held_out(sessions: int, size: float | None) -> tuple[int, str]:
    if size is None:
        share = max(1, int(sessions * HELD_OUT_SHARE))
        if share < HELD_OUT_COUNT:
            return share, f"{HELD_OUT_SHARE:.0%} of the sessions, as {HELD_OUT_COUNT:,} would be more"
        return HELD_OUT_COUNT, f"{HELD_OUT_COUNT:,}"
    if size < 1:
        return int(sessions * size), f"{size:g} of the sessions"
    return int(size), f"{int(size):,}"


def numbers(
    rows: pa.Table, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], config: PreprocessConfig
) -> Keys:
    """The number that decides the split of each session that ends at the rows ``ends``.

    By session: a hash of the seed, the conversation and the position (``starts``, per row) of the first utterance. By
    conversation: a hash of the seed and the conversation, or the whole reply tree. By time: the later, the smaller.
    """
    if config.split_by == "time":
        times = rows["timestamp"].take(pa.array(ends)).combine_chunks().cast(pa.int64())
        later = pc.fill_null(times, -(2**63) + 1).to_numpy().astype(np.int64)
        earlier: Keys = np.uint64(2**63) - later.astype(np.uint64)
        return earlier
    if config.split_by == "conversation":
        keys = rows["key"].to_numpy()[ends]
        return hash_sessions(config.seed, keys, np.zeros(len(ends), np.int64))
    conversations = rows["conversation_id"].take(pa.array(ends)).combine_chunks()
    return hash_sessions(config.seed, hash_repeated(conversations), starts[ends])


def assign(numbers: Keys, wanted: Sizes, whole: bool = False) -> Split:
    """The split of every session: the smallest numbers make the test split, the next the validation split.

    ``numbers`` are in the corpus's own order, which settles ties. With ``whole``, sessions with the same number stay
    together: each split takes whole groups until it has at least its size.
    """
    if whole:
        return _assign_whole(numbers, wanted)
    held = wanted.test + wanted.valid
    split = np.full(len(numbers), TRAIN, np.uint8)
    if held:
        cut = np.partition(numbers, held - 1)[held - 1]
        candidates = np.flatnonzero(numbers <= cut)
        order = candidates[np.argsort(numbers[candidates], kind="stable")]
        split[order[: wanted.test]] = TEST
        split[order[wanted.test : held]] = VALID
    return split


def _assign_whole(numbers: Keys, wanted: Sizes) -> Split:
    groups, group, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    chosen = np.full(len(groups), TRAIN, np.uint8)
    test = before < wanted.test
    chosen[test] = TEST
    chosen[~test & (before - counts[test].sum() < wanted.valid)] = VALID
    return chosen[group]


def counted(split: Split, wanted: Sizes) -> Sizes:
    """The sizes of the splits. Raises ConfigError if no session is left to train on."""
    train, valid, test = (int((split == one).sum()) for one in (TRAIN, VALID, TEST))
    if not train:
        raise ConfigError(
            "Whole conversations for validation and test leave no session to train on: the corpus has too few. "
            "Choose a smaller --valid or --test, or --split-by session."
        )
    return Sizes(train, valid, test, wanted.rule)


def save(folder: Path, split: Split, sessions: Sequence[int]) -> None:
    """Writes each shard's part of ``split``; ``sessions`` are the sizes of the shards."""
    for shard, part in enumerate(np.split(split, np.cumsum(sessions)[:-1])):
        np.save(folder / f"split-{shard}.npy", part)


def of_shard(folder: Path, shard: int) -> Split:
    part: Split = np.load(folder / f"split-{shard}.npy", allow_pickle=False)
    return part
