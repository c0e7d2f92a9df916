"""An export that is killed at any change of the disk: no sheets without their key; the same command completes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import judged
import pytest

DRIVER = """
import gc, hashlib, json, os, shutil, signal, sys
from pathlib import Path
import pwae_cli.app, pwae_core.stages.human_eval_export, openpyxl, xlsxwriter

folder, forced, every = Path(sys.argv[1]), sys.argv[2] == "forced", int(sys.argv[3])
command = ["human-eval-export", str(folder / "one"), "--corpus", str(folder / "corpus"), "--out", str(folder / "x/out"),
           "--annotators", "1", "--history", "2", "--no-page", "--contexts"]
gc.freeze()

def run(arguments, kill_at=0):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [kill_at]
    def watch(event, about):
        opened = event == "open" and isinstance(about[2], int) and about[2] & (os.O_WRONLY | os.O_RDWR)
        changed = opened or event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
        if changed and str(about[0]).startswith(str(folder / "x")):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    sys.stdout, sys.argv = open(os.devnull, "w"), ["pwae", *arguments]
    try:
        pwae_cli.app.main()
    except SystemExit as stop:
        os._exit(stop.code or 0)
    os._exit(0)

def orphaned():
    keys = ("out-key", ".out-key.partial/old", ".out-key.partial/new")
    return (folder / "x/out").exists() and not any((folder / "x" / key / "manifest.json").exists() for key in keys)

def complete():
    facts = json.loads((folder / "x/out-key/manifest.json").read_text())["facts"]
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "x/out").iterdir()}
    left = sorted(path.name for path in (folder / "x").iterdir())
    export = (folder / "x/out/annotator-1.csv").read_text().split(chr(10))[1].split(chr(34))[3][:4]
    return there == facts["exported"] and left == ["out", "out-key"] and export == facts["export"]

problems, moment, kills = [], 1, 0
while True:
    shutil.rmtree(folder / "x", ignore_errors=True)
    (folder / "x").mkdir()
    if forced:
        assert run([*command, "3"]) == 0
    code = run([*command, "2", *["--force"] * forced], moment)
    if code == 0:
        break
    kills += 1
    wrong = ["sheets without a key"] if orphaned() else []
    wrong += [] if run([*command, "2", *["--force"] * forced]) == 0 else ["the rerun failed"]
    wrong += [] if complete() else ["the rerun is not complete"]
    problems += [(moment, one) for one in wrong]
    moment += every
print(json.dumps({"kills": kills, "last": moment, "problems": problems}))
"""


def killed(folder: Path, mode: str, every: int) -> dict[str, Any]:
    made = judged.make_corpus(folder / "corpus", sessions=6)
    judged.make_responses(folder / "one", "one", made)
    words = [sys.executable, "-c", DRIVER, str(folder), mode, str(every)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("mode", ["fresh", "forced"])
def test_a_killed_export_is_completed_by_the_next(tmp_path: Path, mode: str) -> None:
    report = killed(tmp_path, mode, every=5)
    assert report["problems"] == []
    assert report["kills"] >= 4
