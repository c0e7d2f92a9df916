"""Runs commands on damaged inputs, and with odd arguments, and judges what they did.

What must hold: the command ends in time and in little memory, with a documented exit code; it shows no traceback, and
where it fails one line that begins with ``pwae: ``; it leaves nothing half made, and nothing of the user's is changed.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from damage import damage
from forked import Done, Pwae
from world import ADAPT, ARTIFACTS, PREPROCESS, READ, SCORE, Target, targets

from pwae_core import errors

USAGE = 2
DOCUMENTED = {0, USAGE} | {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type)}
SECONDS = 60.0
BYTES = 3 << 29
OUT = "made"
KEPT_ON_FAILURE = ("train", "experiment")
"""Commands whose unfinished work in --out is kept, to be continued."""

ODD_VALUES = (
    *("-1", "0", "1e400", "nan", "inf", "", "x", "9" * 5_000, "1" + "0" * 30, str(2**63), str(-(2**63)), "0x10", "1.5"),
    *("\x1b[31m\u202e", os.fsdecode(b"\xc4\xe3\xba\xc3"), "n" * 300, "/dev/zero", "/dev/null", ".", "/", "-", "a/b/c"),
    *("none", "raw.jsonl", "corpus", "1000000000000", "a=b", "=" * 50, "长" * 90, "../" * 50, "\n"),
)
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("preprocess", "raw.jsonl", "--out", "{out}", *PREPROCESS),
    *READ.values(),
    *ARTIFACTS.values(),
    ADAPT,
    ("human-eval-score", "returned", "--key", "key", *SCORE),
    ("persona-scores", "answers", "--corpus", "corpus", "--least", "1", "--resamples", "20"),
    ("diagnose", "personawae", "--corpus", "corpus", "--contexts", "4", "--samples", "2"),
    ("data-check", "corpus", "--html", "{out}.html"),
    ("sample", "personawae", "--context", "do you like tea ?", "--user", "user001", "--samples", "2"),
    ("models",),
    ("metrics",),
)


@dataclass(frozen=True)
class Trial:
    """One damaged input and what came of it; ``wrong`` says what must not be, and is empty where all holds."""

    number: int
    command: tuple[str, ...]
    what: str
    done: Done
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        last = self.done.stderr.strip().splitlines()[-1:] or [""]
        return f"{self.number}: pwae {' '.join(self.command)} | {self.what} | {', '.join(self.wrong)} | {last[0]:.200}"


def trials(pwae: Pwae, world: Path, scratch: Path, numbers: range) -> Iterator[Trial]:
    """The trials of these ``numbers``; what a number does depends on it and on the world alone."""
    by_reader = grouped(targets(world))
    for number in numbers:
        chance = random.Random(number)
        copy = scratch / str(number)
        shutil.copytree(world, copy, symlinks=True)
        target = chance.choice(by_reader[chance.choice(sorted(by_reader))])
        if chance.random() < 0.2:
            target, what = with_odd_option(chance, pwae)
        else:
            what = f"{target.damaged}: {damage(chance, copy / target.damaged)}"
        yield _performed(pwae, number, target, what, copy)
        shutil.rmtree(copy)


def grouped(found: Sequence[Target]) -> dict[tuple[str, str], list[Target]]:
    """The targets by entry of the world and command, so that artifacts of many files are not most of the trials."""
    groups: dict[tuple[str, str], list[Target]] = {}
    for one in found:
        groups.setdefault((one.damaged.split("/")[0], one.command[0]), []).append(one)
    return groups


def with_odd_option(chance: random.Random, pwae: Pwae) -> tuple[Target, str]:
    """A command with one more option, of those it has, or another value for one it is given."""
    command = list(chance.choice(COMMANDS))
    value = chance.choice(ODD_VALUES)
    given = [place for place, word in enumerate(command) if place and not word.startswith("--")]
    if given and chance.random() < 0.4:
        place = chance.choice(given)
        what = f"{command[place]} becomes {value!r:.40}"
        command[place] = value
    else:
        name = chance.choice(options_of(command[0]))
        what = f"{name} {value!r:.40}"
        command += [name, value]
    return Target("", tuple(command), writes=("personawae",) if command[0] == "adapt" else ()), what


def options_of(name: str) -> list[str]:
    """The options of a command that take a value."""
    from pwae_cli.app import built

    command = built().commands[name]
    taking = [p.opts[0] for p in command.params if p.opts[0].startswith("--") and not getattr(p, "is_flag", False)]
    return sorted({*taking} - {"--help", "--device", "--cluster", "--engine", "--workers", "--threads"}) or ["--bogus"]


def _performed(pwae: Pwae, number: int, target: Target, what: str, folder: Path) -> Trial:
    before = snapshot(folder)
    command = tuple(word.replace("{out}", OUT) for word in target.command)
    stdin = _stdin(folder, target)
    done = pwae(*command, folder=folder, stdin=stdin, seconds=SECONDS, bytes=BYTES)
    return Trial(number, command, what, done, tuple(judged(done, command[0], before, snapshot(folder), target)))


def _stdin(folder: Path, target: Target) -> str:
    """The file that standard input is redirected from; nothing where a shell could not open it."""
    path = folder / target.stdin
    return str(path) if target.stdin and path.is_file() and os.access(path, os.R_OK) else ""


def judged(
    done: Done, command: str, before: Mapping[str, str], after: Mapping[str, str], target: Target
) -> Iterator[str]:
    """What must not be, of a run and of the folder it ran in, ``before`` and ``after``."""
    told = [line for line in done.stderr.splitlines() if line.startswith("pwae: ")]
    if done.hung:
        yield f"hung for {SECONDS:.0f} s"
    elif done.exit_code not in DOCUMENTED:
        yield f"exit code {done.exit_code}"
    if "Traceback" in done.stderr:
        yield "traceback"
    if done.exit_code not in (0, USAGE) and len(told) != 1 and not done.hung:
        yield f"{len(told)} lines"
    if {"\x1b", "\x9b", "\u202e"} & set(done.stdout + done.stderr):
        yield "a terminal is steered"
    if done.bytes > BYTES:
        yield f"{done.bytes >> 20} MiB"
    yield from _files_wrong(done, command, before, after, target)


def _files_wrong(
    done: Done, command: str, before: Mapping[str, str], after: Mapping[str, str], target: Target
) -> Iterator[str]:
    mine = {name: value for name, value in before.items() if name.split("/")[0] not in target.writes}
    if lost := [name for name, value in mine.items() if after.get(name) != value]:
        yield f"{lost[0]} is changed"
    new = {name.split("/")[0] for name in after.keys() - before.keys()} - {*target.writes}
    if done.exit_code == 0 or command in KEPT_ON_FAILURE:
        new = {name for name in new if name.startswith(".")}
    if new:
        yield f"left: {sorted(new)[0]}"


def snapshot(folder: Path) -> dict[str, str]:
    """Every entry under ``folder``, by name, with what it is."""
    return {str(path.relative_to(folder)): _state(path) for path in sorted(folder.rglob("*"))}


def _state(path: Path) -> str:
    if path.is_symlink():
        return f"link to {os.readlink(path)}"  # noqa: PTH115 - it may lead nowhere
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return "folder" if path.is_dir() else "other"
