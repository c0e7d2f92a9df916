"""Who judges what: every item has equally many annotators, and every annotator gets an equal share of everything.

This is an incomplete block design, made greedily. Each unit goes to the annotators who have the fewest of its kind so
far, so their loads of a kind never differ by more than one. Ties go first to those who have the fewest items in all,
then to those who have shared the fewest units with the annotators already chosen, so that everybody is compared with
everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pwae_core.errors import ConfigError
from pwae_core.grammar import counted
from pwae_core.human_eval.blinding.placement import Item, keyed, shuffled

Unit = tuple[Item, ...]


def assign(items: Sequence[Item], annotators: int, raters: int, together: bool, secret: str) -> list[list[Item]]:
    """Each annotator's items. Every item is in exactly ``raters`` of the lists, or in all of them if there are fewer.

    ``together``: whoever judges one answer to a context judges all of them. Otherwise each answer is dealt by itself,
    and every annotator gets equally many of each system. Raises ConfigError if an annotator would get no items.
    """
    if raters >= annotators:
        return [list(items) for _ in range(annotators)]
    shares: list[list[Item]] = [[] for _ in range(annotators)]
    shared: Counter[tuple[int, int]] = Counter()
    kinds = _kinds(items, together)
    for units in kinds.values():
        loads = [0] * annotators
        for unit in shuffled(units, _name, secret, "assign"):
            ties = [keyed(secret, "rater", one, *_name(unit)) for one in range(annotators)]
            chosen = _chosen(loads, shares, shared, raters, ties)
            for one in chosen:
                loads[one] += 1
                shares[one] += unit
                shared.update((one, other) for other in chosen)
    if not all(shares):
        number = sum(map(len, kinds.values()))
        dealt = counted(number, "context" if together else "item")
        raise ConfigError(
            f"annotators: {annotators} are too many: {dealt} for {counted(raters, 'annotator')} each are enough for "
            f"{number * raters}. Lower it, or raise raters or contexts."
        )
    return shares


def _kinds(items: Sequence[Item], together: bool) -> Mapping[object, list[Unit]]:
    """The units to deal, grouped by kind: everybody gets an equal share of each kind."""
    units: dict[str, list[Item]] = {}
    kinds: dict[object, list[Unit]] = {}
    for item in items:
        units.setdefault(item.context.session_id, []).append(item)
    if together:
        return {"": [tuple(own) for own in units.values()]}
    for item in sorted(items, key=lambda item: item.name):
        kinds.setdefault(item.name[1:], []).append((item,))
    return kinds


def _name(unit: Unit) -> Sequence[str]:
    return unit[0].name if len(unit) == 1 else unit[0].name[:1]


def _chosen(
    loads: Sequence[int],
    shares: Sequence[Sequence[Item]],
    shared: Mapping[tuple[int, int], int],
    raters: int,
    ties: Sequence[int],
) -> list[int]:
    chosen: list[int] = []
    for _ in range(raters):
        rest = (one for one in range(len(loads)) if one not in chosen)
        chosen.append(
            min(rest, key=lambda one: (loads[one], len(shares[one]), sum(shared[one, c] for c in chosen), ties[one]))
        )
    return chosen
