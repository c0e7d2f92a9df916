"""Completion codes that annotators hand in: whose they are, and whether they fit the sheets that came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pwae_core.human_eval.blinding.codes import code, sheet_part
from pwae_core.human_eval.ratings.gathering import Gathered
from pwae_core.human_eval.ratings.key import Key

FITS = "fits the sheet"
OTHER = "from answers other than those of the sheet"
UNFINISHED = "the sheet is not finished"
UNKNOWN = "of no sheet of this export"


@dataclass(frozen=True)
class Verified:
    """A code and its verdict. ``annotator`` is None if the code belongs to nobody."""

    code: str
    annotator: int | None
    verdict: str


def codes_of(key: Key, gathered: Gathered) -> dict[int, str]:
    """The code of the answers that came back, by annotator; none for an incomplete sheet or an export without codes."""
    own: dict[int, dict[tuple[str, str], int | None]] = {}
    for item in key.items:
        answers = own.setdefault(item.annotator, {})
        answers |= {(item.item_id, name): gathered.ratings.get((item.item_id, name)) for name in key.form.rated}
    whole = {
        annotator: {cell: rating for cell, rating in answers.items() if rating is not None}
        for annotator, answers in own.items()
        if None not in answers.values()
    }
    return {annotator: code(key.salt, annotator, answers) for annotator, answers in whole.items()} if key.salt else {}


def verify(handed_in: Iterable[str], key: Key, codes: Mapping[int, str]) -> list[Verified]:
    """Compares each code handed in with the ``codes`` of the sheets that came back."""
    owners = {sheet_part(key.salt, item.annotator): item.annotator for item in key.items} if key.salt else {}
    made = []
    for one in handed_in:
        annotator = owners.get(one[:4])
        own = codes.get(annotator) if annotator else None
        verdict = UNKNOWN if annotator is None else UNFINISHED if own is None else FITS if own == one else OTHER
        made.append(Verified(one, annotator, verdict))
    return made
