"""Selection by answers, for systems that train in periods some of which answer nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from trained import SIZES, write_corpus


@pytest.mark.parametrize("system", ["adaptation", "rl-persona"])
def test_every_period_is_judged(pwae: Callable[..., Any], tmp_path: Path, system: str) -> None:
    corpus = write_corpus(pwae, tmp_path / "corpus", conversations=40)
    sizes = [word for size in SIZES for word in ("--set", f"model.{size}")]
    answers = ("--set", "select_by=bleu_f1", "--set", "answered_sessions=4", "--set", "answered_samples=2")
    steps = ("--max-steps", 10, "--set", "validate_every=1", "--device", "cpu")
    pwae("train", corpus, "--model", system, "--out", tmp_path / "run", *sizes, *answers, *steps).succeeds()
    log = pq.read_table(tmp_path / "run" / "log.parquet").to_pylist()
    answered = {row["step"] for row in log if row["name"] == "bleu_f1"}
    assert answered
    assert answered < {row["step"] for row in log if row["split"] == "valid"}
