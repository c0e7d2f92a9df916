"""HTML in texts: tags and entities, as crawlers leave them.

Only elements and entities that exist count as HTML: ``<3``, ``a < b``, ``x<y>z`` stay.
"""

from __future__ import annotations

import html
import html.entities
import re
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.text.characters import EMOJI

INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|nobr|q|s|samp|small|span|strike"
    "|strong|sub|sup|time|tt|u|var|wbr"
)
OTHER = (
    "address|article|aside|audio|base|blockquote|body|br|button|canvas|caption|center|col|colgroup|dd|details|dialog"
    "|div|dl|dt|embed|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|img|input"
    "|legend|li|link|main|map|meta|nav|noscript|object|ol|optgroup|option|p|param|path|picture|pre|progress|rp|rt|ruby"
    "|script|section|select|source|style|summary|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|track|ul|video"
)
ATTRIBUTES = r"""(?:[\s/](?:(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>|[^<>]*+>)|>)"""
UNSEEN = re.compile(
    r"<!--(?:(?!<!--).)*?-->|<(script|style)(?:\s[^<>]*)?>(?:(?!<\1).)*?</\1\s*>|<(?:!doctype|\?xml)\b[^<>]*>",
    re.I | re.S,
)
TAG = re.compile(rf"<(/?)(?:({INLINE})|(?:{OTHER})){ATTRIBUTES}", re.I)
CODE = re.compile(rf"""^<img\s.*?\balt\s*=\s*["']?(\[[^][<>"']{{1,20}}\]|(?:{EMOJI})+)["'\s/>]""", re.I | re.S)
BARE = re.compile("<[bisuq]>", re.I)  # <b> without </b> may well be a comparison: a<b>c
CLOSED = re.compile("</([bisuq])>", re.I)
ENTITY = re.compile(
    r"&(?:(?:amp|#0*38|#x0*26);)*(?:(#0*\d{1,7}|#x0*[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});|(lt|gt|amp|quot|nbsp)(?![a-z0-9_=;]))",
    re.I,
)
BASIC = frozenset({"lt", "gt", "amp", "quot", "apos", "nbsp"})
ROUNDS = 5  # escaped twice is two rounds


def strip_markup(texts: pa.Array) -> pa.Array:
    """HTML as a reader sees it: ``<a href=/n/x>@x</a>&gt;`` is ``@x>``; an emoticon's image is its code, ``[doge]``.

    Text that was escaped twice, including tags, is unescaped fully.
    """
    found = pc.fill_null(pc.match_substring_regex(texts, "[<&]"), False)
    if not pc.any(found).as_py():
        return texts
    return pc.replace_with_mask(texts, found, pa.array(map(_plain, texts.filter(found).to_pylist()), pa.string()))


def _plain(text: str) -> str:
    for _ in range(ROUNDS):
        before, text = text, ENTITY.sub(_character, _without_tags(text))
        if text == before:
            break
    return text


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = UNSEEN.sub(" ", text)
    return TAG.sub(partial(_instead, frozenset(CLOSED.findall(text.lower()))), text)


def _instead(closed: frozenset[str], tag: re.Match[str]) -> str:
    """What replaces a tag: nothing for an inline element, an emoticon's code, or a space."""
    if tag[2]:
        return tag[0] if BARE.fullmatch(tag[0]) and tag[2].lower() not in closed else ""
    code = CODE.match(tag[0])
    return code[1] if code else " "


def _character(entity: re.Match[str]) -> str:
    """The character that an entity names, in any letter case; anything else stays as it is."""
    name = entity[1] or entity[2]
    if name.startswith("#"):
        return html.unescape(f"&{name};")
    low = name.lower()
    known = html.entities.html5
    return known.get(f"{low if low in BASIC else name};") or known.get(f"{low};") or entity[0]
