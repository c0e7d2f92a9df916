"""Runs the steps of a job over its pieces, in one or several processes or on a cluster, and resumes after a kill.

A step is a plain function of (job, piece number) that writes its own files under ``job.folder`` and returns counts. A
piece is done when its marker exists, which holds those counts; a marker is written after everything it refers to.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pwae_core.corpus.engine.ray_cluster import cluster
from pwae_core.errors import StorageError
from pwae_core.files import to_json, write_bytes
from pwae_core.processes import follow_parent, uninterrupted
from pwae_core.progress import Progress


class Job(Protocol):
    @property
    def folder(self) -> Path:
        """Where the steps write their files."""


J = TypeVar("J", bound=Job)
Counts = dict[str, Any]
Step = Callable[[J, int], Counts]


class Pool(Protocol):
    def submit(self, task: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Runs ``task(*arguments)`` elsewhere."""


@dataclass(frozen=True)
class Runner(Generic[J]):
    """``pool`` None runs everything in this process. The result does not depend on it."""

    job: J
    progress: Progress
    pool: Pool | None

    def run(self, label: str, step: Step[J], pieces: int) -> list[Counts]:
        """The counts of every piece, in order. Pieces whose markers exist are skipped."""
        name = step.__name__
        done = {piece: found for piece in range(pieces) if (found := _marked(self.job, name, piece)) is not None}
        left = [piece for piece in range(pieces) if piece not in done]
        with self.progress.task(label, total=pieces) as task:
            task.advance(len(done))
            for piece, counts in self._results(step, left):
                done[piece] = counts
                task.advance(1)
        return [done[piece] for piece in range(pieces)]

    def _results(self, step: Step[J], pieces: list[int]) -> Iterator[tuple[int, Counts]]:
        if self.pool is None or (len(pieces) < 2 and isinstance(self.pool, ProcessPoolExecutor)):
            yield from ((piece, _do(self.job, step, piece)) for piece in pieces)
            return
        with uninterrupted():
            futures = {self.pool.submit(_do, self.job, step, piece): piece for piece in pieces}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise StorageError(
                "A worker process was killed, probably for lack of memory. Run the same command again with fewer "
                "--workers; it continues where it stopped."
            ) from error


@contextmanager
def runner(job: J, progress: Progress, workers: int, address: str | None = None) -> Iterator[Runner[J]]:
    """A runner over this many processes here, or on the Ray cluster at ``address``."""
    if address is not None:
        with cluster(address, job.folder) as pool:
            yield Runner(job, progress, pool)
        return
    if workers < 2:
        yield Runner(job, progress, None)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=follow_parent) as processes:
        try:
            yield Runner(job, progress, processes)
        except BaseException:
            processes.shutdown(wait=True, cancel_futures=True)
            raise


def _do(job: J, step: Step[J], piece: int) -> Counts:
    counts = step(job, piece)
    write_bytes(_marker(job, step.__name__, piece), to_json(counts))
    return counts


def _marked(job: Job, name: str, piece: int) -> Counts | None:
    path = _marker(job, name, piece)
    if not path.is_file():
        return None
    counts: Counts = json.loads(path.read_bytes())
    return counts


def _marker(job: Job, name: str, piece: int) -> Path:
    return job.folder / f"{name}-{piece}.json"
