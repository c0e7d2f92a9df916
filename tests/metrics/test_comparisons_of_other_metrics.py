"""Comparisons of scores that Table 2 does not have: every metric there is, corrected within the families given."""

from __future__ import annotations

import numpy as np
import pytest

from pwae_core.metrics import comparisons
from pwae_core.metrics.table import Scores


def test_other_metrics_are_compared_and_corrected_by_family() -> None:
    random = np.random.default_rng(0)
    base = random.random(40)
    better = {"Speaker-Accuracy": base + 0.2, "Swap-Followed": base + 0.01 * random.standard_normal(40)}
    systems = {"A": [Scores(dict.fromkeys(better, base), {})], "B": [Scores(better, {})]}
    apart = comparisons.compare(systems, "A", 200, 7, [["Speaker-Accuracy"], ["Swap-Followed"]])
    together = comparisons.compare(systems, "A", 200, 7, [["Speaker-Accuracy", "Swap-Followed"]])
    assert [one.metric for one in apart] == ["Speaker-Accuracy", "Swap-Followed"]
    assert apart[0].difference == pytest.approx(0.2)
    assert apart[0].randomisation_holm == apart[0].randomisation == pytest.approx(1 / 201)
    assert together[0].randomisation_holm == pytest.approx(2 / 201)
