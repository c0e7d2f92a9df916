"""Tokens as the text that annotators read, made the same way for every system and for the ground truth.

Invisible characters are removed, because they could tell systems apart, break a spreadsheet or reverse nearby text:
control characters, byte order marks, tags, direction marks, lone surrogates. Text with right-to-left letters is wrapped
in an isolate, so that its direction does not affect its surroundings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pwae_core.human_eval.blinding.placement import Context
from pwae_core.human_eval.sheets.words import Marks, filled_in
from pwae_core.text.tokenize import detokenise

CELL = 32_000  # UTF-16 units; a spreadsheet cell holds 32,767
CUT = " […]"
JOINERS = "\u200c\u200d"  # Persian and emoji need them
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def readable(tokens: Sequence[str], marks: Marks, limit: int = CELL) -> str:
    """One utterance on one line of at most ``limit`` UTF-16 units, with a mark if it was cut or is empty."""
    text = visible(detokenise(tokens)) or marks.empty
    return _isolated(_cut(text, limit - len(CUT) - 2))


def visible(text: str) -> str:
    """``text`` on one line, without invisible characters."""
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or not _hidden(c))
    return " ".join(kept.split()).strip(JOINERS + " ")


def _hidden(character: str) -> bool:
    if character in JOINERS:
        return False
    code = ord(character)
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _cut(text: str, limit: int) -> str:
    if utf16_units(text) <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore").rstrip() + CUT


def utf16_units(text: str) -> int:
    """The length of ``text`` as spreadsheets count it."""
    return len(text.encode("utf-16-le")) // 2


def _isolated(text: str) -> str:
    if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text):
        return ISOLATE + text + END_ISOLATE
    return text


def conversation(context: Context, marks: Marks) -> str:
    """The context, one line per utterance with its speaker (A, B, ...), and a last line saying who responds."""
    known = [speaker for speaker in [*context.speakers, context.user_id] if speaker]
    names = {"": "–"} | {user: _letter(number) for number, user in enumerate(dict.fromkeys(known))}
    limit = CELL // (len(context.utterances) + 1) - 8
    pairs = zip(context.speakers, context.utterances, strict=True)
    lines = [f"{names[speaker]}: {readable(utterance, marks, limit)}" for speaker, utterance in pairs]
    return "\n".join([*lines, filled_in(marks.responds, speaker=names[context.user_id])])


def _letter(number: int) -> str:
    turn, letter = divmod(number, len(LETTERS))
    return LETTERS[letter] + (str(turn + 1) if turn else "")


def history(utterances: Sequence[Sequence[str]], marks: Marks) -> str:
    """The responder's utterances, one per line; a mark if there are none."""
    if not utterances:
        return marks.nothing
    limit = CELL // len(utterances) - 3
    return "\n".join(f"• {readable(utterance, marks, limit)}" for utterance in utterances)
