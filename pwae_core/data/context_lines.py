"""Contexts to answer, one JSON object per line, in the shape that ``pwae prompts`` writes.

    context           list of strings or of token lists, oldest first
    user_id           string, who answers                                 (optional; nobody in particular)
    context_user_ids  list of strings, who says each context utterance    (optional; every other one is the answerer's)
    session_id        string: goes back with the answer, and seeds it     (optional; the context seeds it)
    samples           how many answers                                    (optional)

Other columns are ignored. Strings are cleaned and tokenised as the corpus was; token lists are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pwae_core.config.prompts import MOST_SAMPLES
from pwae_core.data.json_rows import parsed, string, strings, utterances
from pwae_core.data.typed_context import alternating, tokens_of
from pwae_core.data.untrained import NOBODY
from pwae_core.errors import InputError

LONGEST_LINE = 1 << 20
MOST_UTTERANCES = 100


@dataclass(frozen=True)
class Asked:
    """A line. ``speakers``: who said each utterance. They and ``samples`` are None if the line does not say."""

    where: str
    session_id: str | None
    user_id: str
    context: tuple[str | list[str], ...]
    speakers: tuple[str, ...] | None
    samples: int | None

    def own(self, answerer: str) -> tuple[bool, ...]:
        """Whether each utterance is the answerer's own: what the line's user said, if it names one."""
        if self.speakers is None:
            return alternating(len(self.context))
        who = answerer if self.user_id == NOBODY else self.user_id
        return tuple(speaker == who for speaker in self.speakers)


def read_line(line: bytes, where: str, *, first: bool) -> Asked | None:
    """What a line asks for; None for a blank one. Raises InputError with file, line and column."""
    row = parsed(line, where, first=first, longest=LONGEST_LINE)
    if row is None:
        return None
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected a JSON object, got {type(row).__name__}.")
    context = _context(row, where)
    user_id, session_id = row.get("user_id"), row.get("session_id")
    return Asked(
        where,
        None if session_id is None else string(session_id, where, "session_id"),
        NOBODY if user_id is None else string(user_id, where, "user_id"),
        tuple(context),
        _speakers(row, where, len(context)),
        _samples(row.get("samples"), where),
    )


def _context(row: Mapping[str, Any], where: str) -> list[str | list[str]]:
    if row.get("context") is None:
        raise InputError(f"{where}: context is missing. Every line needs a list of utterances, oldest first.")
    context = utterances(row["context"], where, "context")
    if not context:
        raise InputError(f"{where}: context is empty. Give one utterance or more.")
    if len(context) > MOST_UTTERANCES:
        raise InputError(f"{where}: context: {len(context):,} utterances. Keep the last {MOST_UTTERANCES} at most.")
    return context


def _speakers(row: Mapping[str, Any], where: str, turns: int) -> tuple[str, ...] | None:
    if row.get("context_user_ids") is None:
        return None
    speakers = strings(row["context_user_ids"], where, "context_user_ids")
    if len(speakers) != turns:
        raise InputError(f"{where}: context_user_ids: {len(speakers)} for {turns} utterances. Name one for each.")
    return tuple(speakers)


def _samples(value: object, where: str) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and 1 <= value <= MOST_SAMPLES):  # type: ignore[operator]
        raise InputError(f"{where}: samples: expected a whole number from 1 to {MOST_SAMPLES:,}, got {value!r:.40}.")
    return value  # type: ignore[return-value]


def tokenised(lines: Sequence[Asked], preprocess: Mapping[str, Any]) -> list[list[list[str]] | InputError]:
    """The tokens of each line's context, all in one call of the tokenizer. A line with an utterance that is empty, or
    empty after cleaning, gets an InputError instead.
    """
    texts = [utterance for line in lines for utterance in line.context if isinstance(utterance, str)]
    tokens = iter(tokens_of(texts, preprocess))
    return [_filled(line, [next(tokens) if isinstance(u, str) else u for u in line.context]) for line in lines]


def _filled(line: Asked, context: list[list[str]]) -> list[list[str]] | InputError:
    empty = next((number for number, tokens in enumerate(context, 1) if not tokens), None)
    if empty is None:
        return context
    return InputError(f"{line.where}: context: nothing is left of utterance {empty} after cleaning. Write some words.")
