"""What docs/reliability.md says: kills of every command that writes, files planted in its way, bits flipped.

python benchmarks/reliability.py kills [--only WORD] [--step 1] [--moments 5]
python benchmarks/reliability.py theirs [--only WORD]
python benchmarks/reliability.py flips
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import run_pwae
from crashes import killed
from plants import lost, places, takes_force
from scenarios import Inputs, make_inputs, scenarios
from trained import make

from pwae_core.artifacts.notes import manifest_of, plan_of

SIZES = (0, 1, 100, 300, 700, 1_500, 3_000, 6_000, 12_000, 25_000)


def inputs(folder: Path) -> Inputs:
    folder.mkdir()
    return make_inputs(run_pwae, make(run_pwae, folder), folder)


def kills(folder: Path, only: str, step: int, moments: int) -> None:
    given = inputs(folder / "given")
    arena = folder / "arena"
    total, failures = 0, []
    for name, one in scenarios(given, arena).items():
        if only not in name:
            continue
        shutil.rmtree(arena, ignore_errors=True)
        arena.mkdir()
        done = killed(
            arena,
            one.command,
            range(1, 1000, step),
            sizes=SIZES,
            moments=moments,
            before=one.before,
            copies=one.copies,
            stdin=one.stdin,
        )
        total += done["kills"]
        failures += [f"{name}: {failure}" for failure in done["failures"]]
        print(f"{name}: {done['kills']} kills, {len(done['failures'])} failures", flush=True)
        for failure in done["failures"]:
            print(f"  {failure}", flush=True)
    print(f"{total} kills: {total - len(failures)} reruns as if undisturbed")


def theirs(folder: Path, only: str) -> None:
    """A file of the user's at every place, one at a time and all at once, with and without --force."""
    given = inputs(folder / "given")
    arena = folder / "arena"
    planted = changed = 0
    for name, one in scenarios(given, arena).items():
        if only not in name:
            continue
        names = places(one, arena, run_pwae)
        groups = [[place] for place in names] + [names]
        ways = [(begun, force) for begun in {bool(one.before), False} for force in {takes_force(one), False}]
        wrong = [
            told
            for group in groups
            for begun, force in ways
            for told in lost(one, arena, run_pwae, group, begun=begun, force=force)
        ]
        planted, changed = planted + len(groups) * len(ways), changed + len(wrong)
        print(f"{name}: {len(groups) * len(ways)} plantings at {len(names)} places, {len(wrong)} wrong", flush=True)
        for told in wrong:
            print(f"  {told}", flush=True)
    print(f"{planted} plantings, {changed} wrong")


def flips(folder: Path) -> None:
    """Every bit of every byte of the manifests that the stages write, and of a plan."""
    given = inputs(folder / "given")
    tried = accepted = 0
    for path in sorted(folder.rglob("manifest.json")):
        whole = path.read_bytes()
        assert manifest_of(path.parent)
        for place in range(len(whole)):
            for bit in range(8):
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
                tried += 1
                accepted += manifest_of(path.parent) is not None or plan_of(path.parent) is not None
        path.write_bytes(whole)
        print(f"{path.parent.relative_to(folder)}: {8 * len(whole):,} bits", flush=True)
    assert given.raw.is_file()
    print(f"{tried:,} single bit flips, {accepted} accepted")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kills", "theirs", "flips"])
    parser.add_argument("--only", default="", help="commands whose name holds this")
    parser.add_argument("--step", type=int, default=1, help="every so many changes of the disk")
    parser.add_argument("--moments", type=int, default=5, help="random moments of each command")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="reliability-"))
    try:
        if options.what == "kills":
            kills(folder, options.only, options.step, options.moments)
        elif options.what == "theirs":
            theirs(folder, options.only)
        else:
            flips(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
