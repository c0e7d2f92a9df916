"""Names on the page: systems with the same name are told apart by the parts of their paths that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Claim:
    """A ``name`` for ``path``. A name ``given`` by the user takes precedence over names from files."""

    name: str
    path: Path
    given: bool = False


def distinct(claims: Sequence[Claim]) -> list[str]:
    """The names, all different: ``PersonaWAE (table4)`` if several are called ``PersonaWAE``."""
    names: list[str] = []
    for claim in claims:
        told = name = _told(claim, [other for other in claims if other.name == claim.name and other != claim])
        number = 1
        while told in names:
            number += 1
            told = f"{name} ({number})"
        names.append(told)
    return names


def _told(claim: Claim, rivals: Sequence[Claim]) -> str:
    unrivalled = claim.given and not any(rival.given for rival in rivals)
    part = distinguishing(claim.path, [rival.path for rival in rivals])
    return claim.name if unrivalled or not rivals or not part else f"{claim.name} ({part})"


def apart(paths: Sequence[Path]) -> list[str]:
    """What distinguishes each of ``paths``, for a title; empty if there is only one."""
    told = distinct([Claim("", path) for path in paths])
    return [name.strip(" ()") if len(paths) > 1 else "" for name in told]


def distinguishing(path: Path, others: Iterable[Path]) -> str:
    """The shortest run of path components that no other path has (the last of several), or "" if there is none."""
    own, strange = _components(path), [_components(other) for other in others]
    for length in range(1, len(own) + 1):
        for run in reversed(_runs(own, length)):
            if not any(run in _runs(other, length) for other in strange):
                return "/".join(run)
    return ""


def _components(path: Path) -> tuple[str, ...]:
    return path.resolve().parts[1:]


def _runs(components: tuple[str, ...], length: int) -> list[tuple[str, ...]]:
    return [components[start : start + length] for start in range(len(components) - length + 1)]
