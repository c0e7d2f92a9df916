"""The steps of a job as tasks on a running Ray cluster, over a folder that all its nodes share."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pwae_core.errors import ConfigError, PwaeError, StorageError

NO_ANSWER = "No Ray cluster answers at {!r}. Start one with 'ray start --head', or name it with --cluster."
SECONDS_TO_ANSWER = 10


class Cluster:
    """Runs tasks on the cluster; if a worker dies, Ray runs its task again elsewhere."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
        self.run = ray.remote(_guarded)

    def submit(self, task: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """A future of what ``task`` returns or raises."""
        outer: Future[Any] = Future()
        inner: Future[Any] = self.run.remote(task, *arguments).future()
        inner.add_done_callback(lambda done: self._pass_on(done, outer))
        return outer

    def _pass_on(self, done: Future[Any], outer: Future[Any]) -> None:
        error = done.exception()
        if isinstance(error, (self.ray.exceptions.RaySystemError, self.ray.exceptions.WorkerCrashedError)):
            error = StorageError(
                "A worker of the cluster was killed repeatedly, probably for lack of memory. "
                "Run the same command again; it continues where it stopped."
            )
        result = error or done.result()
        if isinstance(result, BaseException):
            outer.set_exception(result)
        else:
            outer.set_result(result)


def _guarded(task: Callable[..., Any], *arguments: Any) -> Any:
    """What ``task`` returns, or a known error itself, which Ray would wrap in others."""
    try:
        return task(*arguments)
    except PwaeError as error:
        return error


@contextmanager
def cluster(address: str, folder: Path) -> Iterator[Cluster]:
    """Joins the Ray cluster at ``address`` (``auto``: the one that ``RAY_ADDRESS`` or this machine knows).

    Raises ConfigError if Ray is not installed, no cluster answers, or its workers do not see ``folder``.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray phones home otherwise
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--engine ray needs Ray, which is not installed. Run: pip install ray") from error
    _refuse_silence(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(NO_ANSWER.format(address)) from error
    try:
        joined = Cluster(ray)
        if not joined.submit(_sees, folder).result():
            raise ConfigError(
                f"The cluster's workers do not see {folder}. Choose an --out that all nodes share, with the raw files."
            )
        yield joined
    finally:
        ray.shutdown()


def _refuse_silence(address: str) -> None:
    """Checks the address first, because Ray itself would try for many minutes at a HOST:PORT where nobody listens."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(NO_ANSWER.format(address)) from error


def _sees(folder: Path) -> bool:
    return folder.is_dir()
