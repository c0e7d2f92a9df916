"""Which contexts are judged: drawn so that no item's context shows what another item's response says.

Windows of one conversation overlap: the real response to one is an utterance in the context of the next. Where both
are judged, a response that occurs elsewhere in the sheet is a real one. So every text that is shown beside an item (its
context here, its history in ``histories.py``) is kept apart from every response that is judged.
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
    """The candidates that are judged and their items; how many common contexts could be judged, and why not more."""

    chosen: tuple[Candidate, ...]
    items: tuple[Item, ...]
    common: int
    without_history: int
    without_reference: int
    overlapping: int

    @property
    def responses(self) -> set[str]:
        """What the judged responses say, as ``wording``."""
        return _wordings(item.response for item in self.items)


@dataclass(frozen=True)
class _Texts:
    """A candidate, its items, and the wordings of what it shows and of what its items say."""

    candidate: Candidate
    items: tuple[Item, ...]
    shown: set[str]
    said: set[str]


def wording(tokens: Sequence[str]) -> str:
    """The letters and digits of a text, however it is written; its signs where it has neither."""
    text = unicodedata.normalize("NFKC", "".join(tokens)).casefold()
    kinds = [(character, unicodedata.category(character)[0]) for character in text]
    spoken = any(kind in "LN" for _, kind in kinds)
    return "".join(character for character, kind in kinds if kind in ("LMN" if spoken else "PS"))


def _wordings(texts: Iterable[Sequence[str]]) -> set[str]:
    return {wording(text) for text in texts} - {""}


def draw(found: Sequence[Candidate], speak: Iterable[str], config: HumanEvalConfig, secret: str) -> Drawn:
    """``config.contexts`` of the candidates; ``speak`` are the ids of the users that have a history.

    Raises EmptyResultError when fewer can be judged.
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
    """In a random order, but first those that show nothing that a system says to anybody, and one per conversation.

    Otherwise a context that shows a dull utterance would keep out all those that a dull system answers with it, and
    the system would be judged by its better answers.
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
    """One after the other, those that neither show what the ones taken say nor say what they show."""
    taken: list[_Texts] = []
    shown: set[str] = set()
    said: set[str] = set()
    for one in order:
        if one.said.isdisjoint(one.shown) and one.said.isdisjoint(shown) and one.shown.isdisjoint(said):
            taken.append(one)
            shown |= one.shown
            said |= one.said
    return taken
