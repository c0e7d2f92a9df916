"""Which session goes into which split: exact sizes, decided by each session's own number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pwae_core.config.preprocess import HELD_OUT_COUNT, HELD_OUT_SHARE, PreprocessConfig
from pwae_core.corpus.keys import Keys
from pwae_core.errors import ConfigError, EmptyResultError

SPLITS = ("train", "valid", "test")
TRAIN, VALID, TEST = 0, 1, 2
Split = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sizes:
    train: int
    valid: int
    test: int
    rule: str


def sizes(sessions: int, config: PreprocessConfig) -> Sizes:
    """The sizes of the splits. Raises ConfigError when the sizes asked for leave no session to train on."""
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
        f"{valid} sessions for validation and {test} for the test leave none of {sessions} to train on. "
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


def assign(numbers: Keys, wanted: Sizes) -> Split:
    """The split of every session: the smallest numbers are the test split, the next the validation split.

    ``numbers`` come in the corpus's own order, which settles ties.
    """
    held = wanted.test + wanted.valid
    split = np.full(len(numbers), TRAIN, np.uint8)
    if held:
        cut = np.partition(numbers, held - 1)[held - 1]
        candidates = np.flatnonzero(numbers <= cut)
        order = candidates[np.argsort(numbers[candidates], kind="stable")]
        split[order[: wanted.test]] = TEST
        split[order[wanted.test : held]] = VALID
    return split


def save(folder: Path, split: Split, sessions: Sequence[int]) -> None:
    """Leaves each shard its part of ``split``; ``sessions`` are their sizes."""
    for shard, part in enumerate(np.split(split, np.cumsum(sessions)[:-1])):
        np.save(folder / f"split-{shard}.npy", part)


def of_shard(folder: Path, shard: int) -> Split:
    part: Split = np.load(folder / f"split-{shard}.npy", allow_pickle=False)
    return part
