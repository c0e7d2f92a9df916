"""Which contexts are judged: drawn so that no item's context shows what another item's response says.

Windows of one conversation overlap: the real response to one is an utterance in the context of the next. If both were
judged, annotators could tell a real response by finding it elsewhere in the sheet. So every text shown beside an item
(its context here, its history in ``histories.py``) is kept apart from every judged response.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.errors import EmptyResultError
from pwae_core.grammar import counted
from pwae_core.human_eval.blinding.candidates import Candidate, make_items
from pwae_core.human_eval.blinding.placement import GROUND_TRUTH, Item, shuffled


@dataclass(frozen=True)
class Drawn:
    """The candidates to judge and their items. ``common`` counts the contexts that all systems answer.

    The other numbers count those of them that cannot be judged, by reason.
    """

    chosen: tuple[Candidate, ...]
    items: tuple[Item, ...]
    common: int
    without_history: int
    without_reference: int
    overlapping: int

    @property
    def responses(self) -> set[str]:
        """The judged responses, each as its ``wording``."""
        return _wordings(item.response for item in self.items)


@dataclass(frozen=True)
class _Texts:
    """A candidate and its items, with the wordings of what it shows and of what its items say."""

    candidate: Candidate
    items: tuple[Item, ...]
    shown: set[str]
    said: set[str]


def wording(tokens: Sequence[str]) -> str:
    """The letters, marks and numbers of a text in one normal form; if it has none, its punctuation and symbols."""
    text = unicodedata.normalize("NFKC", "".join(tokens)).casefold()
    kinds = [(character, unicodedata.category(character)[0]) for character in text]
    spoken = any(kind in "LN" for _, kind in kinds)
    return "".join(character for character, kind in kinds if kind in ("LMN" if spoken else "PS"))


def _wordings(texts: Iterable[Sequence[str]]) -> set[str]:
    return {wording(text) for text in texts} - {""}


def draw(found: Sequence[Candidate], speak: Iterable[str], config: HumanEvalConfig, secret: str) -> Drawn:
    """``config.contexts`` of the candidates. ``speak`` are the ids of the users who have a history.

    Raises EmptyResultError if fewer contexts can be judged, and InputError if a system has no response to a candidate.
    """
    speaking = set(speak)
    silent = [one for one in found if config.history and one.context.user_id not in speaking]
    unanswered = [one for one in found if config.ground_truth and not one.references]
    left_out = {one.context.session_id for one in (*silent, *unanswered)}
    judged = [_texts(one, config, secret) for one in found if one.context.session_id not in left_out]
    apart = _kept_apart(_preferred(judged, secret))
    overlapping = len(judged) - len(apart)
    if len(apart) < config.contexts:
        reasons = (
            (len(silent), "have a responder without history"),
            (len(unanswered), "have no real response"),
            (overlapping, "would show a judged response, or are answered with what another shows"),
        )
        why = "".join(f", {count:,} {reason}" for count, reason in reasons if count)
        other = ", or use --no-ground-truth" if config.ground_truth and (unanswered or overlapping) else ""
        raise EmptyResultError(
            f"Only {counted(len(apart), 'context')} can be judged, {config.contexts:,} were asked for: all systems "
            f"answer {len(found):,}{why}. Lower --contexts{other}."
        )
    chosen = apart[: config.contexts]
    return Drawn(
        tuple(one.candidate for one in chosen),
        tuple(item for one in chosen for item in one.items),
        common=len(found),
        without_history=len(silent),
        without_reference=len(unanswered),
        overlapping=overlapping,
    )


def _texts(one: Candidate, config: HumanEvalConfig, secret: str) -> _Texts:
    items = make_items(one, config, secret)
    return _Texts(one, items, _wordings(one.context.utterances), _wordings(item.response for item in items))


def _preferred(judged: Iterable[_Texts], secret: str) -> list[_Texts]:
    """In random order, with preferences: first contexts that show no system's response, then one per conversation.

    Otherwise a context that shows a dull utterance would keep out all contexts that a dull system answers with it, and
    that system would be judged by its better answers alone.
    """
    judged = shuffled(judged, lambda one: (one.candidate.context.session_id,), secret, "contexts")
    said = _wordings(item.response for one in judged for item in one.items if item.system != GROUND_TRUTH)
    before: Counter[str] = Counter()
    ranked = []
    for one in judged:
        conversation = one.candidate.context.conversation_id
        ranked.append((not one.shown.isdisjoint(said), before[conversation]))
        before[conversation] += 1
    return [one for _, one in sorted(zip(ranked, judged, strict=True), key=lambda pair: pair[0])]


def _kept_apart(order: Iterable[_Texts]) -> list[_Texts]:
    """Takes one after another, unless it shows what those already taken say, or says what they or it show."""
    taken: list[_Texts] = []
    shown: set[str] = set()
    said: set[str] = set()
    for one in order:
        if one.said.isdisjoint(one.shown) and one.said.isdisjoint(shown) and one.shown.isdisjoint(said):
            taken.append(one)
            shown |= one.shown
            said |= one.said
    return taken
