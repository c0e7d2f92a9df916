"""Hashes: the same number for the same key whatever stands around it, and written down so that it never changes."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.corpus.engine.keys import ODD, hash_sessions, hash_texts, mix, shard_of

MASK = 2**64 - 1


def plain_mix(value: int) -> int:
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)


def plain_hash(text: str) -> int:
    data = text.encode()
    return plain_mix((sum((byte + 1) * pow(ODD, i, 2**64) for i, byte in enumerate(data)) + len(data)) & MASK)


@given(st.lists(st.text(max_size=12), max_size=6), st.integers(0, 3))
def test_every_string_is_hashed_as_if_it_were_alone(texts, start):
    array = pa.array(texts, pa.string()).slice(start)
    assert hash_texts(array).tolist() == [plain_hash(text) for text in texts[start:]]


def test_the_mixer_is_splitmix64s():
    state, expected = 1234567, [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [int(mix(np.array([(state + ODD * (i + 1)) & MASK], np.uint64))[0]) for i in range(3)] == expected


def test_different_strings_have_different_hashes():
    texts = [f"c{i}" for i in range(50_000)] + ["", "\0", "\0\0", "a", "a\0"]
    assert len(np.unique(hash_texts(pa.array(texts)))) == len(texts)


def test_shards_are_even_and_in_the_order_of_the_keys():
    keys = np.sort(hash_texts(pa.array([f"c{i}" for i in range(16_000)])))
    shards = shard_of(keys, 8)
    assert (np.diff(shards) >= 0).all()
    assert np.bincount(shards).min() > 1800
    assert (shard_of(keys, 4) == shards // 2).all()
    assert not shard_of(keys, 1).any()


def test_session_numbers_depend_on_seed_conversation_and_turn():
    keys = hash_texts(pa.array(["a", "a", "b"]))
    one = hash_sessions(0, keys, np.array([0, 1, 0]))
    assert len(set(one.tolist())) == 3
    assert (hash_sessions(1, keys, np.array([0, 1, 0])) != one).all()
