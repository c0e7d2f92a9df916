"""A report that is made again and again while runs train."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pwae_core.data.responses import Named
from pwae_core.errors import PwaeError
from pwae_core.report.gather import Sources, gather

EVERY = 5
"""Seconds between checks of the logs, and between reloads of a watched page."""
T = TypeVar("T")


def watch(
    make: Callable[[int, bool], T],
    given: Sequence[Named],
    outside: Sequence[Path] = (),
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[T, Sources]]:
    """Yields what ``make(refresh, again)`` makes of ``given`` whenever that has changed, until all runs are finished.

    ``refresh``: seconds until the page reloads itself, 0 for the last page. ``again``: it replaces a page made here.
    Raises what ``gather`` and ``make`` raise. Once a page was made, only two failures in a row are raised, because a
    run that is just ending is briefly neither unfinished nor complete.
    """
    made_of, failed = None, False
    while True:
        try:
            sources = gather(given, outside)
            made = None
            if sources.fingerprints != made_of:
                made = make(EVERY if sources.growing else 0, made_of is not None)
            made_of, failed = sources.fingerprints, False
        except (PwaeError, OSError):
            if failed or made_of is None:
                raise
            failed = True
        else:
            if made is not None:
                yield made, sources
            if not sources.growing:
                return
        wait(EVERY)
