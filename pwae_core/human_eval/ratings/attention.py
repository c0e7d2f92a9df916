"""Who has looked at the items: the attention checks of each annotator, and who is left out for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pwae_core.config.human_eval import HumanEvalScoreConfig
from pwae_core.grammar import counted
from pwae_core.human_eval.ratings.gathering import Gathered
from pwae_core.human_eval.ratings.key import KeyItem


@dataclass(frozen=True)
class Attention:
    """Of one annotator's ``checks``, those ``answered`` in full and, of these, those ``passed``.

    ``failed``: the share that was passed is below the threshold. Who has answered none cannot fail.
    """

    annotator: int
    checks: int
    answered: int
    passed: int
    failed: bool


def attention(key: Iterable[KeyItem], gathered: Gathered, threshold: float) -> list[Attention]:
    """Everybody whose sheet has checks."""
    own: dict[int, list[KeyItem]] = {}
    for item in key:
        if item.expected:
            own.setdefault(item.annotator, []).append(item)
    made = []
    for annotator, items in own.items():
        given = [{name: gathered.ratings.get((item.item_id, name)) for name in item.expected} for item in items]
        answered = [pair for pair in zip(given, items, strict=True) if None not in pair[0].values()]
        passed = sum(found == item.expected for found, item in answered)
        failed = bool(answered) and passed / len(answered) < threshold
        made.append(Attention(annotator, len(items), len(answered), passed, failed))
    return made


def judged(key: Iterable[KeyItem], found: Iterable[Attention], exclude: bool) -> list[KeyItem]:
    """The items that the results rest on: no checks, and with ``exclude`` nothing of who failed them."""
    left_out = {one.annotator for one in found if one.failed} if exclude else set()
    return [item for item in key if not item.expected and item.annotator not in left_out]


def notes(found: Sequence[Attention], config: HumanEvalScoreConfig) -> list[str]:
    """A line about each annotator who failed."""
    what = "Left out." if config.exclude_inattentive else "Their ratings count; --exclude-inattentive leaves them out."
    return [
        f"Annotator {one.annotator} passed {one.passed} of {counted(one.answered, 'attention check')}, "
        f"less than {config.check_threshold:.0%}. {what}"
        for one in found
        if one.failed
    ]
