"""Hashes of conversations, users and sessions: the same on every machine, in any order, for any number of shards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Keys = npt.NDArray[np.uint64]

TEXTS_AT_ONCE = 4_096  # few enough to stay in the processor's cache
ODD = 0x9E3779B97F4A7C15


def hash_texts(texts: pa.Array) -> Keys:
    """A 64-bit hash of every string (no nulls): sum_i (byte_i + 1) * ODD**i modulo 2**64, and its length, mixed."""
    parts = [_hash(texts.slice(start, TEXTS_AT_ONCE)) for start in range(0, len(texts), TEXTS_AT_ONCE)]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def hash_repeated(texts: pa.Array) -> Keys:
    """``hash_texts`` for columns with many repeated strings."""
    encoded = texts.dictionary_encode()
    keys: Keys = hash_texts(encoded.dictionary)[encoded.indices.to_numpy()]
    return keys


def _hash(texts: pa.Array) -> Keys:
    offsets, data = _bytes_of(texts)
    starts, lengths = offsets[:-1], np.diff(offsets)
    position = np.arange(len(data)) - np.repeat(starts, lengths)
    terms = (data.astype(np.uint64) + np.uint64(1)) * _powers(int(lengths.max(initial=0)))[position]
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
    return mix(sums[offsets[1:]] - sums[starts] + lengths.astype(np.uint64))


def _bytes_of(texts: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Offsets from 0 and the bytes between them."""
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    whole = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    return offsets - offsets[0], whole[offsets[0] : offsets[-1]]


def _powers(count: int) -> Keys:
    powers = np.full(max(count, 1), ODD, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def mix(values: Keys) -> Keys:
    """The finaliser of splitmix64: every bit of the input reaches every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def hash_sessions(seed: int, conversations: Keys, turns: npt.NDArray[np.int64]) -> Keys:
    """The number that decides a session's split: a mix of the seed, its conversation's hash and its first turn."""
    start = mix(np.array([seed % 2**64], np.uint64) + np.uint64(ODD))
    return mix(mix(conversations ^ start) + turns.astype(np.uint64) * np.uint64(ODD))


def shard_of(keys: Keys, shards: int) -> npt.NDArray[np.int64]:
    """The shard of each key, from its leading bits: keys ascend from shard to shard. ``shards`` is a power of two."""
    bits = shards.bit_length() - 1
    return (keys >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(keys), np.int64)
