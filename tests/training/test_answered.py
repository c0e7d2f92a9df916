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


def test_recall_takes_the_best_answer_and_precision_their_mean() -> None:
    said = [list(ids) for ids in DATA.sessions.response.lists(FIRST)]
    alone = of_answers([[ids] for ids in said], DATA.sessions, None)
    wrong = of_answers([[[900, 901, 902, 903]] for _ in said], DATA.sessions, None)
    both = of_answers([[ids, [900, 901, 902, 903]] for ids in said], DATA.sessions, None)
    best, mean = alone["bleu_recall"], (alone["bleu_recall"] + wrong["bleu_recall"]) / 2
    assert best > wrong["bleu_recall"]
    assert (both["bleu_recall"], both["bleu_precision"]) == (pytest.approx(best), pytest.approx(mean))
    assert both["bleu_f1"] == pytest.approx(2 * best * mean / (best + mean))
    assert "speaker" not in both


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
