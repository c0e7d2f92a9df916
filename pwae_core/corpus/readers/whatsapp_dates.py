"""What the dates of a WhatsApp chat mean. The phone chose the order; it is inferred from the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise

Numbers = tuple[int, int, int]  # of a date, as written
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day-first", "month-first", "year-first"
ORDERS: dict[str, Callable[[Numbers], Numbers]] = {
    DAY_FIRST: lambda found: (found[2], found[1], found[0]),
    MONTH_FIRST: lambda found: (found[2], found[0], found[1]),
    YEAR_FIRST: lambda found: found,
}
ENOUGH = 0.99


def order_of(dates: Sequence[Numbers], separator: str) -> str | None:
    """Which of ``ORDERS`` the chronological dates of a chat have; None if they do not settle it.

    A leading year of four digits decides, then a number that cannot be a month, then an order in which time would run
    backwards; with dots the day comes first.
    """
    if sum(found[0] > 99 for found in dates) >= ENOUGH * len(dates):
        return YEAR_FIRST
    readings = {order: [as_date(found, order) for found in dates] for order in ORDERS}
    order = _likely(readings, separator)
    years_first = [day for day in readings[YEAR_FIRST] if day]
    if order and len(years_first) == len(dates) and _ascends(years_first) and not _ascends(readings[order]):
        return YEAR_FIRST
    return order


def _likely(readings: Mapping[str, Sequence[date | None]], separator: str) -> str | None:
    """Whether the day or the month comes first. Texts that are not dates in either order are ignored."""
    valid = {order: sum(map(bool, readings[order])) for order in (DAY_FIRST, MONTH_FIRST)}
    known = sum(map(any, zip(*(readings[order] for order in valid), strict=True)))
    likely = [order for order, count in valid.items() if count and count >= ENOUGH * known]
    if len(likely) == 2 and valid[DAY_FIRST] != valid[MONTH_FIRST]:
        return max(likely, key=lambda order: valid[order])
    if len(likely) == 2 and separator == ".":
        return DAY_FIRST
    if len(likely) == 2:
        likely = [order for order in likely if _ascends(readings[order])]
    return likely[0] if len(likely) == 1 else None


def as_date(found: Numbers, order: str) -> date | None:
    """The day that the numbers of a date give in an order; None if there is no such day."""
    year, month, day = ORDERS[order](found)
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except (ValueError, OverflowError):
        return None


def _ascends(days: Sequence[date | None]) -> bool:
    return all(first <= second for first, second in pairwise(day for day in days if day))
