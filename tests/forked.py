"""Runs ``pwae`` many times at little cost: one process imports the command line once, and forks a child for each run.

A child is a process of its own: its streams can be closed or full, its memory is limited and measured, and one that
hangs is killed. As a script, ``python forked.py`` reads a JSON object a line (a ``Run``) and answers with one (a
``Done``).
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

LOADED_ONCE = (
    *("pandas", "gensim", "nltk", "openpyxl", "sklearn.decomposition", "torch._dynamo", "pwae_cli.app"),
    *(f"pwae_core.stages.{name}" for name in ("embed_words", "evaluate", "preprocess", "report", "sample", "train")),
    *(f"pwae_core.stages.{name}" for name in ("adapt", "chat", "human_eval_export", "human_eval_score", "prompts")),
)
CLOSED, GONE = "closed", "gone"
"""For a stream: it is closed; nobody reads it any more."""
POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Run:
    """A run of ``pwae``. ``stdin``, ``stdout`` and ``stderr``: a path, CLOSED or GONE; empty: nothing, or kept.
    ``bytes``: the most it may allocate beyond the libraries (a torch with CUDA is 550 MiB larger than one without).
    ``gone``: the folder is removed once the run stands in it.
    """

    arguments: Sequence[str]
    folder: str
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    seconds: float = 60.0
    bytes: int = 3 << 29
    gone: bool = False


@dataclass(frozen=True)
class Done:
    """``exit_code`` is negative where a signal ended the run; ``bytes`` is the most memory it held at once."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    bytes: int

    @property
    def hung(self) -> bool:
        return self.exit_code == -signal.SIGKILL


class Pwae:
    """The process that forks; a context manager. ``python``: the interpreter of the environment that is tried."""

    def __init__(self, python: str | Path = sys.executable, environment: Mapping[str, str] = os.environ) -> None:
        environment = {**environment, "OMP_NUM_THREADS": "1", "COLUMNS": "120"}
        command = [str(python), __file__]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, errors="surrogateescape"
        )

    def __call__(self, *arguments: object, folder: Path, **options: object) -> Done:
        run = Run([str(word) for word in arguments], str(folder), **options)  # type: ignore[arg-type]
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(run)) + "\n")
        self.process.stdin.flush()
        return Done(**json.loads(self.process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.communicate()


def perform(run: Run) -> Done:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        child = os.fork()
        if not child:
            _be_pwae(run, out, err)
        status, used = _wait(child, started + run.seconds)
        seconds = time.monotonic() - started
        texts = [_read(stream) for stream in (out, err)]
    scale = 1 if sys.platform == "darwin" else 1024
    return Done(os.waitstatus_to_exitcode(status), texts[0], texts[1], seconds, used.ru_maxrss * scale)


def _wait(child: int, until: float) -> tuple[int, resource.struct_rusage]:
    while True:
        found, status, used = os.wait4(child, os.WNOHANG)
        if found:
            return status, used
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read(1 << 22).decode("utf-8", "backslashreplace")


def _be_pwae(run: Run, out: IO[bytes], err: IO[bytes]) -> None:
    """The child: ends here."""
    os.chdir(run.folder)
    if run.gone:
        os.rmdir(run.folder)  # noqa: PTH106
    if sys.platform == "linux":
        most = _allocated() + run.bytes
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    _stream(0, run.stdin or os.devnull, None)
    _stream(1, run.stdout, out)
    _stream(2, run.stderr, err)
    sys.stdin, sys.stdout, sys.stderr = (_text(number) for number in range(3))  # type: ignore[assignment]
    sys.argv = ["pwae", *run.arguments]
    code: object = 70
    try:
        from pwae_cli import app

        app.main()
        code = 0
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code if isinstance(code, int) else int(code is not None))


def _allocated() -> int:
    """The bytes of this process that RLIMIT_DATA counts."""
    return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()


def _stream(number: int, what: str, kept: IO[bytes] | None) -> None:
    if what == CLOSED:
        os.close(number)
    elif what == GONE:
        reads, writes = os.pipe()
        os.close(reads)
        os.dup2(writes, number)
    elif what:
        os.dup2(os.open(what, os.O_RDONLY if number == 0 else os.O_WRONLY), number)
    elif kept is not None:
        os.dup2(kept.fileno(), number)


def _text(number: int) -> IO[str] | None:
    """The stream as Python itself opens it at its start; None where it is closed."""
    try:
        os.fstat(number)
    except OSError:
        return None
    if number == 0:
        return open(0, encoding="utf-8", closefd=False)
    errors = "backslashreplace" if number == 2 else "strict"
    return open(number, "w", encoding="utf-8", errors=errors, closefd=False)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    for name in LOADED_ONCE:
        importlib.import_module(name)
    sys.modules["pwae_cli.app"].built()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(asdict(perform(Run(**json.loads(line))))), file=answers, flush=True)
