"""No page has a dead link: files are in the repository, anchors are headings, paths that pages name exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pages import PAGES
from repository import ROOT, files

ROOMS = "benchmarks|docs|examples|pwae_cli|pwae_core|tests"
PATH = re.compile(rf"(?<![\w./-])(?:{ROOMS})/[\w./-]*")
HISTORY = "CHANGELOG.md"
"""Names paths as they were."""


@cache
def existing() -> frozenset[str]:
    """Every file of the repository and every folder that holds one."""
    return frozenset(str(one) for file in map(PurePosixPath, files()) for one in (file, *file.parents))


@cache
def tokens(page: str) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text(encoding="utf-8")))


def inline(page: str) -> Iterator[Token]:
    for token in tokens(page):
        yield from token.children or (token,)


def slug(heading: Token) -> str:
    """The anchor that GitHub gives a heading: lower case, without punctuation, hyphens for spaces."""
    text = "".join(one.content for one in heading.children or () if one.type in ("text", "code_inline"))
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


@cache
def anchors(page: str) -> frozenset[str]:
    found: list[str] = []
    for before, heading in zip(tokens(page), tokens(page)[1:], strict=False):
        if before.type == "heading_open":
            times = found.count(name := slug(heading))
            found += [name, f"{name}-{times}"] if times else [name]
    return frozenset(found)


def links(page: str) -> list[str]:
    """The targets of the page's links and images that do not leave the repository."""
    named = [str(one.attrs.get("href") or one.attrs.get("src") or "") for one in inline(page)]
    return [one for one in named if one and not urlsplit(one).scheme]


def problem(page: str, target: str) -> str:
    parts = urlsplit(target)
    beside = PurePosixPath(page).parent
    file = normpath(str(beside / unquote(parts.path))) if parts.path else page
    if file not in existing():
        return "no such file"
    if parts.fragment and parts.fragment not in anchors(file):
        return f"no such heading of {file}"
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page: str) -> None:
    assert {link: told for link in links(page) if (told := problem(page, link))} == {}


@pytest.mark.parametrize("page", PAGES)
def test_links_by_reference_are_defined(page: str) -> None:
    """One without a definition stays in the text, with its brackets."""
    said = [one.content for one in inline(page) if one.type == "text"]
    assert [text for text in said if re.search(r"\]\[|^\[[^\]]+\]:", text)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != HISTORY])
def test_paths_of_the_repository_exist(page: str) -> None:
    code = [one.content for one in inline(page) if one.type in ("code_inline", "fence", "code_block")]
    named = {path.rstrip("/.") for text in code for path in PATH.findall(text) if "NAME" not in path}
    assert named - existing() == set()


def test_dead_links_are_seen() -> None:
    assert problem("docs/systems/README.md", "../training.md#training-for-longer") == ""
    assert problem("docs/systems/README.md", "training.md") == "no such file"
    assert problem("README.md", "docs/training.md#no-such") == "no such heading of docs/training.md"
    assert slug(MarkdownIt().parse("## `pwae report`, w_c & *you*")[1]) == "pwae-report-w_c--you"
