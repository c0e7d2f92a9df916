"""Cleaning: what is removed from raw text before it counts as an utterance.

Every step is a pure function over an Arrow array of strings. What a step removes leaves a space behind, so that two
pieces never join into something new, and no pattern allows white space inside: cleaning twice is cleaning once. The
patterns write their ranges out, so that they mean the same in every engine; none needs look-around.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

Cleaner = Callable[[pa.Array], pa.Array]

WHITE = "\\t-\\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
INVISIBLE = (
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
PICTURES = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2767\u2794-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    "\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e"
    "\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f1ad-\U0001f1ff\U0001f201-\U0001f20f\U0001f21a\U0001f22f"
    "\U0001f232-\U0001f23a\U0001f23c-\U0001f23f\U0001f249-\U0001faff"
)
JOINERS = "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f"
EMOJI = f"[0-9#*][\ufe0e\ufe0f]*\u20e3|[{PICTURES}{JOINERS}]+"
CODES = "doge|dog|ok|no|good|cool|kiss|vs|lol|emm|cry|love"
BRACKETS = f"\\[(?:(?i:{CODES})|[A-Za-z0-9]{{0,8}}[{HAN}][{HAN}A-Za-z0-9·]{{0,11}})\\]"
URL = "[A-Za-z0-9./?&=_~%+:@-]*"
LINKS = f"(?i:https?:{URL}|www\\.[a-z0-9-]+\\.{URL})|O?网页链接"
IMAGES = "查看图片|图片评论"
REPLIES = f"回[复覆][@＠][^{WHITE}:：@＠/]{{1,40}}[:：]"
REPOSTS = "(?s)//[@＠].*"
MENTIONS = f"[@＠][A-Za-z0-9_·{HAN}-]{{1,40}}[:：]?"
TITLES = "【[^】]*】"
TOPICS = "#[^#]{1,60}#"
PLAIN = f"^[{HAN}0-9，。！？、；,.!?~～]*$"
SPOKEN = "网页链接|查看图片|图片评论|回[复復]|[转轉快]"
CONTENT = r"[\pL\pN]"
WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
MARKS = (
    f"^[{WHITE}]*(?:(?:转发微博|轉發微博|快转微博|快轉微博|(?i:repost)|回复|回復)[{WHITE}。.!！,，]*)+$|"
    f"^[{WHITE}【】「」『』《》〈〉〔〕/]+$"
)


def _blank(texts: pa.Array, pattern: str, blank: str = " ") -> pa.Array:
    return pc.replace_substring_regex(texts, pattern=pattern, replacement=blank)


def strip_invisible(texts: pa.Array) -> pa.Array:
    """Control characters, zero-width spaces, byte-order marks, direction marks: gone without a trace."""
    return _blank(texts, INVISIBLE, "")


def strip_emoji(texts: pa.Array) -> pa.Array:
    """Unicode emoji with their joiners, flags, keycaps and skin tones; digits, ``#`` and ``*`` alone stay."""
    return _blank(texts, EMOJI)


def strip_links(texts: pa.Array) -> pa.Array:
    """Web addresses, also cut off after ``http:``, and Weibo's ``O网页链接`` that stands for one."""
    return _blank(texts, LINKS)


def strip_images(texts: pa.Array) -> pa.Array:
    """Weibo's words in place of a picture: 查看图片, 图片评论."""
    return _blank(texts, IMAGES)


def strip_brackets(texts: pa.Array) -> pa.Array:
    """Weibo's bracket emoticons: ``[哈哈]``, ``[doge]``; brackets around other Latin words or numbers stay."""
    return _blank(texts, BRACKETS)


def strip_replies(texts: pa.Array) -> pa.Array:
    """``回复@name:`` before an answer."""
    return _blank(texts, REPLIES)


def strip_reposts(texts: pa.Array) -> pa.Array:
    """``//@name:...``: from there on it is what others wrote."""
    return _blank(texts, REPOSTS)


def strip_mentions(texts: pa.Array) -> pa.Array:
    """``@name``."""
    return _blank(texts, MENTIONS)


def strip_topics(texts: pa.Array) -> pa.Array:
    """``#topic#`` with its topic; a single ``#`` stays."""
    return _blank(texts, TOPICS)


def strip_titles(texts: pa.Array) -> pa.Array:
    """``【title】`` with its title."""
    return _blank(texts, TITLES)


def strip_marks(texts: pa.Array) -> pa.Array:
    """A text of nothing but 转发微博, 快转微博, Repost or 回复, or what a title or chain leaves: brackets, ``//``."""
    return _blank(texts, MARKS)


def squeeze_spaces(texts: pa.Array) -> pa.Array:
    """Every run of white space is one space; none at the ends."""
    return pc.utf8_trim(_blank(texts, f"[{WHITE}]+"), characters=" ")


def narrow_widths(texts: pa.Array) -> pa.Array:
    """Full-width letters, digits and punctuation in their usual form: ``ＡＢＣ１２３！`` is ``ABC123!``."""
    wide = pc.fill_null(pc.match_substring_regex(texts, "[\uff01-\uff5e]"), False)
    if not pc.any(wide).as_py():
        return texts
    narrow = [text.translate(WIDE) for text in texts.filter(wide).to_pylist()]
    return pc.replace_with_mask(texts, wide, pa.array(narrow, pa.string()))


CLEANERS: dict[str, Cleaner] = {
    "widths": narrow_widths,
    "emoji": strip_emoji,
    "brackets": strip_brackets,
    "links": strip_links,
    "images": strip_images,
    "replies": strip_replies,
    "reposts": strip_reposts,
    "mentions": strip_mentions,
    "titles": strip_titles,
    "topics": strip_topics,
    "marks": strip_marks,
}


def clean(texts: pa.Array, names: Sequence[str], lowercase: bool = False) -> pa.Array:
    """The steps ``names`` in the order of ``CLEANERS``; white space and invisible characters put right in any case.

    Idempotent. A text of which nothing is left becomes the empty string. Texts of nothing but Chinese characters,
    digits and common punctuation, in which no step finds anything, are passed by.
    """
    if "widths" in names:
        return _clean(texts, names, lowercase)
    plain = pc.and_not(pc.match_substring_regex(texts, PLAIN), pc.match_substring_regex(texts, SPOKEN))
    rest = pc.invert(pc.fill_null(plain, False))
    return pc.replace_with_mask(texts, rest, _clean(texts.filter(rest), names, lowercase))


def _clean(texts: pa.Array, names: Sequence[str], lowercase: bool) -> pa.Array:
    texts = tidy(texts, lowercase)
    for name, cleaner in CLEANERS.items():
        if name in names:
            texts = cleaner(texts)
    return squeeze_spaces(texts)


def tidy(texts: pa.Array, lowercase: bool = False) -> pa.Array:
    """What is done whatever steps are chosen."""
    texts = squeeze_spaces(strip_invisible(texts))
    return pc.utf8_lower(texts) if lowercase else texts


def is_bare(texts: pa.Array) -> pa.Array:
    """True where a text holds neither a letter nor a digit: what cleaning may leave of ``回复@name:[doge]！``."""
    return pc.invert(pc.match_substring_regex(texts, CONTENT))
