"""Timestamps of raw data: epoch seconds or milliseconds, ISO 8601, Weibo's ``Sat Jun 29 12:40:09 +0800 2013``."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

TIME = pa.timestamp("us", tz="UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 1e11
WEIBO = "%a %b %d %H:%M:%S %z %Y"


def parse_times(texts: pa.Array) -> pa.Array:
    """The moments, in UTC; null where the text is none. A time without a zone is taken as UTC."""
    quick = _epochs(texts)
    if quick is not None:
        return quick
    encoded = texts.dictionary_encode()
    moments = pa.array([parse_time(text) for text in encoded.dictionary.to_pylist()], TIME)
    return moments.take(encoded.indices)


def _epochs(texts: pa.Array) -> pa.Array | None:
    """The moments at once where all texts are whole seconds since the epoch; None where they are not."""
    if not pc.all(pc.match_substring_regex(texts, r"^\d{1,10}$")).as_py():
        return None
    seconds = texts.cast(pa.int64())
    return pc.multiply(seconds, 1_000_000).cast(pa.timestamp("us")).cast(TIME)


def parse_time(text: str) -> datetime | None:
    """One moment, in UTC, or None."""
    text = text.strip()
    for parse in (_epoch, _iso, _weibo):
        try:
            moment = parse(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _epoch(text: str) -> datetime:
    seconds = float(text)
    if not math.isfinite(seconds):
        raise ValueError(text)
    return EPOCH + timedelta(seconds=seconds / 1000 if abs(seconds) >= MILLISECONDS_FROM else seconds)


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _weibo(text: str) -> datetime:
    return datetime.strptime(text, WEIBO)
