"""An annotator's sheet as rows and columns, whatever format it is written in."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pwae_core.human_eval.blinding.placement import Placed, Tokens
from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.readable_text import conversation, history, readable

INSTRUCTIONS_FILE = "INSTRUCTIONS.txt"

Shown = Mapping[str, Sequence[Tokens]]  # session id -> the responder's utterances elsewhere


@dataclass(frozen=True)
class Row:
    """What a sheet shows for one item, as display text. ``no`` counts from 1. ``other``: a pair's second response."""

    no: int
    item: str
    conversation: str
    history: str
    response: str
    other: str = ""

    def texts(self, form: Form) -> dict[str, str]:
        """The texts that the form's sheets show, by column."""
        return {name: getattr(self, name) for name in form.texts}

    def given(self, form: Form) -> dict[str, int | str]:
        return {"no": self.no, "item": self.item, **self.texts(form)}


@dataclass(frozen=True)
class Sheet:
    """The rows of one annotator (counted from 1), in order, and the form that they are filled in on."""

    annotator: int
    rows: tuple[Row, ...]
    form: Form

    @property
    def name(self) -> str:
        """The file name without its ending."""
        return f"annotator-{self.annotator}"


def make_sheets(placed: Iterable[Placed], histories: Shown, form: Form) -> list[Sheet]:
    """One sheet per annotator, rows by position."""
    marks = form.words.marks
    contexts: dict[str, tuple[str, str]] = {}
    rows: dict[int, list[Row]] = {}
    for entry in sorted(placed, key=lambda entry: (entry.annotator, entry.position)):
        item, context = entry.item, entry.item.context
        if context.session_id not in contexts:
            said = histories[context.session_id]
            contexts[context.session_id] = conversation(context, marks), history(said, marks)
        other = readable(item.other_response, marks) if item.other else ""
        texts = *contexts[context.session_id], readable(item.response, marks), other
        rows.setdefault(entry.annotator, []).append(Row(entry.position, entry.item_id, *texts))
    return [Sheet(annotator, tuple(own), form) for annotator, own in rows.items()]


def instructions_text(form: Form) -> str:
    """The instructions as plain text, in lines of at most 88 characters if the language puts spaces between words."""
    paragraphs = []
    for section in (*form.instructions, form.about_files):
        paragraphs.append(section.heading.upper())
        paragraphs += [_wrapped(paragraph) for paragraph in section.paragraphs]
        paragraphs += [f"  {one.title.upper()}\n  {one.question}\n  {one.legend}" for one in section.criteria]
    return "\r\n".join("\n\n".join(paragraphs).split("\n")) + "\r\n"


def _wrapped(paragraph: str) -> str:
    wide = any(unicodedata.east_asian_width(character) == "W" for character in paragraph)
    return paragraph if wide else textwrap.fill(paragraph, 88)
