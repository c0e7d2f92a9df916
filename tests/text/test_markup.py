"""HTML in texts: what a reader of the page would see, and nothing else taken for HTML."""

import html

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.text.markup import strip_markup


def plain(text: str) -> str:
    return strip_markup(pa.array([text]))[0].as_py()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('回复<a href=/n/x>@x</a>:茶<img alt="[doge]" title="[doge]" src="https://x/d.png" />', "回复@x:茶[doge]"),
        ("<span class=\"url-icon\"><img alt=[doge] src='//h5/d.png' style='width:1em;' /></span>", "[doge]"),
        ("<img src=x alt='[哈哈]'/><img alt='\U0001f602'><img alt=avatar src=y>", "[哈哈]\U0001f602 "),
        ("un<b>bel</b>ievable<BR/>true<p>new</p>", "unbelievable true new "),
        ("<A TITLE='1 > 2' HREF=x>t</A> <a href=\"x>t</a>", "t t"),
        ("a<!-- b > c -->d<script>if (1 < 2) x()</script>e<!DOCTYPE html>f", "a d e f"),
    ],
)
def test_tags(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<3 </3",
        "a < b > c",
        "x<y>z",
        "a<b>c",
        "i <s> you",
        "<<<>>>",
        "<- -> <--",
        "<@12> <:x:3> <https://a.b>",
        ">_<",
        "<",
        "a<",
    ],
)
def test_what_is_no_tag_stays(text):
    assert plain(text) == text
    assert plain(html.escape(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&gt;&LT;&Quot;&AMP;&#39;&apos;", "><\"&''"),
        ("&#60;&#x3C;&#X3c;&#0060;&#128514;", "<<<<\U0001f602"),
        ("&amp;lt;3 &amp;amp;gt; &#38;gt; &amp;#39;", "<3 > > '"),
        ("&nbsp;|&hellip;|&eacute;|&Eacute;", "\xa0|…|é|É"),
        ("&lt;br&gt;x&amp;lt;br/&amp;gt;y", " x y"),
        ("cut off &gt", "cut off >"),
        ("&lt好&gt", "<好>"),
        ("\u0645\u06cc&zwnj;\u062e so&shy;ft", "\u0645\u06cc\u200c\u062e so\xadft"),
    ],
)
def test_entities(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize("text", ["AT&T; R&D", "?a=1&copy=2&lt=3", "&nosuch;", "& ;", "&;", "&#;", "&#x;", "&notit;"])
def test_what_is_no_entity_stays(text):
    assert plain(text) == text


def test_numbers_that_are_no_characters_do_not_stop_anything():
    assert plain("&#xD800;|&#x110000;|&#0;") == "\ufffd|\ufffd|\ufffd"
    assert plain("&#" + "9" * 5000 + ";") == "&#" + "9" * 5000 + ";"


def test_texts_without_markup_are_not_touched():
    texts = pa.array(["plain", None, ""])
    assert strip_markup(texts) is texts
    assert strip_markup(pa.array([None, "<b>x</b>"])).to_pylist() == [None, "x"]


PIECES = [
    "<a ",
    "<b",
    "<b>",
    "</b>",
    "<img ",
    "alt=[x]",
    "'",
    '"',
    ">",
    "x",
    " ",
    "<!--",
    "-->",
    "<script>",
    "</script>",
]
PIECES += ["&", "amp;", "#38;", "lt;", "&gt;", "&#6", "0;", "="]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_read_twice_is_read_once(text):
    assert plain(plain(text)) == plain(text)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="&\r"), max_size=40))
def test_escaped_text_comes_back(text):
    shown = plain(text)
    assert plain(html.escape(text)) == shown
    assert plain(html.escape(html.escape(text))) == shown
