"""Text as Markdown: rendered, it is the text again, and nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.text.markdown import as_code, as_markdown

HOSTILE = (
    "<img src=x onerror=alert(1)> & &lt;",
    "[link](javascript:alert(1)) ![image](x)",
    "*a* _b_ `c` **d** {: onclick=x }",
    "# heading",
    "- item",
    "+ item",
    "1. item",
    "12. item",
    "2026) item",
    "> quoted",
    "a|b",
    "\\ and \\*",
)


def rendered(text: str) -> str:
    return markdown.markdown(text, extensions=["tables", "attr_list"])


@pytest.mark.parametrize("text", HOSTILE)
def test_a_paragraph_shows_the_text(text: str) -> None:
    assert rendered(as_markdown(text)) == f"<p>{html.escape(text, quote=False)}</p>"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_shows_the_text(text: str) -> None:
    shown = rendered(f"| {as_markdown(text)} | x |\n|---|---|\n| y | z |")
    assert re.findall(r"<t[hd]>(.*?)</t[hd]>", shown) == [html.escape(text, quote=False), "x", "y", "z"]


@given(st.text(alphabet="ab1.)(<>&`*_-+#=[]{}|\\!:\n ", max_size=20))
def test_no_text_becomes_an_element(text: str) -> None:
    assert set(re.findall(r"<(\w+)", rendered(f"x {as_markdown(text)} x"))) == {"p"}


def test_code_cannot_be_left() -> None:
    assert rendered(as_code("a`<b>\nc")) == "<p><code>a'&lt;b&gt; c</code></p>"


@pytest.mark.parametrize("shown", [as_markdown, as_code])
def test_nothing_in_it_is_obeyed_by_a_terminal_or_turns_the_text_around(shown: Callable[[str], str]) -> None:
    assert "\ufffd" in shown("a \x1b[31m b")
    assert shown("a\u202eb\x07c").strip("`") == "a\ufffdb\ufffdc"
    assert shown("a\tb\r\nc").strip("`") == "a b c"
