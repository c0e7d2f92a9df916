"""A small share of the trials of benchmarks/reliability_mutations.py, and proof that its judge can say no."""

import pytest
from forked import Done
from mutations import OUT, judged, snapshot, trials
from world import Target, make_world


@pytest.fixture(scope="module")
def world(forked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")

    def run(*command):
        done = forked(*command, folder=folder)
        assert done.exit_code == 0, done

    return make_world(run, folder)


def test_damaged_inputs_and_odd_arguments_end_in_one_line(forked, world, tmp_path):
    before = snapshot(world)
    wrong = [str(trial) for trial in trials(forked, world, tmp_path, range(90)) if trial.wrong]
    assert wrong == []
    assert snapshot(world) == before


@pytest.mark.parametrize(
    ("done", "after", "expected"),
    [
        (Done(0, "", "", 1.0, 1), {OUT: "folder"}, []),
        (Done(4, "", "pwae: Wrong.\n", 1.0, 1), {}, []),
        (Done(2, "", "Usage: ...\n", 1.0, 1), {}, []),
        (Done(4, "", "", 1.0, 1), {}, ["0 lines"]),
        (Done(4, "", "pwae: a\npwae: b\n", 1.0, 1), {}, ["2 lines"]),
        (Done(1, "", "pwae: a\n", 1.0, 1), {}, []),
        (Done(70, "", "Traceback (most recent call last):\n", 1.0, 1), {}, ["exit code 70", "traceback", "0 lines"]),
        (Done(-11, "", "", 1.0, 1), {}, ["exit code -11", "0 lines"]),
        (Done(-9, "", "", 60.0, 1), {}, ["hung for 60 s"]),
        (Done(0, "a\x1b[31m", "", 1.0, 1), {}, ["a terminal is steered"]),
        (Done(0, "", "", 1.0, 3 << 30), {}, ["3072 MiB"]),
        (Done(4, "", "pwae: a\n", 1.0, 1), {f"{OUT}/x": "1"}, [f"left: {OUT}"]),
        (Done(0, "", "", 1.0, 1), {f".{OUT}.partial": "1"}, [f"left: .{OUT}.partial"]),
        (Done(0, "", "", 1.0, 1), {"mine.txt": "other"}, ["mine.txt is changed"]),
    ],
)
def test_the_judge(done, after, expected):
    before = {"mine.txt": "own"}
    assert list(judged(done, "sample", before, before | after, Target("", ()))) == expected
