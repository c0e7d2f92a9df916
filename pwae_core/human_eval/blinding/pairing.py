"""Two systems' responses side by side: which pairs are compared, and which system comes first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from pwae_core.errors import ConfigError, EmptyResultError
from pwae_core.human_eval.blinding.drawing import wording
from pwae_core.human_eval.blinding.placement import Item, Tokens, keyed, shuffled

SWAPPED = {1: 2, 2: 1}


def make_pairs(items: Sequence[Item], wanted: Iterable[tuple[str, str]]) -> list[Item]:
    """Pairs of the single answers: of each ``wanted`` two systems, or of every two if none are named.

    A pair whose systems say the same leaves nothing to choose, so it is left out. Raises ConfigError for fewer than two
    systems, a system that is not judged and one paired with itself; EmptyResultError if no pair is left.
    """
    systems = sorted({item.system for item in items})
    if len(systems) < 2:
        raise ConfigError(f"mode: only {', '.join(systems)} is judged; a pair takes two systems. Give another.")
    pairs = [_checked(_meant(pair, systems), systems) for pair in wanted] or list(combinations(systems, 2))
    answers: dict[str, dict[str, Item]] = {}
    for item in items:
        answers.setdefault(item.context.session_id, {})[item.system] = item
    made = [
        replace(own[one], other=two, other_response=own[two].response)
        for own in answers.values()
        for one, two in dict.fromkeys(pairs)
        if _different(own[one].response, own[two].response)
    ]
    if not made:
        raise EmptyResultError("The systems say the same everywhere: there is nothing to choose. Compare others.")
    return made


def _meant(pair: tuple[str, str], systems: Collection[str]) -> tuple[str, str]:
    """``pair``, or the two ``systems`` that ONE=OTHER names if it is split at another equals sign."""
    parts = "=".join(pair).split("=")
    splits = [("=".join(parts[:end]), "=".join(parts[end:])) for end in range(1, len(parts))]
    return next((one for one in (pair, *splits) if {*one} <= {*systems}), pair)


def _checked(pair: tuple[str, str], systems: Sequence[str]) -> tuple[str, str]:
    for system in pair:
        if system not in systems:
            raise ConfigError(f"pairs: {system!r} is not one of the systems: {', '.join(systems)}.")
    one, two = sorted(pair)
    if one == two:
        raise ConfigError(f"pairs: {one!r} cannot be compared with itself. Name two systems.")
    return one, two


def _different(one: Tokens, two: Tokens) -> bool:
    return (wording(one) or one) != (wording(two) or two)


def take_sides(shares: Sequence[Sequence[Item]], secret: str) -> list[list[Item]]:
    """Each annotator's items with sides: either system of a pair comes first equally often, give or take one item."""
    return [_sided(share, secret, annotator) for annotator, share in enumerate(shares, start=1)]


def _sided(share: Sequence[Item], secret: str, annotator: int) -> list[Item]:
    pairs: dict[tuple[str, str], list[Item]] = {}
    for item in share:
        pairs.setdefault((item.system, item.other), []).append(item)
    made: list[Item] = []
    for pair, own in pairs.items():
        start = keyed(secret, "side", annotator, *pair) % 2
        order = shuffled(own, lambda item: item.name, secret, "side", annotator)
        made += [swapped(item) if number % 2 else item for number, item in enumerate(order, start)]
    return made


def swapped(item: Item) -> Item:
    """The same pair with its sides exchanged."""
    return replace(
        item,
        system=item.other,
        response=item.other_response,
        other=item.system,
        other_response=item.response,
        expected=tuple((name, SWAPPED[answer]) for name, answer in item.expected),
    )
