"""The page: one file without outside resources. It allows only its own script and style to run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from pwae_core import __version__
from pwae_core.report.safe_html import Markup, data, join, tag

FACTS = "report-facts"
MADE_BY = "pwae report"


@dataclass(frozen=True)
class Section:
    """A chapter: ``key`` is its anchor, ``name`` its entry in the contents."""

    key: str
    name: str
    heading: str
    body: Markup


def render(
    title: str,
    lead: Markup,
    sections: Sequence[Section],
    mark: str,
    facts: object,
    kicker: str = MADE_BY,
    refresh: int = 0,
) -> bytes:
    """The whole page as UTF-8.

    ``mark`` says what it was made from, ``facts`` what the command reports about it. ``kicker`` is shown above the
    title. The page reloads itself every ``refresh`` seconds; 0 means never.
    """
    style, script = _asset("page.css"), _asset("page.js")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"pwae {__version__}"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    chapters = [tag("section", tag("h2", one.heading), one.body, id=one.key) for one in sections]
    links = [tag("a", one.name, href=f"#{one.key}") for one in sections]
    body = tag(
        "body",
        tag("header", tag("p", kicker, class_="kicker"), tag("h1", title), lead),
        tag("nav", *links, aria_label="Contents") if links else None,
        tag("main", *chapters),
        tag("footer", tag("p", f"Made by pwae {__version__}. This file contains everything and loads nothing.")),
        data(FACTS, facts),
        tag("script", Markup(script)),
        data_refresh=refresh or None,
    )
    whole = f"<!doctype html>\n<!-- {mark} -->\n{tag('html', head, body, lang='en').html}\n"
    return whole.encode()


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """The content security policy: nothing from elsewhere, and only this inline style and script, by their hashes."""
    return f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def paragraphs(*texts: str, css: str | None = None) -> Markup:
    return join([tag("p", text, class_=css) for text in texts])


def figure(drawing: Markup, *caption: Markup | str) -> Markup:
    return tag("figure", drawing, tag("figcaption", *caption))


def folded(summary: Markup | str, body: Markup) -> Markup:
    return tag("details", tag("summary", summary), body)
