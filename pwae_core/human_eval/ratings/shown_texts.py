"""Whether a text that came back is the one that was sent out, whatever programs did to it on the way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property

from pwae_core.human_eval.ratings.text_table import ENCODINGS, WESTERN

UNIFIED = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)
CARRIAGE_RETURN = re.compile("_x000d_", re.IGNORECASE)  # as workbooks write it
MISREAD = ("cp1252", "latin-1", "gb18030")  # encodings that UTF-8 is mistaken for
POORER = ("ascii", "cp1252", "mac_roman", "gbk", "big5", "cp932", "cp949", "cp1251")
"""Encodings that a text may be saved in; characters that they lack become "?"."""


class ShownTexts:
    """The texts in one column of the sheets, by item id."""

    def __init__(self, shown: Mapping[str, str]) -> None:
        self.shown = shown
        self._all = {_spaced(text) for text in shown.values()}

    def is_of(self, item_id: str, value: object) -> bool:
        """Whether ``value`` is the item's text, or empty.

        Spaces, line ends, Unicode forms, quotation marks, dashes, capitals and the CSV's apostrophe may have changed,
        and letters may have been lost to another encoding, mark for mark or several to a mark. The text of another item
        never counts; nor does one whose marks fit another item letter by letter, and this one only roughly.
        """
        found = str("" if value is None else value)
        shown = self.shown[item_id]
        if not found.strip() or _spaced(found) == _spaced(shown):
            return True
        if _spaced(found) in self._all:
            return False
        ours, wanted = _plain(found), _plain(shown)
        if ours in (wanted, f"'{wanted}") or f"'{ours}" == wanted:
            return True
        if shown.isascii():
            return False
        images = _images(shown)
        if _marked(found) in images:
            return True
        roughly = _merged(_marked(found)) in {_merged(image) for image in images}
        return roughly and _marked(found) not in self._images

    @cached_property
    def _images(self) -> set[str]:
        """What damage makes of any text."""
        return {image for text in set(self.shown.values()) for image in _images(text)}


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", CARRIAGE_RETURN.sub("", text)).casefold().translate(UNIFIED)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))


def _marked(text: str) -> str:
    """``text`` with a question mark for each character that was lost."""
    return _plain(text).replace("\ufffd", "?").removeprefix("'")


def _merged(marked: str) -> str:
    """With one mark for all that were lost next to each other: programs differ in how many they write."""
    return re.sub(r"\?+", "?", marked)


def _images(text: str) -> set[str]:
    """``text`` as damage may leave it, marked."""
    return {_marked(image) for image in _damaged(text)}


def _damaged(text: str) -> Iterator[str]:
    """``text`` as it looks after a program has read it in the wrong encoding, or saved it in a poorer one."""
    for encoding in MISREAD:
        yield text.encode("utf-8", "replace").decode(encoding, "ignore")
        yield text.encode("utf-8", "replace").decode(encoding, "replace")
    for encoding in POORER:
        saved = text.encode(encoding, "replace")
        for read in (encoding, *ENCODINGS, WESTERN):
            yield saved.decode(read, "replace")
