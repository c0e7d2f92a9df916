"""The documentation site: every page is on it, every link on it leads somewhere, and nothing comes from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import pwae_core
from pwae_core.text.vocabulary import SPECIALS

pytest.importorskip("mkdocs", reason="the generator is not installed: pip install --group docs")
ROOT = Path(__file__).parents[2]
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
"""Where an element names what a browser loads by itself."""
COMES_FROM_OUTSIDE = re.compile(r"(?:https?:)?//")


class Page(HTMLParser):
    """``loaded``: what a browser loads for the page; ``ids``: what a link can lead to; ``tags``: the elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: set[str] = set()
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.ids.add(given.get("id") or "")
        self.loaded.add(given.get(LOADS.get(tag, "")) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as strictly as ``mkdocs.yml`` says: a dead link or a page without a place is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "INFO" in built.stderr  # if it were told to be quiet, it would not count warnings as errors
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path.relative_to(site): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_lists_are_those_that_a_checkout_shows(site: Path) -> None:
    """The generator takes what is indented by less than four spaces out of its list."""
    for page in ROOT.glob("docs/**/*.md"):
        kinds = [token.type for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))]
        name = "index" if page.stem == "README" else page.stem
        shown = (site / page.relative_to(ROOT / "docs").with_name(f"{name}.html")).read_text(encoding="utf-8")
        article = shown[shown.index("<article") : shown.index("</article>")]
        if "::: " not in page.read_text(encoding="utf-8"):
            lists = [article.count(f"<{tag}>") for tag in ("ul", "ol", "li")]
            told = [kinds.count(f"{kind}_open") for kind in ("bullet_list", "ordered_list", "list_item")]
            assert lists == told, page


def test_every_page_is_on_the_site(pages: dict[Path, Page]) -> None:
    names = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in ROOT.glob("docs/**/*.md")}
    assert {name.with_name("index.html") if name.stem == "README" else name for name in names} <= pages.keys()


def test_nothing_comes_from_outside(site: Path, pages: dict[Path, Page]) -> None:
    loaded = {one for page in pages.values() for one in page.loaded}
    assert any(one.endswith(".css") for one in loaded)
    assert [one for one in loaded if COMES_FROM_OUTSIDE.match(one)] == []
    assert not any("mermaid" in page.read_text(encoding="utf-8") for page in ROOT.glob("docs/**/*.md"))
    for sheet in site.rglob("*.css"):
        named = re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s]*)""", sheet.read_text(encoding="utf-8"))
        assert [one for one in named if COMES_FROM_OUTSIDE.match(one)] == []


def test_the_reference_explains_every_public_name(pages: dict[Path, Page]) -> None:
    shown = pages[Path("python-reference.html")].ids
    assert [name for name in pwae_core.__all__ if f"pwae_core.{name}" not in shown] == []


def test_no_token_of_a_text_became_an_element(pages: dict[Path, Page]) -> None:
    tokens = {token.strip("</>") for token in SPECIALS}
    assert {name: page.tags & tokens for name, page in pages.items() if page.tags & tokens} == {}
