"""Who said it: a classifier trained on what users really said, which then reads answers (speaker identification)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

METHOD = "tfidf-1-2+linear-svm"
COST = 0.3
BEGIN, END = "<s>", "</s>"

Integers = NDArray[np.int64]
Tokens = Sequence[str]


@dataclass(frozen=True)
class Speakers:
    """A trained classifier: tf-idf of words and pairs of words, with one linear support vector machine per user."""

    vectoriser: Any
    machine: Any
    classes: int

    def identify(self, utterances: Sequence[Tokens]) -> Integers:
        """(utterances,): the user, by number in training, that each utterance is most like. There is always one."""
        if not utterances:
            return np.zeros(0, np.int64)
        found: Integers = self.machine.predict(self.vectoriser.transform(utterances)).astype(np.int64)
        return found


def learn(utterances: Sequence[Tokens], speakers: Integers, seed: int) -> Speakers:
    """Trains on ``utterances`` and their ``speakers`` (utterances,), numbered 0 to users - 1.

    All users have equal weight, however much they said. It needs at least two users.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    vectoriser = TfidfVectorizer(analyzer=words_and_pairs, sublinear_tf=True, min_df=2 if len(utterances) > 1000 else 1)
    machine = LinearSVC(C=COST, class_weight="balanced", random_state=seed, max_iter=5_000)
    machine.fit(vectoriser.fit_transform(utterances), speakers)
    return Speakers(vectoriser, machine, len(machine.classes_))


def words_and_pairs(tokens: Tokens) -> list[str]:
    """Every word and every pair of neighbours, counting the utterance's borders as neighbours."""
    return [*tokens, *(f"{one}\n{two}" for one, two in pairwise([BEGIN, *tokens, END]))]


def accuracy_by_chance(found: Integers, true: Integers, classes: int) -> float:
    """The accuracy expected if ``found`` were independent of ``true``, with each user as frequent as in either."""
    shares = [np.bincount(one, minlength=classes) / max(len(one), 1) for one in (found, true)]
    return float(shares[0] @ shares[1])
