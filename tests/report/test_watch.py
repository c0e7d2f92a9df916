"""A watched report is made again when a log has grown, and for the last time when the run is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from pwae_core.artifacts import Plan
from pwae_core.artifacts.notes import write_plan
from pwae_core.data.responses import Named
from pwae_core.errors import InputError
from pwae_core.report.watch import EVERY, watch

LINE = '{"step": %d, "epoch": 0, "split": "train", "values": {"loss": 1.5}}\n'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that trains: its plan, and a line of its log."""
    folder = tmp_path / "run"
    folder.mkdir()
    write_plan(folder, Plan("run", {"model": {"name": "personawae"}}, {}).unfinished())
    (folder / "log.jsonl").write_text(LINE % 1)
    return folder


class Clock:
    """Instead of waiting, does the next thing that happens; KeyboardInterrupt when nothing more does."""

    def __init__(self, *events: object) -> None:
        self.events, self.waited = list(events), []

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        if not self.events:
            raise KeyboardInterrupt
        event = self.events.pop(0)
        if callable(event):
            event()


def test_it_is_made_again_only_when_a_log_has_grown(run: Path) -> None:
    def grow() -> None:
        with (run / "log.jsonl").open("a") as log:
            log.write(LINE % 2)

    made: list[tuple[int, bool]] = []
    clock, steps = Clock(None, grow, None), []
    with pytest.raises(KeyboardInterrupt):
        for _, sources in watch(lambda *how: made.append(how) or "page", [Named(run)], wait=clock):
            steps.append([one.step for one in sources.growing])
    assert made == [(EVERY, False), (EVERY, True)]
    assert steps == [[1], [2]]
    assert clock.waited == [EVERY] * 4


def test_what_fails_once_is_tried_again_and_what_fails_twice_is_said(run: Path) -> None:
    away = run.with_name("away")
    clock = Clock(lambda: run.rename(away), lambda: away.rename(run), lambda: run.rename(away), None)
    with pytest.raises(InputError, match="run"):
        list(watch(lambda *_: "page", [Named(run)], wait=clock))
    assert len(clock.waited) == 4


def test_what_fails_at_first_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        list(watch(lambda *_: "page", [Named(tmp_path)], wait=Clock()))
