"""Runs of a plan several at a time, each in a process of its own that sends what it says and, at the end, its result.

The processes share the processors: each is given its part of them, unless OMP_NUM_THREADS is set.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from pwae_core.config.experiment import PlannedRun
from pwae_core.errors import Interrupted
from pwae_core.experiment.results import RunResult
from pwae_core.processes import follow_parent, processors, uninterrupted
from pwae_core.progress import Progress, Task
from pwae_core.training.signals import stop_requests

Do = Callable[[PlannedRun, Progress], RunResult]
"""What makes one run. It can be pickled."""
Results = Generator[tuple[int, RunResult], None, None]
"""The place of each run in the plan and its result, as they come."""
STOPPED = "Stopped; what was trained is saved. Run the same command again to continue."
THREADS = "OMP_NUM_THREADS"
NOTE_EVERY_SECONDS = 1.0
LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Said:
    """A line for the user, or a note beside the bar if ``passing``."""

    text: str
    passing: bool = False


def side_by_side(runs: Sequence[PlannedRun], do: Do, jobs: int, progress: Progress) -> Results:
    """Makes all ``runs``, at most ``jobs`` at a time.

    A signal to this process stops them all, as does an error that is no result; then it raises Interrupted, or the
    error. A process that is killed is a run that failed.
    """
    jobs = min(jobs, len(runs))
    waiting = list(enumerate(runs))[::-1]
    live: dict[Connection, tuple[int, BaseProcess]] = {}
    with stop_requests() as stop, progress.task("runs", len(runs)) as task:
        try:
            while (waiting or live) and not stop.signal_number:
                while waiting and len(live) < jobs:
                    place, run = waiting.pop()
                    progress.say(f"run {place + 1} of {len(runs)}: {run.folder}")
                    pipe, process = _started(do, run, jobs)
                    live[pipe] = place, process
                ready = wait([*live], LOOK_EVERY_SECONDS)
                for pipe, (place, process) in [one for one in live.items() if one[0] in ready]:
                    heard = _received(pipe, runs[place], process)
                    if isinstance(heard, Said):
                        _tell(f"{runs[place].folder}: {heard.text}", progress, task if heard.passing else None)
                        continue
                    del live[pipe]
                    pipe.close()
                    process.join()
                    if isinstance(heard, BaseException):
                        raise heard
                    task.advance()
                    yield place, heard
        finally:
            _end([process for _, process in live.values()])
    if stop.signal_number:
        raise Interrupted(STOPPED, stop.signal_number)


def _tell(text: str, progress: Progress, task: Task | None) -> None:
    if task:
        task.advance(0, text)
    else:
        progress.say(text)


def _started(do: Do, run: PlannedRun, jobs: int) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, do, run), name=run.folder)
    share = max(1, processors() // jobs)
    with _environment({THREADS: os.environ.get(THREADS, str(share))}), uninterrupted():
        process.start()
    theirs.close()
    return ours, process


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The environment that a process which is started here begins with."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _received(pipe: Connection, run: PlannedRun, process: BaseProcess) -> Said | RunResult | BaseException:
    """What a process sends; a failure if it has ended without a result."""
    try:
        heard: Said | RunResult | BaseException = pipe.recv()
        return heard
    except (EOFError, OSError):
        process.join()
        code = process.exitcode or 0
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        failure = f"Its process was ended {how}. If memory is full, take fewer --jobs. Run the same command again."
        return RunResult(run.label, run.seed, run.folder, {}, failure)


def _end(processes: Sequence[BaseProcess]) -> None:
    """Asks them to stop, and waits: a training saves before it does."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _work(pipe: Connection, do: Do, run: PlannedRun) -> None:
    """What a process does."""
    follow_parent()
    try:
        outcome: RunResult | BaseException = do(run, _Relay(pipe))
    except BaseException as error:
        error.add_note("".join(traceback.format_exception(error)))  # which a process cannot send
        outcome = error
    try:
        pipe.send(outcome)
    except OSError:  # nobody listens any more
        return
    except Exception:  # it cannot be pickled
        pipe.send(RuntimeError(f"{type(outcome).__name__}: {outcome}"))


class _Relay:
    """Sends what is said to the parent."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        yield _RelayedTask(self.pipe, label, total)

    def say(self, message: str) -> None:
        self.pipe.send(Said(message))


class _RelayedTask:
    def __init__(self, pipe: Connection, label: str, total: int | None) -> None:
        self.pipe, self.label, self.total, self.done, self.sent = pipe, label, total, 0, 0.0

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount
        if time.monotonic() - self.sent >= NOTE_EVERY_SECONDS:
            self.sent = time.monotonic()
            of = f"/{self.total}" if self.total is not None else ""
            self.pipe.send(Said(f"{self.label} {self.done}{of} {note}".rstrip(), passing=True))
