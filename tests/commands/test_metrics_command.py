"""``pwae metrics``: every column of ``pwae evaluate``, ``persona-scores`` and ``diagnose`` is explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pwae_core.metrics import latent, persona
from pwae_core.metrics.table import METRICS


def test_explains_every_metric(pwae: Callable[..., Any]) -> None:
    explained = pwae("metrics", "--json").succeeds().json
    assert {*METRICS, *persona.METRICS, *latent.METRICS} <= {column for one in explained for column in one["columns"]}
    assert all(one["formula"] and one["source"] and one["traps"] for one in explained)
    printed = pwae("metrics").succeeds().stdout
    assert "F1 = 2 P R / (P + R) of those two averages" in printed
    assert "  ! A perfect answer does not score 1" in printed


def test_explains_the_one_that_is_named(pwae: Callable[..., Any]) -> None:
    one = pwae("metrics", "bow-greedy").succeeds().stdout
    assert one.startswith("bow: BOW-Extrema, BOW-Greedy, BOW-Average  (pwae evaluate)")
    assert "BLEU" not in one
    pwae("metrics", "blue").fails(3, "There is no metric 'blue'. Did you mean bleu?")
    pwae("metrics", "qqq").fails(3, "There are bleu, bow, distinct,")
