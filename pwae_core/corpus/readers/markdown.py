"""Markdown as people type it on Reddit and Discord: the words that are the writer's own, without their markup."""

from __future__ import annotations

import re

MARKUP = re.compile(r"[\\`*_~^\[#>|]")
FENCE = re.compile(r"^ {0,3}```.*$", re.M)
QUOTE = re.compile(r"^ {0,3}>(?!!).*$\n?", re.M)
SPOILER = re.compile(r">!(.{1,400}?)!<|\|\|(.{1,400}?)\|\|", re.S)
ADDRESS = r"[^()\s]{0,2000}(?:\([^()\s]{0,400}\)[^()\s]{0,400})?"
LINK = re.compile(rf'!?\[([^\[\]]{{0,400}})\]\({ADDRESS}(?:\s+"[^"]{{0,400}}")?\)')
HEADING = re.compile(r"^ {0,3}#{1,6}(?=\s)", re.M)
RULE = re.compile(r"^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$", re.M)
STARS = re.compile(r"(?<![\\*~])(\*{1,3}|~~)(?![\s*~])(.{1,400}?)(?<![\s*~\\])\1(?![*~])", re.S)
STROKES = re.compile(r"(?<![\w\\])(_{1,3})(?![\s_])(.{1,400}?)(?<![\s_\\])\1(?!\w)", re.S)
RAISED = re.compile(r"\^(?:\(([^()]*)\)|(?=\w))")
ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|~^>-])")


def own_words(text: str) -> str:
    """A text without what it quotes (lines that begin with ``>``) and without the marks of Markdown.

    What a link shows stays, its address goes; what a spoiler hides stays.
    """
    if not MARKUP.search(text):
        return text
    text = SPOILER.sub(lambda found: found[1] or found[2] or "", QUOTE.sub("", text))
    text = RULE.sub("", HEADING.sub("", FENCE.sub("", text)))
    text = LINK.sub(r"\1", text).replace("`", "")
    text = STROKES.sub(r"\2", STARS.sub(r"\2", STARS.sub(r"\2", text)))
    return ESCAPED.sub(r"\1", RAISED.sub(lambda found: found[1] or "", text)).strip()
