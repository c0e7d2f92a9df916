"""Batches that are prepared while the previous one is being trained on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import torch

from pwae_core.data.sessions import Batch, Ints, Sessions

AHEAD = 2


def feed(sessions: Sessions, batches: Sequence[Ints], device: torch.device) -> Iterator[Batch]:
    """The batches on ``device``, in order. A thread prepares ``AHEAD`` of them; for CUDA in pinned memory, from which
    they are copied while the device computes.
    """

    def prepare(rows: Ints) -> Batch:
        batch = sessions.batch(rows)
        return batch.each(torch.Tensor.pin_memory) if device.type == "cuda" else batch

    rest = iter(batches)
    thread = ThreadPoolExecutor(1, thread_name_prefix="feed")
    try:
        ready: deque[Future[Batch]] = deque(thread.submit(prepare, rows) for rows in islice(rest, AHEAD))
        while ready:
            batch = ready.popleft().result()
            ready.extend(thread.submit(prepare, rows) for rows in islice(rest, 1))
            yield batch.to(device)
    finally:
        # Without waiting: an abandoned feed can be collected while another thread starts, and to end, its own thread
        # needs a lock that is held then.
        thread.shutdown(wait=False, cancel_futures=True)
