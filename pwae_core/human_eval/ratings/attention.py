"""Who paid attention: each annotator's attention checks, and whose ratings are left out because of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pwae_core.config.human_eval import HumanEvalScoreConfig
from pwae_core.grammar import counted
from pwae_core.human_eval.ratings.gathering import Gathered
from pwae_core.human_eval.ratings.key import KeyItem


@dataclass(frozen=True)
class Attention:
    """How many of an annotator's ``checks`` were ``answered`` in full, and how many of those were ``passed``.

    ``failed``: the share passed of those answered is below the threshold. Whoever answered none cannot fail.
    """

    annotator: int
    checks: int
    answered: int
    passed: int
    failed: bool


def attention(key: Iterable[KeyItem], gathered: Gathered, threshold: float) -> list[Attention]:
    """One entry for each annotator whose sheet has checks."""
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
    """The items that the results are based on: no checks and, with ``exclude``, none of annotators who failed them."""
    left_out = {one.annotator for one in found if one.failed} if exclude else set()
    return [item for item in key if not item.expected and item.annotator not in left_out]


def notes(found: Sequence[Attention], config: HumanEvalScoreConfig) -> list[str]:
    """One line for each annotator who failed."""
    what = "Left out." if config.exclude_inattentive else "Their ratings count; --exclude-inattentive leaves them out."
    return [
        f"Annotator {one.annotator} passed {one.passed} of {counted(one.answered, 'attention check')}, "
        f"less than {config.check_threshold:.0%}. {what}"
        for one in found
        if one.failed
    ]
