"""SIGINT and SIGTERM as a request to stop, which the loop reads between two iterations."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """``signal_number`` is 0 until a signal asks to stop."""

    signal_number = 0


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Within the block, SIGINT and SIGTERM are recorded instead of ending the process; not outside the main thread."""
    request = StopRequest()

    def note(number: int, _: FrameType | None) -> None:
        request.signal_number = number

    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
