"""Timestamps in raw data: since the epoch in any unit, ISO 8601, RFC 2822, Weibo's, and others that are unambiguous.

Dates in which the day or the month may come first (``01/02/2024``) are not guessed: ``--time-format`` describes them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from dateutil import parser

from pwae_core.corpus.readers.hours import AFTER_NOON, BEFORE_NOON, as_time
from pwae_core.text.numbers import to_float

TIME = pa.timestamp("us", tz="UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From a number of that size on, an epoch is in nanoseconds, microseconds or milliseconds: parts of a second."""

LARGEST = 2.0**63
WEIBO = "%a %b %d %H:%M:%S %z %Y"
BASIC = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
MONTHS = re.compile(r"(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)")
ROUNDED = re.compile(r"-?\d(?:[.,]\d{1,5})?[eE]\+\d{2,3}")
"""1.37248E+12: all that a spreadsheet leaves of milliseconds; the hours are gone."""

YEAR_FIRST = re.compile(r"\d{4}\D")
EAST_ASIAN = re.compile("[\u3040-\u9fff\uac00-\ud7a3]")
FULL_DATE = re.compile(r"(\d{4})[年년]\s*(\d{1,2})[月월]\s*(\d{1,2})[日号일]")
WEEKDAY = re.compile(r"\(?(?:星期|周|週|礼拜)[一二三四五六日天]\)?|[月火水木金土日]曜日|[월화수목금토일]요일")
CLOCK = re.compile(r"([^\W\d_]{2})?\s*(\d{1,2})\s*[:时時点點시]\s*(\d{1,2})(?:\s*[:分분]\s*(\d{1,2}))?[分秒분초]?")
COMMENT = re.compile(r"\s*\([^()]*\)$")
GREENWICH = re.compile(r"(?i)(?:GMT|UTC)\s*(?=[+-]\d)")
ABBREVIATED = re.compile(r"(?i):\d\d[\d.,]*\s*[a-z]{3,}[+-]\d")
NEVER = ("", "null", "none", "nan", "nat", "undefined", "n/a", "\\n", "0000-00-00", "0000-00-00 00:00:00")
"""What is written, in lower case, in place of a missing time."""

QUICK_EPOCH = r"^(?:\d{9,11}|[03-8]\d{11}|\d{13}|\d{16}|[0-8]\d{18})$"
"""Epochs that ``_basic`` does not take for dates, and that fit into 64 bits."""
QUICK_ISO = r"^[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?Z?$"
DAY, SLOT = 86_400_000_000, 900_000_000
"""Microseconds; a zone changes its offset at quarters of an hour."""
Micros = npt.NDArray[np.int64]


def parse_times(texts: pa.Array, zone: str = "UTC", form: str | None = None) -> pa.Array:
    """The moments; null if a text is not one. ``zone`` applies if a text names none; ``form`` is tried first."""
    quick = None if form else _epochs(texts) or _dates(texts, zone)
    if quick is not None:
        return quick
    encoded = texts.dictionary_encode()
    moments = [parse_time(text, zone, form) for text in encoded.dictionary.to_pylist()]
    return pa.array(moments, TIME).take(encoded.indices)


def is_never(texts: pa.Array) -> pa.Array:
    """True where no time is given: an empty text, or one of the words for it."""
    return pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(texts, ""))), value_set=pa.array(NEVER))


