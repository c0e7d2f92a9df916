"""What some systems know about the training split before they train: personal words, idf, dull responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwae_core.data.sessions import Ints, Ragged, Sessions
from pwae_core.text.vocabulary import SPECIALS

Floats = npt.NDArray[np.float32]
DULL_RESPONSES = 10


@dataclass(frozen=True)
class PersonalWords:
    """The words of each user that others say less often, by tf-idf: ``ids`` and ``weights``, each [users, words].

    A user's weights add up to 1; an unknown user has weights 0. ``rarity`` [vocabulary] is ln(N / df(w)), from which
    the words of a new person can be computed.
    """

    ids: Ints
    weights: Floats
    rarity: Floats


@dataclass(frozen=True)
class Statistics:
    """``personal`` words by user; ``idf`` [vocabulary] over the training responses; ``dull`` [responses, tokens]:
    the most frequent of these responses, padded with <pad>.
    """

    personal: PersonalWords
    idf: Floats
    dull: Ints


def personal_words(users: Ints, utterances: Ragged, user_count: int, vocabulary_size: int, size: int) -> PersonalWords:
    """tf-idf over histories, each user's being one document: tf(w, u) ln(N / df(w)), the ``size`` largest of each user.

    ``users`` are the rows of the users who said each utterance. N counts the users who have a history; special tokens
    are left out.
    """
    speaker = np.repeat(users, np.diff(utterances.offsets))
    words = utterances.values.astype(np.int64)
    real = words >= len(SPECIALS)
    pairs, counts = np.unique(speaker[real] * vocabulary_size + words[real], return_counts=True)
    owner, word = np.divmod(pairs, vocabulary_size)
    holders = np.bincount(word, minlength=vocabulary_size)
    rarity = np.log(max(len(np.unique(owner)), 1) / np.maximum(holders, 1))
    ids, weights = _largest(owner, word, (counts * rarity[word]).astype(np.float64), user_count, size)
    return PersonalWords(ids, weights, rarity.astype(np.float32))


def words_of(utterances: Sequence[Sequence[int]], rarity: Floats, size: int) -> tuple[Ints, Floats]:
    """The words of one person and their weights, each [1, size], as ``personal_words`` would compute them."""
    said = np.array([word for utterance in utterances for word in utterance if word >= len(SPECIALS)], dtype=np.int64)
    words, counts = np.unique(said, return_counts=True)
    return _largest(np.zeros_like(words), words, (counts * rarity[words]).astype(np.float64), 1, size)


def _largest(
    owner: Ints, word: Ints, scores: npt.NDArray[np.float64], user_count: int, size: int
) -> tuple[Ints, Floats]:
    order = np.lexsort((word, -scores, owner))
    owner, word, scores = owner[order], word[order], scores[order]
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    kept = (rank < size) & (scores > 0)
    ids = np.zeros((user_count, size), dtype=np.int64)
    weights = np.zeros((user_count, size), dtype=np.float32)
    ids[owner[kept], rank[kept]] = word[kept]
    weights[owner[kept], rank[kept]] = scores[kept]
    sums = weights.sum(axis=1, keepdims=True)
    return ids, np.divide(weights, sums, out=weights, where=sums > 0)


def inverse_frequencies(responses: Ragged, vocabulary_size: int) -> Floats:
    """idf(w) = ln(N / df(w)) / ln N, which is in [0, 1]: 1 for a word of one response or none, 0 for special tokens."""
    count = len(responses.offsets) - 1
    document = np.repeat(np.arange(count), np.diff(responses.offsets))
    pairs = np.unique(document * vocabulary_size + responses.values)
    holders = np.bincount(pairs % vocabulary_size, minlength=vocabulary_size)
    idf = (np.log(max(count, 2)) - np.log(np.maximum(holders, 1))) / np.log(max(count, 2))
    idf[: len(SPECIALS)] = 0.0
    values: Floats = idf.astype(np.float32)
    return values


def dull_responses(responses: Ragged, count: int, length: int) -> Ints:
    """[count, length]: the ``count`` most frequent responses, cut to ``length`` tokens; empty ones if too few."""
    bounds = zip(responses.offsets[:-1].tolist(), responses.offsets[1:].tolist(), strict=True)
    frequent = Counter(responses.values[start:end].tobytes() for start, end in bounds).most_common(count)
    dull = np.zeros((count, length), dtype=np.int64)
    for row, (raw, _) in enumerate(frequent):
        ids = np.frombuffer(raw, dtype=responses.values.dtype)[:length]
        dull[row, : len(ids)] = ids
    return dull


def gather(
    train: Sessions, users: Ints, utterances: Ragged, *, user_count: int, vocabulary_size: int, words: int
) -> Statistics:
    """The statistics of a training split, and of the histories (``users``, ``utterances``)."""
    return Statistics(
        personal=personal_words(users, utterances, user_count, vocabulary_size, words),
        idf=inverse_frequencies(train.response, vocabulary_size),
        dull=dull_responses(train.response, DULL_RESPONSES, train.max_length),
    )
