"""What else a reader of a table needs to know, over all the scorings in it, with the page's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pwae_core.artifacts import Artifact
from pwae_core.metrics.evaluation import SystemReport, notes, restored


def remarks(group: Sequence[Artifact], names: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """The notes of ``pwae evaluate``, as if it had scored all systems at once.

    ``names`` maps the names in each of ``group`` to the page's. Notes about contexts left out are kept unchanged.
    """
    systems: dict[str, SystemReport] = {}
    kept: list[str] = []
    for scores, known in zip(group, names, strict=True):
        found = restored(scores.facts, None, standing=True)
        own = _notes(scores, found.systems)
        kept += [_renamed(note, known) for note in found.notes if note not in own]
        for one in found.systems:
            name = known.get(one.system, one.system)
            systems.setdefault(name, replace(one, system=name))
    return tuple(dict.fromkeys([*kept, *_notes(group[0], list(systems.values()))]))


def _renamed(note: str, known: Mapping[str, str]) -> str:
    """``note`` with the page's name, if it begins with that of a system."""
    label = max((name for name in known if note.startswith(f"{name}: ")), key=len, default=None)
    return note if label is None else known[label] + note.removeprefix(label)


def _notes(scores: Artifact, systems: Sequence[SystemReport]) -> list[str]:
    with_vectors = "embeddings" in scores.manifest["inputs"]
    return notes(systems, scores.facts["contexts"], {}, with_vectors=with_vectors)