def _epochs(texts: pa.Array) -> pa.Array | None:
    """The moments, all at once, if all texts are whole numbers; otherwise None."""
    if not pc.all(pc.match_substring_regex(texts, QUICK_EPOCH)).as_py():
        return None
    numbers = texts.cast(pa.int64())
    parts = numbers.fill_null(0).to_numpy()
    micros = np.select(
        [parts >= 1e17, parts >= 1e14, parts >= 1e11], [parts // 1_000, parts, parts * 1_000], parts * 1_000_000
    )
    return pa.array(micros, mask=numbers.is_null().to_numpy(zero_copy_only=False)).cast(pa.timestamp("us")).cast(TIME)


def _dates(texts: pa.Array, zone: str) -> pa.Array | None:
    """The moments, all at once, if all texts are ISO dates with seconds, all with a Z or all without; else None."""
    if not pc.all(pc.match_substring_regex(texts, QUICK_ISO)).as_py():
        return None
    zulu = pc.ends_with(texts, "Z")
    if pc.any(zulu).as_py():
        if not pc.all(zulu).as_py():
            return None
        texts, zone = pc.utf8_rtrim(texts, characters="Z"), "UTC"
    try:
        local = texts.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    if zone == "UTC":
        return local.cast(TIME)
    micros = local.cast(pa.int64()).fill_null(0).to_numpy()
    moments = pa.array(micros - _offsets(micros, ZoneInfo(zone)), mask=local.is_null().to_numpy(zero_copy_only=False))
    return moments.cast(pa.timestamp("us")).cast(TIME)


def _offsets(micros: Micros, zone: tzinfo) -> Micros:
    """How far local times are ahead of UTC, in microseconds; looked up once per day if the day has a single offset."""
    days, place = np.unique(micros // DAY, return_inverse=True)
    first, last = (_offsets_at(edge, zone) for edge in (days * DAY, (days + 1) * DAY))
    found = first[place]
    changing = (first != last)[place]
    slots, place = np.unique(micros[changing] // SLOT, return_inverse=True)
    found[changing] = _offsets_at(slots * SLOT, zone)[place]
    return found


def _offsets_at(micros: Micros, zone: tzinfo) -> Micros:
    naive = EPOCH.replace(tzinfo=None)
    found = [(naive + timedelta(microseconds=int(one))).replace(tzinfo=zone).utcoffset() for one in micros]
    return np.array([(one or timedelta()) // timedelta(microseconds=1) for one in found], np.int64)


def parse_time(text: str | None, zone: str = "UTC", form: str | None = None) -> datetime | None:
    """One moment, in UTC, or None."""
    if text is None:
        return None
    text = text.strip()
    for parse in _ways(form):
        try:
            moment = parse(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
            return moment.astimezone(UTC)
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def _ways(form: str | None) -> tuple[Callable[[str], datetime], ...]:
    told = (partial(_in_form, form),) if form else ()
    return (*told, _basic, _epoch, datetime.fromisoformat, _weibo, _mail, _written_out)


def _in_form(form: str, text: str) -> datetime:
    return datetime.strptime(text, form)


def _basic(text: str) -> datetime:
    if not text.isdecimal() or len(text) not in BASIC or text[:2] not in ("19", "20"):
        raise ValueError(text)
    return datetime.strptime(text, BASIC[len(text)])


def _epoch(text: str) -> datetime:
    number = to_float(text)
    if not abs(number) < LARGEST or ROUNDED.fullmatch(text):
        raise ValueError(text)
    parts = next((parts for least, parts in UNITS if abs(number) >= least), 1.0)
    if text.isdecimal():
        return EPOCH + timedelta(microseconds=int(text) * 1_000_000 // int(parts))
    return EPOCH + timedelta(seconds=number / parts)


def _weibo(text: str) -> datetime:
    return datetime.strptime(text, WEIBO)


def _mail(text: str) -> datetime:
    """RFC 2822, with the name of the day before a comma or without it."""
    if not MONTHS.search(text) or not text[-1:].isalnum() or not re.search(r"\d:\d\d\S* \S+$", text):
        raise ValueError(text)
    moment = parsedate_to_datetime(text)
    if moment.tzinfo is None and not text.endswith("-0000"):
        raise ValueError(text)
    return moment


def _written_out(text: str) -> datetime:
    """A date that begins with its year or has its month in letters; it must be whole.

    ``GMT+8`` is east of Greenwich, as people write it; dateutil reads signs after a name the other way round.
    """
    text = COMMENT.sub("", text)
    text = GREENWICH.sub(" ", _in_digits(text) if EAST_ASIAN.search(text) else text)
    if not (YEAR_FIRST.match(text) or MONTHS.search(text)) or ABBREVIATED.search(text):
        raise ValueError(text)
    defaults = (datetime(2001, 1, 1), datetime(2002, 2, 2))
    one, other = (parser.parse(text, default=default, tzinfos=_zone) for default in defaults)
    if not isinstance(one, datetime) or one != other:
        raise ValueError(text)
    return one


def _in_digits(text: str) -> str:
    """``2013年6月29日 下午4:40`` is ``2013-6-29  16:40:00``. Raises ValueError for what is no time of a day."""
    text = FULL_DATE.sub(r"\1-\2-\3 ", unicodedata.normalize("NFKC", text))
    return CLOCK.sub(_clock, WEEKDAY.sub(" ", text), count=1)


def _clock(found: re.Match[str]) -> str:
    part, *numbers = found.groups()
    clock = as_time(":".join(filter(None, numbers)), [part or ""])
    if clock is None or (part and part.casefold() not in BEFORE_NOON | AFTER_NOON):
        raise ValueError(found[0])
    return f" {clock}"


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Raises ValueError for an abbreviation, because most abbreviations mean several zones."""
    if offset is None and name is None:
        return None
    if offset is None and (name or "").upper() not in ("UTC", "GMT", "Z"):
        raise ValueError(name)
    return timezone(timedelta(seconds=offset or 0))
