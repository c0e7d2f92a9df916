"""Completion codes: four letters say whose sheet it is, eight that every question was answered, and how.

The page holds one number, keyed with the salt, for each possible answer to each question. The code is the sum of the
numbers of the answers given. So there is no code until every question is answered, and it fits only these answers. The
page cannot keep anybody from giving senseless answers, by hand or by program.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from pwae_core.human_eval.blinding.placement import ALPHABET, keyed, letters

SHEET_LETTERS, ANSWER_LETTERS = 4, 8
MODULUS: int = len(ALPHABET) ** ANSWER_LETTERS
GROUP = f"[{ALPHABET}]{{4}}"
DASHES = r"\-\u2010-\u2015\u2212"
CODE = re.compile(rf"(?<![\w{DASHES}])({GROUP})([{DASHES} ]?)({GROUP})\2({GROUP})(?![\w{DASHES}])", re.IGNORECASE)


def sheet_part(salt: str, annotator: int) -> str:
    """The letters that begin an annotator's codes."""
    return letters(keyed(salt, "sheet", annotator), SHEET_LETTERS).upper()


def share(salt: str, item_id: str, criterion: str, rating: int) -> int:
    """What one answer adds to the code."""
    return keyed(salt, "answer", item_id, criterion, rating) % MODULUS


def shares(salt: str, item_ids: Iterable[str], scales: Mapping[str, Sequence[int]]) -> list[list[list[int]]]:
    """The shares that the page needs: per item, per criterion, per rating of its scale."""

    def of(item: str) -> list[list[int]]:
        return [[share(salt, item, name, rating) for rating in ratings] for name, ratings in scales.items()]

    return [of(item) for item in item_ids]


def code(salt: str, annotator: int, answers: Mapping[tuple[str, str], int]) -> str:
    """The code of a complete sheet. ``answers`` are by item id and criterion."""
    total = sum(share(salt, item, name, rating) for (item, name), rating in answers.items())
    return f"{sheet_part(salt, annotator)}-{letters(total % MODULUS, ANSWER_LETTERS)}".upper()


def found_in(text: str) -> list[str]:
    """All codes in a text, each once, in the order in which they occur, written as the page shows them.

    The text may have other dashes, spaces or nothing in place of the hyphens.
    """
    found = CODE.finditer(unicodedata.normalize("NFKC", text))
    return list(dict.fromkeys("-".join(one.group(1, 3, 4)).upper() for one in found))
