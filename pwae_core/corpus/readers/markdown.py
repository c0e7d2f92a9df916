"""Markdown as people type it on Reddit and Discord: the writer's own words, without markup."""

from __future__ import annotations

import re

ADDRESS = r"[^()\s]{0,2000}(?:\([^()\s]{0,400}\)[^()\s]{0,400})?"
STARS = re.compile(r"(?<![\\*~])(\*{1,3}|~~)(?![\s*~])(.{1,400}?)(?<![\s*~\\])\1(?![*~])", re.S)
STROKES = re.compile(r"(?<![\w\\])(_{1,3})(?![\s_])(.{1,400}?)(?<![\s_\\])\1(?!\w)", re.S)
STEPS = (
    (">", re.compile(r"^ {0,3}>(?!!).*$\n?", re.M), ""),  # quoted lines
    (">!", re.compile(r">!(.{1,400}?)!<", re.S), r"\1"),  # what a spoiler hides
    ("||", re.compile(r"\|\|(.{1,400}?)\|\|", re.S), r"\1"),
    ("```", re.compile(r"^ {0,3}```.*$", re.M), ""),  # the fences of code
    ("#", re.compile(r"^ {0,3}#{1,6}(?=\s)", re.M), ""),  # headings
    ("*", re.compile(r"^ {0,3}(?:\*\s*){3,}$", re.M), ""),  # rules across the page
    ("---", re.compile(r"^ {0,3}-{3,}\s*$", re.M), ""),
    ("](", re.compile(rf'!?\[([^\[\]]{{0,400}})\]\({ADDRESS}(?:\s+"[^"]{{0,400}}")?\)'), r"\1"),  # what a link shows
    ("`", re.compile("`"), ""),
    ("*", STARS, r"\2"),  # emphasis
    ("*", STARS, r"\2"),  # within emphasis
    ("~~", STARS, r"\2"),
    ("_", STROKES, r"\2"),
    ("^", re.compile(r"\^(?:\(([^()]*)\)|(?=\w))"), r"\1"),  # raised
    ("\\", re.compile(r"\\([\\`*_{}\[\]()#+.!|~^>-])"), r"\1"),
)
"""Each pattern with characters without which it cannot match."""


def own_words(text: str) -> str:
    """A text without quotations (lines that begin with ``>``) and Markdown markup.

    The text of a link stays and its address is removed; hidden spoiler text stays.
    """
    for sign, pattern, shown in STEPS:
        if sign in text:
            text = pattern.sub(shown, text)
    return text.strip()
