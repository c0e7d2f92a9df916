"""What answers to validation contexts say of a model: constants worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from planted import planted
from small_training import small_config
from tiny import tiny

from pwae_core.training.answered import judge_of, of_answers

DATA = tiny(planted(users=4, conversations=40, seed=1).rows)
FIRST = np.arange(4)


def test_the_response_itself_is_a_perfect_answer() -> None:
    said = DATA.sessions.response.lists(FIRST)
    found = of_answers([[list(ids)] * 2 for ids in said], DATA.sessions, None)
    assert [found[name] for name in ("bleu_recall", "bleu_precision", "bleu_f1")] == pytest.approx([1.0] * 3)
    assert "speaker" not in found


def test_answers_that_differ_are_distinct() -> None:
    apart = of_answers([[[11, 12], [13, 14]]], DATA.sessions, None)
    alike = of_answers([[[11, 12], [11, 12]]], DATA.sessions, None)
    assert (apart["distinct"], alike["distinct"]) == (1.0, 0.5)
    assert of_answers([[[11, 12, 11, 12], [13, 14]]], DATA.sessions, None)["repetition"] == 0.5


def test_the_judge_hears_whom_it_learned_from() -> None:
    """Their own training responses are theirs; those of another, whoever is asked for, are not."""
    judge = judge_of(DATA.sessions, DATA.sessions, small_config(select_by="speaker"))
    rows = np.arange(len(DATA.sessions))
    said = [[list(ids)] for ids in DATA.sessions.response.lists(rows)]
    users = DATA.sessions.user[rows]
    others = users % 4 + 1
    right, wrong = judge.accuracy(said, users), judge.accuracy(said, others)
    assert right > 0.8
    assert wrong < 0.2
