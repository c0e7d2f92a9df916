"""An annotator's sheet, whatever format it is written in: its rows and its columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pwae_core.human_eval.blinding.placement import Placed, Tokens
from pwae_core.human_eval.sheets.questions import CRITERIA, INSTRUCTIONS, SHEETS
from pwae_core.human_eval.sheets.readable_text import conversation, history, readable

ITEM = "item"
TEXTS = ("conversation", "history", "response")
GIVEN = ("no", ITEM, *TEXTS)
RATED = tuple(criterion.name for criterion in CRITERIA)
REMARK = "comment"
COLUMNS = (*GIVEN, *RATED, REMARK)
INSTRUCTIONS_FILE = "INSTRUCTIONS.txt"

Shown = Mapping[str, Sequence[Tokens]]  # session id -> what the responder has said elsewhere


@dataclass(frozen=True)
class Row:
    """What is given of one item, as display text; ``no`` counts from 1."""

    no: int
    item: str
    conversation: str
    history: str
    response: str


@dataclass(frozen=True)
class Sheet:
    annotator: int
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The file name without its ending."""
        return f"annotator-{self.annotator}"


def make_sheets(placed: Iterable[Placed], histories: Shown) -> list[Sheet]:
    """One sheet per annotator, rows by position."""
    contexts: dict[str, tuple[str, str]] = {}
    rows: dict[int, list[Row]] = {}
    for entry in sorted(placed, key=lambda entry: (entry.annotator, entry.position)):
        context = entry.item.context
        if context.session_id not in contexts:
            contexts[context.session_id] = conversation(context), history(histories[context.session_id])
        row = Row(entry.position, entry.item_id, *contexts[context.session_id], readable(entry.item.response))
        rows.setdefault(entry.annotator, []).append(row)
    return [Sheet(annotator, tuple(own)) for annotator, own in rows.items()]


def instructions_text() -> str:
    """The instructions as a plain text file, lines of at most 88 characters."""
    paragraphs = []
    for section in (*INSTRUCTIONS, SHEETS):
        paragraphs.append(section.heading.upper())
        paragraphs += [textwrap.fill(paragraph, 88) for paragraph in section.paragraphs]
        paragraphs += [f"  {one.name.upper()}\n  {one.question}\n  {one.legend}" for one in section.criteria]
    return "\r\n".join("\n\n".join(paragraphs).split("\n")) + "\r\n"
