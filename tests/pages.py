"""The pages that are shown to readers, as blocks, and the blocks of the shell as commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from repository import ROOT

PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in (*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")), *ROOT.glob("docs/**/*.md"))
]
SHELL = ("", "bash", "sh")
"""A block without a language is for the shell: what is only to be looked at is ``text``."""
BEYOND = "();<>|&`$"
"""What the shell would act upon."""


@dataclass(frozen=True)
class Block:
    """``kind`` is the language of the fence; ``line`` is where it begins."""

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
    return parse(page, (ROOT / page).read_text(encoding="utf-8"))


def parse(page: str, text: str) -> list[Block]:
    """A block that is indented, without a fence, has no language; it is there to be looked at."""
    return [
        Block(page, (one.map or [0])[0] + 1, one.info if one.type == "fence" else "text", one.content)
        for one in MarkdownIt("commonmark").parse(text)
        if one.type in ("fence", "code_block")
    ]


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
