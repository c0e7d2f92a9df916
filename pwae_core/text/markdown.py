"""Text as Markdown."""

from __future__ import annotations

import html
import re

from pwae_core.text.inert import inert

SPECIAL = re.compile(r"([\\`*_{}\[\]|~$]|^[#+-])")
"""What means something inside a line, and at its start."""
NUMBERED = re.compile(r"^(\d+)([.)])")


def as_markdown(text: str) -> str:
    """``text`` as one line of Markdown that shows it and does nothing else, in the cell of a table too."""
    shown = SPECIAL.sub(r"\\\1", html.escape(_on_one_line(text), quote=False))
    return NUMBERED.sub(r"\1\\\2", shown)


def as_code(text: str) -> str:
    """``text`` as one line of code; its backquotes become single quotes."""
    return f"`{_on_one_line(text.replace('`', chr(39)))}`"


def _on_one_line(text: str) -> str:
    return inert(" ".join(text.split()))
