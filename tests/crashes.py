"""Kills a command at the moments at which it touches the disk, and runs it again each time.

As a script, ``python crashes.py TASK`` (a JSON object, see ``killed``): one process imports the command line once and
forks; each child runs ``pwae COMMAND`` in a fresh copy of the arena and is killed: before its n-th change of the arena
(rename, remove, mkdir, rmdir, sync, open for writing), when a file grows over so many bytes (which leaves it torn), or
after a random time. Then the same command is run whole. Prints how many kills there were, and what was wrong then.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any


def is_apart(path: Path, folder: Path) -> bool:
    """Whether ``path`` in ``folder`` is one of the files that differ between runs which are alike."""
    return not {"timing.jsonl", "tensorboard", "model-card.md", "apart.json"}.isdisjoint(path.relative_to(folder).parts)


EVERY = range(1, 1000)
SOME = (1, 2, 3, 4, *range(10, 1000, 7))
LOADED_ONCE = ("pandas", "torch._dynamo", "pwae_cli.app", "pwae_core.stages.sample", "pwae_core.stages.train")
CALL = "call"
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
Kill = Callable[[Path], object]


def killed(
    arena: Path,
    command: Sequence[object],
    changes: Iterable[int] = (),
    *,
    sizes: Iterable[int] = (),
    moments: int = 0,
    before: Sequence[Sequence[object]] = (),
    copies: Mapping[str, Path] | None = None,
    stdin: Path | None = None,
) -> dict[str, Any]:
    """What the script says: ``{"kills": 12, "failures": []}``.

    ``arena`` is an empty folder, in which all stands that the command writes. Each time it is filled anew with
    ``copies`` (name -> what is copied) and what the commands ``before`` make. The command is killed before each of its
    changes whose number is among ``changes`` (in ascending order), at each of ``sizes`` in bytes, and ``moments`` times
    at random.
    """
    task = {
        "arena": str(arena),
        "command": [*map(str, command)],
        "changes": [*changes],
        "sizes": [*sizes],
        "moments": moments,
        "before": [[*map(str, one)] for one in before],
        "copies": {name: str(path) for name, path in (copies or {}).items()},
        "stdin": str(stdin or os.devnull),
    }
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    words = [sys.executable, __file__, json.dumps(task)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


# -- deaths


def before_change(number: int) -> Kill:
    """Dies before the ``number``-th change under the arena."""

    def prepare(arena: Path) -> None:
        left = [number]
        sync = os.fsync

        def count() -> None:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if (opened or event in CHANGES) and str(arguments[0]).startswith(str(arena)):
                count()

        def counted_sync(handle: int) -> None:
            count()
            sync(handle)

        os.fsync = counted_sync
        sys.addaudithook(watch)

    return prepare


def at_size(size: int) -> Kill:
    """Dies in the writing of the first file that would grow over ``size`` bytes."""

    def prepare(_: Path) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return prepare


# -- one command, again and again


def _called(command: Sequence[str]) -> Callable[[], object]:
    """``pwae COMMAND``; or, for ``call MODULE FUNCTION ...``, a function of the tests.

    The salt of an export, which is drawn anew where there is no key yet, is a given one, so that files can be compared.
    """
    if command[0] == CALL:
        function = getattr(importlib.import_module(command[1]), command[2])
        return partial(function, *command[3:])
    if command[0] == "human-eval-export":
        importlib.import_module("pwae_core.stages.human_eval_export").__dict__["new_salt"] = lambda: "5" * 64
    sys.argv = ["pwae", *command]
    main = importlib.import_module("pwae_cli.app").main
    return partial(main)


class Arena:
    def __init__(self, task: Mapping[str, Any]) -> None:
        self.task = task
        self.folder = Path(task["arena"])
        assert not any(self.folder.iterdir())
        self.kept = Path(tempfile.mkdtemp(prefix="crashes-"))
        self.log = self.kept / "log"
        self.log.touch()
        self.begin()
        self.failures: list[str] = []
        self.kills = 0

    def begin(self) -> None:
        """Fills the arena, and keeps a copy of it as it is then."""
        for name, source in self.task["copies"].items():
            shutil.copytree(source, self.folder / name)
        for command in self.task["before"]:
            assert self.run(command) == 0, self.log.read_text()
        shutil.copytree(self.folder, self.kept / "arena")

    def fresh(self) -> None:
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.kept / "arena", self.folder, dirs_exist_ok=True)

    def start(self, command: Sequence[str], kill: Kill | None = None) -> int:
        """Starts ``pwae COMMAND`` in a child; returns its process id."""
        child = os.fork()
        if child:
            return child
        os.dup2(os.open(self.task["stdin"], os.O_RDONLY), 0)
        os.dup2(os.open(self.log, os.O_WRONLY | os.O_TRUNC), 2)
        os.dup2(2, 1)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        called = _called(command)
        if kill:
            kill(self.folder)
        code: object = 1
        try:
            called()
            code = 0
        except SystemExit as stop:
            code = stop.code
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code if isinstance(code, int) else int(code is not None))
        return 0

    def run(self, command: Sequence[str], kill: Kill | None = None, seconds: float | None = None) -> int:
        """The exit code of ``pwae COMMAND``, negative where it was killed."""
        child = self.start(command, kill)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)  # it is there, dead or alive, until it is waited for
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def state(self) -> dict[str, bytes]:
        """Every file and every empty folder, but for what is never alike."""
        paths = [path for path in sorted(self.folder.rglob("*")) if not is_apart(path, self.folder)]
        found = {str(p.relative_to(self.folder)): p.read_bytes() for p in paths if p.is_file()}
        return found | {f"{p.relative_to(self.folder)}/": b"" for p in paths if p.is_dir() and not any(p.iterdir())}

    def survives(self, name: str, expected: Mapping[str, bytes], kill: Kill | None, seconds: float | None) -> bool:
        """Whether the command was killed; what is wrong with the rerun is noted. False where it came through."""
        self.fresh()
        code = self.run(self.task["command"], kill, seconds)
        if code == 0:
            return False
        assert code in (-signal.SIGKILL, -signal.SIGXFSZ), (name, code, self.log.read_text())
        self.kills += 1
        again = self.run(self.task["command"])
        said, found = self.log.read_text(), self.state()
        if again != 0 or "Traceback" in said:
            self.failures.append(f"{name}: exit {again}: {said[-300:]}")
        elif found != expected:
            differing = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
            self.failures.append(f"{name}: differing: {sorted(differing)}")
        return True


def main(task: Mapping[str, Any]) -> dict[str, Any]:
    arena = Arena(task)
    began = time.monotonic()
    assert arena.run(task["command"]) == 0, arena.log.read_text()
    duration = time.monotonic() - began
    expected = arena.state()
    for number in task["changes"]:
        if not arena.survives(f"before change {number}", expected, before_change(number), None):
            break
    for size in task["sizes"]:
        if not arena.survives(f"at {size} bytes", expected, at_size(size), None):
            break
    chance = random.Random(1)
    for _ in range(task["moments"]):
        seconds = chance.uniform(0, duration)
        arena.survives(f"after {seconds:.3f} s", expected, None, seconds)
    shutil.rmtree(arena.kept)
    return {"kills": arena.kills, "failures": arena.failures}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    for name in ("pandas", given["command"][1]) if given["command"][0] == CALL else LOADED_ONCE:
        importlib.import_module(name)
    if given["command"][0] != CALL:
        sys.modules["pwae_cli.app"].built()
    os.fsync = lambda _: None  # type: ignore[assignment]  # a kill, unlike a power cut, loses nothing written
    gc.freeze()
    print(json.dumps(main(given)))
