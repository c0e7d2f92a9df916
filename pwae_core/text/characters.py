"""Characters: the ranges that cleaning uses, and one form for what looks the same.

The ranges are written out, so they mean the same in every engine and every version of Python.
"""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

WHITE = "\\t-\\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
COMPOSED_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002f7ff\U00030000-\U0003ffff"  # without those that NFC replaces
INVISIBLE = (
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e001f\U000e0080-\U000e0fff]"
)

# A text without any of these is NFC as it is: Latin, punctuation, Kana, Han, Hangul, and most emoji are left out.
UNLIKE_NFC = (
    "[^\x00-\u02ff\u2010-\u20cf\u3000-\u3029\u3030-\u3098\u309b-\u30ff\u3400-\u9fff\uac00-\ud7a3\ufe0e\ufe0f\uff00-\uffef"
    "\U0001f000-\U0001faff]"
)

PICTURES = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2767\u2794-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    "\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e"
    "\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f1ad-\U0001f1ff\U0001f201-\U0001f20f\U0001f21a\U0001f22f"
    "\U0001f232-\U0001f23a\U0001f23c-\U0001f23f\U0001f249-\U0001faff"
)
SELECTORS = "\ufe0e\ufe0f"
TAGS = "\U000e0020-\U000e007f"
JOINERS = "\u200c\u200d"
KEYCAP = f"[0-9#*][{SELECTORS}]*\u20e3"
PART = f"[{PICTURES}{SELECTORS}{TAGS}\u20e3]"
EMOJI = f"{KEYCAP}|{PART}(?:\u200d?{PART})*"

# Scripts whose words are spelt with joiners: Arabic, Syriac, those of India, Myanmar, Khmer, Mongolian, and others.
JOINING = (
    "\u0610-\u061a\u0620-\u0669\u066e-\u06d3\u06d5-\u06ff\u0710-\u077f\u07ca-\u07f5\u0840-\u085b\u0860-\u0963\u0966-\u096f"
    "\u0971-\u0df3\u1000-\u1049\u1050-\u109d\u1780-\u17b3\u17b6-\u17d3\u17e0-\u17e9\u180b-\u180d\u180f-\u18aa"
    "\u1a20-\u1aad\u1b00-\u1b59\u1b80-\u1bf3\u1c00-\u1c37\u1cd0-\u1cfa\ua840-\ua873\ua880-\ua8cd\ua8d0-\ua8fd"
    "\ua980-\ua9c0\ua9cf-\uaa7f\uaae0-\uaaef\uabc0-\uabf9\U00010ac0-\U00010aef\U00010d00-\U00010d39"
    "\U00010f30-\U00010f54\U00011000-\U00011fff\U0001e900-\U0001e959"
)
VIRAMAS = (
    "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u1039\u103a\u17d2\u1a60\u1b44\u1baa\u1bab"
    "\ua8c4\ua953\ua9c0\uaaf6\uabed\U00011046\U000110b9\U00011133\U000111c0\U00011235\U0001134d\U00011442\U000114c2"
    "\U000115bf\U0001163f\U000116b6"
)
SPELT = f"[{JOINING}\\w]"
IN_WORDS = (
    f"(?:(?<=[{JOINING}])(?=[{JOINERS}]+{SPELT})|(?<={SPELT})(?=[{JOINERS}]+[{JOINING}])|(?<=[{VIRAMAS}])(?=\u200d))"
)
PICTURE = f"[{PICTURES}][{SELECTORS}\u20e3]*"
MEANT_OR_STRAY = re.compile(
    f"({KEYCAP}|\U0001f3f4[{TAGS}]+|{PICTURE}(?:\u200d{PICTURE})*)|{IN_WORDS}([{JOINERS}])[{JOINERS}]*"
    f"|[{JOINERS}{SELECTORS}{TAGS}]"
)


def normalise(texts: pa.Array) -> pa.Array:
    """Unicode's NFC: one spelling for é, whether it came as one character or as e with an accent."""
    found = pc.fill_null(pc.match_substring_regex(texts, UNLIKE_NFC), False)
    if not pc.any(found).as_py():
        return texts
    composed = [unicodedata.normalize("NFC", text) for text in texts.filter(found).to_pylist()]
    return pc.replace_with_mask(texts, found, pa.array(composed, pa.string()))


def strip_invisible(texts: pa.Array) -> pa.Array:
    """Removes invisible characters without a trace: control characters, zero-width spaces, soft hyphens, byte-order and
    direction marks, variation selectors, tags; and joiners (``strip_strays``), except in words.
    """
    return strip_strays(pc.replace_substring_regex(texts, pattern=INVISIBLE, replacement=""))


def strip_strays(texts: pa.Array) -> pa.Array:
    """Keeps joiners inside words of scripts that are spelt with them, one of each run; in emoji, selectors too."""
    found = pc.fill_null(pc.match_substring_regex(texts, f"[{JOINERS}{SELECTORS}{TAGS}]"), False)
    if not pc.any(found).as_py():
        return texts
    kept = [MEANT_OR_STRAY.sub(_meant, text) for text in texts.filter(found).to_pylist()]
    return pc.replace_with_mask(texts, found, pa.array(kept, pa.string()))


def _meant(found: re.Match[str]) -> str:
    return found[1] or found[2] or ""
