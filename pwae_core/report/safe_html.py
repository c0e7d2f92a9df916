"""HTML that data cannot break: text is escaped wherever it is inserted, and can never be anything but text.

Characters that would reverse the text around them are replaced.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass

from pwae_core.human_eval.sheets.readable_text import visible
from pwae_core.text.inert import inert
from pwae_core.text.tokenize import is_cjk

CUT = " […]"
VOID = frozenset({"meta", "input", "br", "hr", "link"})


@dataclass(frozen=True)
class Markup:
    """HTML that this package wrote itself. A plain string is always treated as text."""

    html: str


Child = Markup | str | None


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """``<name>`` around ``children``. ``class_`` is class, ``data_x`` data-x. True: no value; None: left out."""
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(children).html}</{name}>")


def join(children: Iterable[Child]) -> Markup:
    """All ``children`` in a row, without those that are None."""
    return Markup("".join(escape(child) for child in children if child is not None))


def escape(child: Markup | str) -> str:
    """``child`` as HTML: markup unchanged, text escaped."""
    if isinstance(child, Markup):
        return child.html
    return html.escape(inert(child).encode("utf-8", "replace").decode("utf-8"), quote=True)


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def data(identifier: str, value: object) -> Markup:
    """A block of JSON for the page's own script. Nothing in ``value`` can end the block."""
    shown = json.loads(inert(json.dumps(value, ensure_ascii=False, allow_nan=False)))
    text = json.dumps(shown, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(f'<script type="application/json" id="{identifier}">{text}</script>')


def short(text: str, limit: int) -> str:
    """``text`` on one line without invisible characters: at most ``limit`` characters, then a mark if it was cut."""
    shown = visible(text[: 4 * limit])
    return shown if len(shown) <= limit and len(text) <= 4 * limit else shown[:limit].rstrip() + CUT


def said(text: str, limit: int, name: str = "bdi") -> Markup:
    """Somebody's words: shortened, with their own direction, and Chinese marked as such so that its fonts are used."""
    shown = short(text, limit)
    return tag(name, shown or "(empty)", dir="auto", lang="zh" if is_cjk(shown) else None)
