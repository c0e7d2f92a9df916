"""What is known only once every shard is done: the vocabulary and the table of users."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import RESPONSES, WORDS, Job
from pwae_core.corpus.steps.nobody import NOBODY
from pwae_core.corpus.steps.windows import speakers
from pwae_core.schemas import USERS
from pwae_core.text.vocabulary import SPECIALS, Vocabulary, build


@dataclass(frozen=True)
class Words:
    """The vocabulary, and how much of the training split it covers."""

    vocabulary: Vocabulary
    distinct: int
    tokens: int

    @property
    def out_of_vocabulary(self) -> float:
        """The share of the training split's tokens that are not in the vocabulary."""
        return 1 - sum(self.vocabulary.counts) / self.tokens


def count_words(job: Job, given: Vocabulary | None = None) -> Words:
    """Sums up the words of all shards and saves the most frequent, or the ``given`` ones, for the next step."""
    words = _added_up(job, "words", WORDS)
    words = words.filter(pc.greater(words["count"], 0))
    vocabulary = _most_frequent(job, words) if given is None else recounted(given, words)
    spill.write(job.folder / "vocabulary.arrow", vocabulary.to_table())
    return Words(vocabulary, len(words), int(words["count"].to_numpy().sum()))


def recounted(vocabulary: Vocabulary, words: pa.Table) -> Vocabulary:
    """The same words with the same ids and their counts in ``words``: 0 for missing ones."""
    first = len(SPECIALS)
    places = pc.index_in(pa.array(vocabulary.tokens[first:], pa.string()), value_set=words["token"].combine_chunks())
    counts = words["count"].combine_chunks().take(places).fill_null(0)
    return Vocabulary(vocabulary.tokens, (0,) * first + tuple(counts.to_pylist()))


def _most_frequent(job: Job, words: pa.Table) -> Vocabulary:
    counts = words["count"].to_numpy()
    wanted = job.config.vocabulary_size + len(SPECIALS)
    least = np.partition(counts, len(counts) - wanted)[len(counts) - wanted] if len(counts) > wanted else 0
    frequent = words.filter(pc.greater_equal(words["count"], int(least)))
    pairs = zip(frequent["token"].to_pylist(), frequent["count"].to_pylist(), strict=True)
    return build(dict(pairs), job.config.vocabulary_size)


def list_users(job: Job) -> pa.Table:
    """``users.parquet``: nobody in particular, then everyone who answers a session, by user_id."""
    responders = _added_up(job, "responders", RESPONSES).sort_by("user_id")
    known = speakers(job)
    said = known["utterances"].take(pc.index_in(responders["user_id"], value_set=known["user_id"].combine_chunks()))
    columns = {
        "user": pa.array(range(responders.num_rows + 1), pa.int32()),
        "user_id": pa.chunked_array([[NOBODY], *responders["user_id"].chunks]),
        "utterances": pa.chunked_array([[0], *said.chunks]),
        "train_responses": pa.chunked_array([[0], *responders["train_responses"].chunks]),
    }
    users = pa.table(columns, schema=USERS)
    spill.write(job.folder / "users.arrow", users)
    return users


def _added_up(job: Job, name: str, schema: pa.Schema) -> pa.Table:
    """One table from those of all shards, with equal keys summed, one shard after another to save memory."""
    total = schema.empty_table()
    for path in job.files(name, job.shards):
        total = _summed([total, spill.read(path)], schema)
    return total


def _summed(tables: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    key, value = schema.names
    grouped = pa.concat_tables(tables).group_by(key, use_threads=False).aggregate([(value, "sum")])
    return grouped.rename_columns(schema.names).cast(schema)
