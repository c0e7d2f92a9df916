"""The pages that are shown to readers, as blocks, and the blocks of the shell as commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")))
]
SHELL = ("", "bash", "sh")
"""A block without a language is for the shell: what is only to be looked at is ``text``."""
BEYOND = "();<>|&`$"
"""What the shell would act upon."""


@dataclass(frozen=True)
class Block:
    """``kind`` is the language of the fence; ``line`` is where it opens."""

    page: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """``out`` is the file after ``>``, or empty."""

    words: tuple[str, ...]
    out: str = ""

    def __str__(self) -> str:
        return shlex.join(self.words)


def blocks(page: str) -> list[Block]:
    return split(page, (ROOT / page).read_text(encoding="utf-8"))


def split(page: str, text: str) -> list[Block]:
    """Raises ValueError for a fence that is never closed."""
    found: list[Block] = []
    kind, start, inside = "", 0, []
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        fence = re.match(r"\s*(`{3,}|~{3,})\s*(\S*)", line)
        if not fence:
            inside.append(line)
        elif start:
            found.append(Block(page, start, kind, "".join(inside)))
            start = 0
        else:
            kind, start, inside = fence[2], number, []
    if start:
        raise ValueError(f"{page}:{start}: the block is not closed")
    return found


def commands(block: Block) -> Iterator[Command]:
    """Raises ValueError for what a shell would do and nobody here does: pipes, variables, substitutions."""
    for line in block.text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=BEYOND)
        lexer.whitespace_split = True
        words = list(lexer)
        out = ""
        if len(words) > 2 and words[-2] == ">":
            *words, _, out = words
        if any(set(word) <= set(BEYOND) for word in words if word):
            raise ValueError(f"{block}: {line!r} is more than a command with its options")
        if words:
            yield Command(tuple(words), out)
