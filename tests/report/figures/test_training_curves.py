"""Training curves: what is shown, smoothed and explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pwae_core import artifacts
from pwae_core.report.figures.training_curves import MEANINGS, panels, smoothed


def test_the_running_mean_is_shorter_at_the_ends() -> None:
    values = np.zeros(11)
    values[5] = 9.0
    assert smoothed(values).tolist() == pytest.approx([0, 9 / 6, 9 / 7, 9 / 8, 1, 1, 1, 9 / 8, 9 / 7, 9 / 6, 0])


def test_every_measure_of_a_run_is_a_panel_and_every_shown_one_is_explained(made: Any) -> None:
    runs = [(path.name, artifacts.load(path, "run")) for path in (made.personawae, made.seq2seq)]
    shown, further = panels(runs)
    logged = {(row["split"], row["name"]) for _, run in runs for row in run.table("log.parquet").to_pylist()}
    assert len(shown) + len(further) == len(logged)
    assert all(panel.sentence for panel in shown)
    assert [panel.title for panel in shown][:2] == [MEANINGS[key][0] for key in list(MEANINGS)[:2]]
    assert all(any(word in panel.title for word in ("gradient norm", "loss", "rate")) for panel in further)


def test_a_ring_stands_at_the_best_checkpoint(made: Any) -> None:
    run = artifacts.load(made.personawae, "run")
    shown, _ = panels([("p", run)])
    panel = next(one for one in shown if one.title == MEANINGS["valid", "posterior_nll"][0])
    (ring,) = [series for series in panel.series if series.style == "rings"]
    assert (ring.xs, ring.ys) == ([run.facts["best_step"]], [run.facts["valid"]["posterior_nll"]])


def test_runs_keep_their_colour_in_every_panel(made: Any) -> None:
    runs = [(path.name, artifacts.load(path, "run")) for path in (made.seq2seq, made.personawae)]
    shown, _ = panels(runs)
    colours = {series.colour for panel in shown for series in panel.series if series.name == "personawae"}
    assert colours == {1}
