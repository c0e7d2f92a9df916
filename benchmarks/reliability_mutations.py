"""Damaged inputs of every kind, and odd arguments, for every command: what each run did.

    python benchmarks/reliability_mutations.py --trials 1500

A trial copies a small world (raw files of every format, a corpus, vectors, runs, answers, sheets, a plan), damages one
file of it or gives one odd argument, and runs a command that reads it in a process of its own, within 60 s and 1.5 GiB
Prints every trial after which something was wrong, and a table. ``--first`` begins at another number: a trial is given
by its number.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from forked import Pwae
from mutations import trials
from world import make_world


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1500)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    started, counts, codes, wrong = time.monotonic(), collections.Counter(), collections.Counter(), 0
    slowest, largest = 0.0, 0
    with tempfile.TemporaryDirectory() as folder, Pwae() as pwae:
        world = Path(folder) / "world"
        world.mkdir()

        def run(*command: object, folder: Path = world) -> None:
            done = pwae(*command, folder=folder)
            if done.exit_code:
                raise SystemExit(f"{command}: {done.stderr}")

        make_world(run, world)
        for trial in trials(pwae, world, Path(folder), range(given.first, given.first + given.trials)):
            counts[trial.command[0]] += 1
            codes[trial.done.exit_code] += 1
            slowest, largest = max(slowest, trial.done.seconds), max(largest, trial.done.bytes)
            if trial.wrong:
                wrong += 1
                print(trial, flush=True)
    print(f"{given.trials} trials in {time.monotonic() - started:.0f} s: {wrong} with something wrong")
    print("by command:", ", ".join(f"{name} {number}" for name, number in sorted(counts.items())))
    print("by exit code:", ", ".join(f"{code}: {number}" for code, number in sorted(codes.items())))
    print(f"slowest {slowest:.1f} s, largest {largest / 2**20:.0f} MiB")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
