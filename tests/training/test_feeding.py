"""Batches prepared by a thread: in order, whole, and left behind at any moment."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
from small_training import CPU
from together import data

from pwae_core.data.sessions import Batch, Sessions
from pwae_core.training.feeding import AHEAD, feed


def test_batches_are_fed_in_order_and_whole() -> None:
    sessions = data().sessions
    rows = sessions.epoch(10, 3, 0)
    fed = list(feed(sessions, rows, CPU))
    assert len(fed) == len(rows)
    for batch, of in zip(fed, rows, strict=True):
        expected = sessions.batch(of)
        assert torch.equal(batch.response, expected.response)
        assert torch.equal(batch.context, expected.context)


def test_a_feed_that_is_left_does_not_wait_for_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be collected while another thread starts, under locks that its own thread needs to end."""
    sessions, made, released = data().sessions, threading.Semaphore(AHEAD), threading.Event()
    whole = Sessions.batch

    def held(self: Sessions, *rows: Any) -> Batch:
        if not made.acquire(blocking=False):
            released.wait()
        return whole(self, *rows)

    monkeypatch.setattr(Sessions, "batch", held)
    waits = threading.Timer(5, released.set)
    waits.start()
    fed = feed(sessions, sessions.epoch(10, 3, 0), CPU)
    next(fed)
    fed.close()
    assert not released.is_set()
    waits.cancel()
    released.set()
