"""Seeds of one system, measured one by one, as one row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pwae_core.report.system_names import Claim, distinct
from pwae_core.report.tables.averaged import Scored, mean_of


def seeds_averaged(measured: Iterable[tuple[str, Scored]]) -> list[Scored]:
    """The systems among ``measured`` (settings but the seed, scores), under names that all differ.

    Those of one name and the same settings are averaged. What was measured twice counts once.
    """
    found: dict[tuple[str, str], dict[str, Scored]] = {}
    for settings, one in measured:
        found.setdefault((one.own_name, settings), {}).setdefault(one.fingerprint, one)
    made = [mean_of(name, [*own.values()]) for (name, _), own in found.items()]
    told = distinct([Claim(one.system, one.place, one.given) for one in made])
    return [replace(one, system=name) for one, name in zip(made, told, strict=True)]
