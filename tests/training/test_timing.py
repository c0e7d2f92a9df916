"""How long training takes: beside the log, over interruptions, whatever the last line is."""

import json

import pytest
from planted import planted
from small_training import small_config, small_trainer
from tiny import tiny
from together import StopAfter

from pwae_core.errors import Interrupted
from pwae_core.training.loop import Trainer
from pwae_core.training.timing import Timing, timings


@pytest.fixture
def clock(monkeypatch):
    """``clock[0]``: the seconds that have gone by."""
    now = [100.0]
    monkeypatch.setattr("pwae_core.training.timing.time.monotonic", lambda: now[0])
    return now


def test_validation_is_no_part_of_the_pace(tmp_path, clock):
    timing = Timing(tmp_path, 32.0)
    timing.begin([], 0)
    assert str(timing) == ""
    clock[0] += 3
    with timing.validation():
        clock[0] += 5
    timing.write(4, 0, "valid", {})
    clock[0] += 1
    timing.write(8, 0, "train", {})
    valid, train = timings(tmp_path / "timing.jsonl")
    assert (valid["seconds"], valid["elapsed"], valid["split"]) == (5, 8, "valid")
    assert (train["iterations_per_second"], train["sessions_per_second"], train["elapsed"]) == (2, 64, 9)
    assert (str(timing), timing.of_validation()) == (", 64 sessions/s", " (5.0 s, 64 sessions/s)")


@pytest.mark.parametrize("torn", [b"", b'{"time": 1', b"\xff\x00", b"[]\n", b'{"elapsed": null}'])
def test_it_goes_on_after_a_torn_line(tmp_path, clock, torn):
    path = tmp_path / "timing.jsonl"
    first = Timing(tmp_path, 1.0)
    first.begin([], 0)
    clock[0] += 4
    first.write(2, 0, "train", {})
    path.write_bytes(path.read_bytes() + torn)
    again = Timing(tmp_path, 1.0)
    again.begin([{"step": 2}], 2)
    clock[0] += 1
    again.write(3, 0, "train", {})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["step"], line["elapsed"]) for line in lines] == [(2, 4), (3, 5)]
    assert [line["iterations_per_second"] for line in lines] == [0.5, 1]


def test_the_pace_after_a_resume_is_that_of_the_iterations_since(tmp_path, clock, monkeypatch):
    """Each takes a second; the checkpoint to continue from is two iterations later than the last line of the log."""
    config = small_config(model={"name": "seq2seq"}, log_every=4, max_steps=8, validate_every=100)
    data = tiny(planted(users=4, conversations=8, seed=1).rows)
    iteration = Trainer.iteration

    def slowly(trainer, batch):
        clock[0] += 1
        return iteration(trainer, batch)

    monkeypatch.setattr(Trainer, "iteration", slowly)
    with pytest.raises(Interrupted, match="Stopped at iteration 6"):
        small_trainer(data, tmp_path, config, StopAfter(5)).run()
    small_trainer(data, tmp_path, config).run()
    paces = [line["iterations_per_second"] for line in timings(tmp_path / "timing.jsonl") if line["split"] == "train"]
    assert paces == [1, 1, 1]
