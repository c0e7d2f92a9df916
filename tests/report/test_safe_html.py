"""Text is text wherever it is put in."""

from __future__ import annotations

import json
import re

from pwae_core.report.safe_html import Markup, data, join, said, short, tag

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> & \"quoted\" 'too'"


def test_children_and_attributes_are_escaped() -> None:
    made = tag("p", HOSTILE, title=HOSTILE).html
    assert re.findall(r"<[^>]*>", made) == [re.match(r"<p [^>]*>", made)[0], "</p>"]  # type: ignore[index]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made
    assert "&#x27;too&#x27;" in made


def test_only_markup_passes_and_nothing_is_left_out_in_silence() -> None:
    assert tag("b", Markup("<i>x</i>"), None, "<").html == "<b><i>x</i>&lt;</b>"
    assert join(["a", None, Markup("<br>")]).html == "a<br>"


def test_attribute_names_and_flags() -> None:
    made = tag("input", class_="a b", data_n=3, disabled=True, hidden=False, id=None)
    assert made.html == '<input class="a b" data-n="3" disabled>'


def test_json_cannot_end_its_block_and_reads_back() -> None:
    made = data("people", [HOSTILE, "\u2028 <!-- 你好 \u202e😀"]).html
    body = re.fullmatch(r'<script type="application/json" id="people">(.*)</script>', made)
    assert body
    assert not re.search("[<>&\u2028]", body[1])
    assert json.loads(body[1]) == [HOSTILE, "\ufffd <!-- 你好 \ufffd😀"]


def test_what_shows_nothing_goes_and_long_texts_are_cut() -> None:
    assert short("a\u202eb\x00c\n d\ufeff", 10) == "abc d"
    assert short("x" * 40_000, 5) == "xxxxx […]"
    assert short("abcde", 5) == "abcde"


def test_what_turns_its_neighbours_around_is_replaced() -> None:
    assert tag("p", "a\u202eb\x9bc", title="\u2066").html == '<p title="\ufffd">a\ufffdb\ufffdc</p>'


def test_lone_surrogates_do_not_stop_a_page() -> None:
    assert tag("p", "a\ud800b").html == "<p>a?b</p>"


def test_words_have_their_own_direction_and_chinese_its_language() -> None:
    assert said("你好", 9).html == '<bdi dir="auto" lang="zh">你好</bdi>'
    assert said("\u202e", 9).html == '<bdi dir="auto">(empty)</bdi>'
