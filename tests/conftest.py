"""What the tests share: the command line run in this process, a small corpus, shapes checked while tests run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import jaxtyping
import pytest
from crashes import is_apart

# One thread for torch, here and in the processes that tests start: several workers share the cores, and runs that are
# compared bit by bit must add in the same order. Torch reads it when it is first imported.
os.environ["OMP_NUM_THREADS"] = "1"
# Only a power cut loses what was not synced, and a sync costs milliseconds: runs in this process do without.
os.fsync = lambda _: None  # type: ignore[assignment]
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell ignores it, and so would children
hypothesis.settings.register_profile("pwae", deadline=None)
hypothesis.settings.load_profile("pwae")
jaxtyping.install_import_hook(["pwae_core.equations", "pwae_core.nn", "pwae_core.models"], "beartype.beartype")


@dataclass(frozen=True)
class Result:
    """What a command did: its exit code and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    def fails(self, exit_code: int, *words: str) -> Result:
        """Asserts that the command failed as users should see it: one line with these words, nothing on stdout."""
        assert self.exit_code == exit_code, self
        assert self.stdout == "", self
        last = self.stderr.splitlines()[-1]
        assert last.startswith("pwae: "), self
        assert "Traceback" not in self.stderr, self
        for word in words:
            assert word in last, f"{word!r} is missing from {last!r}"
        return self

    def succeeds(self) -> Result:
        assert self.exit_code == 0, self
        return self


def run_pwae(*arguments: object, stdin: bytes = b"") -> Result:
    """Runs ``pwae ARGUMENTS`` in this process, as the console script would."""
    from pwae_cli import app

    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["pwae", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        try:
            app.main()
            code: object = 0
        except SystemExit as stop:
            code = stop.code
    return Result(code if isinstance(code, int) else int(code is not None), out.getvalue(), err.getvalue())


@pytest.fixture
def pwae() -> Callable[..., Result]:
    """``pwae("embed-words", corpus, "--out", folder)`` -> Result(exit_code, stdout, stderr)."""
    return run_pwae


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file under ``folder`` and its bytes: two equal snapshots are two identical artifacts.

    Without those files that are no part of what an artifact is: when a run was made, and how long that took.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not is_apart(path, folder)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(name="snapshot")
def snapshot_fixture() -> Callable[[Path], dict[str, bytes]]:
    """``snapshot(folder)`` -> {relative path: bytes}, to compare artifacts byte for byte."""
    return snapshot


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A corpus, its vectors and two tiny runs (trained.Made), made once; nothing in them may be changed."""
    from trained import make

    return make(run_pwae, tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def forked() -> Iterator[Any]:
    """``forked("train", ..., folder=FOLDER, stdout=CLOSED)`` -> forked.Done: a run in a process of its own."""
    from forked import Pwae

    with Pwae() as run:
        yield run
