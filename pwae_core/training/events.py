"""Event files for TensorBoard, with the same values as the log. They need the package tensorboardX."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pwae_core.artifacts import Draft
from pwae_core.artifacts.notes import plan_of
from pwae_core.errors import ConfigError
from pwae_core.files import in_the_way, is_regular
from pwae_core.schemas import EVENTS, TIMING
from pwae_core.training.timing import timings


def refuse_without_package() -> None:
    """Raises ConfigError if event files cannot be written."""
    if find_spec("tensorboardX") is None:
        raise ConfigError("--tensorboard needs the package tensorboardX. Install it: pip install 'pwae[tensorboard]'.")


def events_of(draft: Draft) -> Events:
    """The event file of the run being made. Raises ArtifactError if something that is not ours is in its place."""
    folder = draft.folder / EVENTS
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise in_the_way(folder)
    plan = plan_of(draft.folder)
    before = [name for name in plan.wrote if name.startswith(f"{EVENTS}/")] if plan else []
    name = f"{EVENTS}/events.out.tfevents.{len(before) + 1:04}.pwae"
    draft.claim(name)
    return Events(draft.folder / name, [draft.folder / one for one in before])


class Events:
    """A file of scalars by ``split/name`` and iteration, with everything in the log.

    Whenever training begins, a new file replaces those ``before``, so no iteration appears twice. Its name reveals
    neither the time nor the host.
    """

    def __init__(self, path: Path, before: Sequence[Path] = ()) -> None:
        self.path, self.before = path, before
        self.writer: Any = None

    def begin(self, lines: Sequence[Mapping[str, Any]], step: int) -> None:  # noqa: ARG002
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.record_writer import RecordWriter

        self.path.parent.mkdir(exist_ok=True)
        for path in (*self.before, self.path):
            if is_regular(path):
                path.unlink()
        now = time.time()
        self.writer = RecordWriter(str(self.path))
        self._put(Event(wall_time=now, file_version="brain.Event:2"))
        self._put(Event(wall_time=now, step=1, session_log=SessionLog(status=SessionLog.START)))
        when = {(line["step"], line.get("split")): line["time"] for line in timings(self.path.parents[1] / TIMING)}
        for line in lines:
            self._scalars(line["step"], line["split"], line["values"], when.get((line["step"], line["split"]), now))
        self.writer.flush()

    def write(self, step: int, epoch: int, split: str, values: Mapping[str, float]) -> None:  # noqa: ARG002
        self._scalars(step, split, values, time.time())
        self.writer.flush()

    def _scalars(self, step: int, split: str, values: Mapping[str, float], when: float) -> None:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        named = [Summary.Value(tag=f"{split}/{name}", simple_value=value) for name, value in values.items()]
        self._put(Event(wall_time=when, step=step, summary=Summary(value=named)))

    def _put(self, event: Any) -> None:
        self.writer.write(event.SerializeToString())

    def close(self) -> None:
        """Closes the file."""
        if self.writer:
            self.writer.close()
