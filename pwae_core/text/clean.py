"""Cleaning: what is removed from raw text before it counts as an utterance.

Every step is a pure function over an Arrow array of strings. What a step removes leaves a space behind, so two pieces
never join into something new, and no pattern but HTML's allows white space inside. Cleaning twice is therefore the same
as cleaning once. The patterns write their ranges out, so they mean the same in every engine; none needs look-around.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.text.characters import COMPOSED_HAN, EMOJI, HAN, WHITE, normalise, strip_invisible, strip_strays
from pwae_core.text.markup import strip_markup

Cleaner = Callable[[pa.Array], pa.Array]

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
LATIN = "[A-Za-z0-9,.!?'\"()’“”-]+"
PLAIN = f"^[{COMPOSED_HAN}0-9，。！？、；,.!?~～]*$|^{LATIN}(?: {LATIN})*$"
SPOKEN = "网页链接|查看图片|图片评论|回[复復]|[转轉快]|(?i:www[.]|^repost)"
CONTENT = r"[\pL\pN]"
WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
MARKS = (
    f"^[{WHITE}]*(?:(?:转发微博|轉發微博|快转微博|快轉微博|(?i:repost)|回复|回復)[{WHITE}。.!！,，]*)+$|"
    f"^[{WHITE}【】「」『』《》〈〉〔〕/]+$"
)


def _blank(texts: pa.Array, pattern: str, blank: str = " ") -> pa.Array:
    return pc.replace_substring_regex(texts, pattern=pattern, replacement=blank)


def strip_emoji(texts: pa.Array) -> pa.Array:
    """Unicode emoji with their joiners, flags, keycaps and skin tones; digits, ``#`` and ``*`` alone stay."""
    return _blank(texts, EMOJI)


def strip_links(texts: pa.Array) -> pa.Array:
    """Web addresses, including those cut off after ``http:``, and Weibo's ``O网页链接`` in place of one."""
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
    """``//@name:...`` to the end, which is what others wrote."""
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
    """Texts that are only 转发微博, 快转微博, Repost or 回复, or what a title or chain leaves: brackets, ``//``."""
    return _blank(texts, MARKS)


def squeeze_spaces(texts: pa.Array) -> pa.Array:
    """Every run of white space becomes one space; none at the ends."""
    return pc.utf8_trim(_blank(texts, f"[{WHITE}]+"), characters=" ")


def narrow_widths(texts: pa.Array) -> pa.Array:
    """Full-width letters, digits and punctuation in their usual form: ``ＡＢＣ１２３！`` is ``ABC123!``."""
    wide = pc.fill_null(pc.match_substring_regex(texts, "[\uff01-\uff5e]"), False)
    if not pc.any(wide).as_py():
        return texts
    narrow = [text.translate(WIDE) for text in texts.filter(wide).to_pylist()]
    return pc.replace_with_mask(texts, wide, normalise(pa.array(narrow, pa.string())))


def lower(texts: pa.Array) -> pa.Array:
    """Lower case, in which an accent may be a separate character where it was not in capitals."""
    return normalise(pc.utf8_lower(texts))


def tidy(texts: pa.Array) -> pa.Array:
    """What is always done, whatever steps are chosen: one form of every character, none invisible, single spaces."""
    return squeeze_spaces(normalise(strip_invisible(texts)))


TIDY = "white space"
LOWERCASE = "lowercase"
CLEANERS: dict[str, Cleaner] = {
    "html": strip_markup,
    TIDY: tidy,
    LOWERCASE: lower,
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


def steps(names: Sequence[str], lowercase: bool = False) -> list[str]:
    """The cleaners of the steps ``names``, in the order in which they run."""
    wanted = {*names, TIDY, *([LOWERCASE] if lowercase else [])}
    return [name for name in CLEANERS if name in wanted]


def clean(texts: pa.Array, names: Sequence[str], lowercase: bool = False) -> pa.Array:
    """Runs the steps ``names`` in the order of ``CLEANERS``; white space and invisible characters are always
    normalised.

    Idempotent, except for ``html`` if another step uncovers a tag. A text of which nothing is left becomes the empty
    string. Texts that consist only of Chinese characters or English words, digits and common punctuation, in which no
    step can find anything, are skipped.
    """
    chosen = steps(names, lowercase)
    if "widths" in names or lowercase:
        return _clean(texts, chosen)
    plain = pc.and_not(pc.match_substring_regex(texts, PLAIN), pc.match_substring_regex(texts, SPOKEN))
    rest = pc.invert(pc.fill_null(plain, False))
    return pc.replace_with_mask(texts, rest, _clean(texts.filter(rest), chosen))


def _clean(texts: pa.Array, chosen: Sequence[str]) -> pa.Array:
    for name in chosen:
        texts = CLEANERS[name](texts)
    return squeeze_spaces(strip_strays(texts))


def is_bare(texts: pa.Array) -> pa.Array:
    """True for a text without a letter or digit, which cleaning may leave of ``回复@name:[doge]！``."""
    return pc.invert(pc.match_substring_regex(texts, CONTENT))
