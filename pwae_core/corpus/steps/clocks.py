"""What the times of chats do not tell: dates without a time of day, numbers that are no seconds since 1970."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pwae_core.corpus.readers.times import EPOCH, SLOT

EARLY = 315_532_800_000_000
"""The beginning of 1980, in microseconds."""
DAY_IN_MINUTES = 1_440
SUSPECT_SHARE = 0.5


def counted(times: pa.ChunkedArray, zone: str) -> dict[str, int]:
    """How many ``times`` there are, how many of them are midnights in ``zone``, and how many are ``early``."""
    micros = times.cast(pa.int64()).drop_null().to_numpy()
    moments, counts = np.unique(micros[micros % SLOT == 0], return_counts=True)
    clocks = [(EPOCH + timedelta(microseconds=int(one))).astimezone(ZoneInfo(zone)) for one in moments]
    midnight = sum(int(count) for clock, count in zip(clocks, counts, strict=True) if not (clock.hour or clock.minute))
    return {"times": len(micros), "midnight": midnight, "early": int((micros < EARLY).sum())}


def judged(source: str, found: Counter[str], gap: float) -> list[str]:
    """Warnings about the times of a file; ``found``: what ``counted`` says of all its pieces."""
    least = max(1, SUSPECT_SHARE * found["times"])
    warnings = []
    if found["midnight"] >= least:
        cut = ", and the next day begins a new conversation (--gap 0: none begins)"
        warnings.append(
            f"{source}: {found['midnight']:,} of {found['times']:,} times are midnight, like dates without a time of "
            f"day. Messages of a day keep the order of the file{cut if 0 < gap < DAY_IN_MINUTES else ''}."
        )
    if found["early"] >= least:
        warnings.append(
            f"{source}: {found['early']:,} of {found['times']:,} times are before 1980, because numbers are read as "
            "seconds since 1970. If yours are days, as a spreadsheet counts them, write them as dates: --gap measures "
            "pauses in these seconds."
        )
    return warnings
