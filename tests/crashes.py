"""Kills a command at the moments at which it touches the disk, and runs it again each time.

As a script, ``python crashes.py TASK`` (a JSON object of out, command, before, moments): one process imports the
command line once and forks; each child runs ``pwae COMMAND`` and kills itself (SIGKILL) before its n-th change beside
or under ``out``, for each n of ``moments``, until it comes through. After each kill the same command is run whole.
``before`` is a command that is run first, each time. Prints how many moments there were, and those after which the
artifact was another one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ALL = range(1, 500)
SOME = (1, 2, 3, 4, *range(10, 500, 7))
LOADED_ONCE = ("pandas", "torch._dynamo", "pwae_cli.app", "pwae_core.stages.sample", "pwae_core.stages.train")
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")


def killed(
    out: Path, command: list[object], moments: Sequence[int], before: list[object] | None = None
) -> dict[str, Any]:
    """What the script says: ``{"moments": 12, "different": [], "left": []}``; left: new files beside ``out``."""
    words = {"command": [*map(str, command)], "before": [*map(str, before or [])]}
    task = words | {"out": str(out), "moments": list(moments)}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, __file__, json.dumps(task)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def kill_before_change(number: int, folder: Path) -> None:
    """Kills this process before its ``number``-th change under ``folder``."""
    left = [number]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (opened or event in CHANGES) and str(arguments[0]).startswith(str(folder)):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def run(arguments: list[str], kill_at: int = 0, folder: Path = Path()) -> int:
    """Runs ``pwae ARGUMENTS`` in a child of its own; returns its exit code, negative where it was killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    from pwae_cli import app

    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    sys.argv = ["pwae", *arguments]
    if kill_at:
        kill_before_change(kill_at, folder)
    try:
        app.main()
        code: object = 0
    except SystemExit as stop:
        code = stop.code
    os._exit(code if isinstance(code, int) else int(code is not None))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main(out: Path, command: list[str], before: list[str], moments: list[int]) -> dict[str, Any]:
    beside = {path.name for path in out.parent.iterdir()} | {out.name}

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)
        assert not before or run(before) == 0

    fresh()
    assert run(command) == 0
    expected = files(out)
    different: list[int] = []
    for count, moment in enumerate(moments):
        fresh()
        code = run(command, moment, out.parent)
        if code == 0:
            left = sorted({path.name for path in out.parent.iterdir()} - beside)
            return {"moments": count, "different": different, "left": left}
        assert code == -signal.SIGKILL, code
        if run(command) != 0 or files(out) != expected:
            different.append(moment)
    raise AssertionError("the command never came through: give more moments")


if __name__ == "__main__":
    for name in LOADED_ONCE:
        importlib.import_module(name)
    gc.freeze()
    task = json.loads(sys.argv[1])
    print(json.dumps(main(Path(task["out"]), task["command"], task["before"], task["moments"])))
