"""Sessions: what a batch holds, and that an epoch reads every session once."""

import numpy as np
import pyarrow as pa
from planted import planted
from tiny import tiny

from pwae_core.data.sessions import COLUMNS, from_lists, from_table
from pwae_core.schemas import SESSIONS
from pwae_core.text.vocabulary import BOS, EOS, PAD

ROWS = [
    {"conversation_id": "c", "turn": 0, "user_id": "a", "text": "one two three"},
    {"conversation_id": "c", "turn": 1, "user_id": "b", "text": "four"},
    {"conversation_id": "c", "turn": 2, "user_id": "a", "text": "five six"},
    {"conversation_id": "c", "turn": 3, "user_id": "b", "text": "one two three four five"},
]


def test_a_batch_holds_what_was_said() -> None:
    made = tiny(ROWS)
    batch = made.sessions.batch(np.array([0, 1]))
    word = made.vocabulary.ids
    assert batch.context[0].tolist() == [[word["one"], word["two"], word["three"]], [word["four"], PAD, PAD]]
    assert batch.context_lengths.tolist() == [[3, 1], [1, 2]]
    assert batch.from_responder.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert batch.response[0].tolist() == [BOS, word["five"], word["six"], EOS, PAD, PAD, PAD]
    assert batch.response_lengths.tolist() == [3, 6]
    assert batch.user.tolist() == [made.users["a"], made.users["b"]]


def test_long_responses_are_cut_and_do_not_end_there() -> None:
    """The last target of one that is cut is the word that follows."""
    made = tiny(ROWS, max_length=2)
    batch = made.sessions.batch(np.array([1]))
    word = made.vocabulary.ids
    assert batch.response.tolist() == [[BOS, word["one"], word["two"], word["three"]]]
    assert batch.response_lengths.tolist() == [3]
    assert made.sessions.batch(np.array([0])).response.tolist() == [[BOS, word["five"], word["six"], EOS]]
    assert made.sessions.cut_responses == 1
    assert tiny(ROWS).sessions.cut_responses == 0
    assert batch.context_lengths.tolist() == [[1, 2]]


def test_contexts_of_different_lengths_are_padded_with_absent_turns() -> None:
    sessions = from_lists([[[5, 6]], [[7], [8, 9], [5]]], [[False], [True, False, True]], [0, 1], 10)
    batch = sessions.batch(np.array([0, 1]))
    assert batch.context_lengths.tolist() == [[2, 0, 0], [1, 2, 1]]
    assert batch.context[0].tolist() == [[5, 6], [0, 0], [0, 0]]
    assert batch.from_responder.tolist() == [[0, 0, 0], [1, 0, 1]]
    assert batch.response.tolist() == [[BOS, EOS], [BOS, EOS]]


def test_a_slice_of_a_larger_table_is_read_from_its_own_rows() -> None:
    made = tiny(ROWS)
    table = pa.Table.from_pylist(made.rows, schema=pa.schema([SESSIONS.field(name) for name in COLUMNS]))
    second = from_table(table.slice(1), 20).batch(np.array([0]))
    expected = made.sessions.batch(np.array([1]))
    assert second.response.tolist() == expected.response.tolist()
    assert second.context.tolist() == expected.context.tolist()


def test_an_epoch_reads_every_session_once_and_is_given_by_seed_and_number() -> None:
    sessions = tiny(planted(conversations=60).rows).sessions
    first = sessions.epoch(16, 7, 0)
    assert sorted(np.concatenate(first).tolist()) == list(range(len(sessions)))
    again = sessions.epoch(16, 7, 0)
    assert [b.tolist() for b in first] == [b.tolist() for b in again]
    assert [b.tolist() for b in first] != [b.tolist() for b in sessions.epoch(16, 7, 1)]
    assert sorted(np.concatenate(list(sessions.in_order(16))).tolist()) == list(range(len(sessions)))


def test_the_batches_of_an_epoch_hold_responses_of_all_lengths_and_contexts_of_one() -> None:
    random = np.random.default_rng(1)
    heard, said = random.integers(1, 20, 2048), random.integers(1, 20, 2048)
    contexts = [[[5] * n] for n in heard]
    sessions = from_lists(contexts, [[False]] * 2048, [0] * 2048, 20, [[5] * n for n in said])
    batches = sessions.epoch(64, 7, 0)
    spread = {name: np.std([np.mean(lengths[b]) for b in batches]) for name, lengths in (("x", said), ("c", heard))}
    assert spread["x"] < 2 * np.std(said) / np.sqrt(64), "as far apart as chance puts the means of 64"
    assert spread["c"] > np.std(heard) / 2
