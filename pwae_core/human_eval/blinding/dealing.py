"""From the items to every annotator's sheet: shares, attention checks, sides of pairs, order, ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.human_eval.blinding.assignment import assign
from pwae_core.human_eval.blinding.checks import make_checks
from pwae_core.human_eval.blinding.pairing import take_sides
from pwae_core.human_eval.blinding.placement import Item, Placed, Tokens, place


def deal(
    items: Sequence[Item], shown: Mapping[str, Sequence[Tokens]], config: HumanEvalConfig, secret: str
) -> list[Placed]:
    """All sheets. ``shown`` are the histories by session id. Raises ConfigError if the settings ask for too much."""
    dealt = assign(items, config.annotators, config.raters_each, config.together, secret)
    shares = [
        share + make_checks(share, shown, config.checks, config.mode, secret, annotator)
        for annotator, share in enumerate(dealt, start=1)
    ]
    return place(take_sides(shares, secret) if config.mode == "pairs" else shares, config.repeats, secret)
