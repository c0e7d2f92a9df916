"""The users that a classifier distinguishes, and what they said in the training split, in words of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pwae_core.artifacts import Artifact
from pwae_core.data.sessions import Ints, Ragged
from pwae_core.data.statistics import personal_words
from pwae_core.errors import EmptyResultError
from pwae_core.text.vocabulary import SPECIALS, UNK, Vocabulary


@dataclass(frozen=True)
class Persons:
    """Candidate i is the user ``names[i]``; utterance k was said by candidate ``speakers[k]``.

    ``words[i]`` are the candidate's own words, by tf-idf over all histories.
    """

    names: Sequence[str]
    utterances: Sequence[Sequence[str]]
    speakers: Ints
    words: Sequence[frozenset[str]]
    vocabulary: Vocabulary

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each candidate's user id."""
        return {name: number for number, name in enumerate(self.names)}

    def known(self, tokens: Sequence[str]) -> list[str]:
        """``tokens`` as a system could say them: words outside the vocabulary become ``<unk>``."""
        return self.vocabulary.decode(self.vocabulary.encode(tokens))


def candidates(corpus: Artifact, answering: Iterable[str], most: int, least: int) -> dict[str, int]:
    """Of the users ``answering``, at most the ``most`` with the longest histories, of at least ``least`` utterances:
    the row of each in the user table. Raises EmptyResultError for fewer than two.
    """
    users = corpus.table("users.parquet", ["user", "user_id"])
    names = dict(zip(users["user_id"].to_pylist(), users["user"].to_pylist(), strict=True))
    said = np.bincount(corpus.table("histories.parquet", ["user"])["user"].to_numpy(), minlength=len(names))
    able = {name: names[name] for name in set(answering) if name in names and said[names[name]] >= least}
    chosen = sorted(able, key=lambda name: (-said[able[name]], name))[:most]
    if len(chosen) < 2:
        advice = "Lower --least." if least > 1 else "Score a corpus, or contexts, in which more of them answer."
        raise EmptyResultError(
            f"{len(chosen)} of the users who answer have {least} utterances or more in the training split of "
            f"{corpus.folder}; at least 2 are needed. {advice}"
        )
    return {name: able[name] for name in chosen}


def read_persons(
    corpus: Artifact, answering: Iterable[str], *, most: int, least: int, utterances: int, words: int, seed: int
) -> Persons:
    """The ``candidates`` among the users ``answering``. A random sample of at most ``utterances`` of each history is
    kept. Raises EmptyResultError for fewer than two users.
    """
    chosen = candidates(corpus, answering, most, least)
    vocabulary = Vocabulary.from_table(corpus.table("vocabulary.parquet"))
    users = corpus.rows("users.parquet")
    histories = corpus.table("histories.parquet", ["user", "ids"]).combine_chunks()
    owner = histories["user"].to_numpy().astype(np.int64)
    rows = np.array([*chosen.values()], dtype=np.int64)
    kept = _drawn(owner, rows, utterances, seed)
    lists = histories["ids"].combine_chunks()
    offsets = lists.offsets.to_numpy().astype(np.int64)
    ragged = Ragged(lists.flatten().to_numpy(), offsets - offsets[0])
    own = personal_words(owner, ragged, users, len(vocabulary), words)
    place = np.full(users, -1)
    place[rows] = np.arange(len(rows))
    return Persons(
        names=[*chosen],
        utterances=[vocabulary.decode(ids) for ids in lists.take(kept).to_pylist()],
        speakers=place[owner[kept]],
        words=[_own_words(own.ids[row], own.weights[row], vocabulary) for row in rows],
        vocabulary=vocabulary,
    )


def _drawn(owner: Ints, rows: Ints, utterances: int, seed: int) -> Ints:
    """The positions of at most ``utterances`` of each user in ``rows``, in order."""
    shuffled = np.random.default_rng(seed).permutation(len(owner))
    shuffled = shuffled[np.isin(owner[shuffled], rows)]
    grouped = shuffled[np.argsort(owner[shuffled], kind="stable")]
    rank = np.arange(len(grouped)) - np.searchsorted(owner[grouped], owner[grouped])
    return np.sort(grouped[rank < utterances])


def _own_words(ids: Ints, weights: np.ndarray, vocabulary: Vocabulary) -> frozenset[str]:
    known = [number for number in ids[weights > 0].tolist() if number >= len(SPECIALS) and number != UNK]
    return frozenset(vocabulary.decode(known))
