"""Clocks of twelve hours and of 24, with the words for the parts of a day in many languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import time

BEFORE_NOON = {"am", "ص", "πμ", "上午", "早上", "凌晨", "清晨", "오전", "午前", "sa", "pg"}
AFTER_NOON = {"pm", "م", "μμ", "下午", "中午", "晚上", "오후", "午後", "ch", "ptg"}
AROUND_NOON = {"中午"}
"""From eleven o'clock on."""


def as_time(clock: str, marks: Sequence[str]) -> time | None:
    """``9:41`` or ``21.41.07`` as a time; AM and PM among the words around it (``marks``) count, in any language."""
    hour, minute, second = (*(int(part) for part in re.split("[:.]", clock)), 0)[:3]
    words = {_bare(mark) for mark in marks}
    if hour <= 12 and words & (BEFORE_NOON | AFTER_NOON) and not (hour == 11 and words & AROUND_NOON):
        hour = hour % 12 + (12 if words & AFTER_NOON else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


def _bare(mark: str) -> str:
    """A word without dots, spaces and accents, in lower case: ``p. m.`` is ``pm``."""
    return "".join(one for one in unicodedata.normalize("NFC", mark).casefold() if one.isalpha())
