"""What else a reader of a table needs to know, over all the scorings in it, with the page's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pwae_core.artifacts import Artifact
from pwae_core.data.responses import ResponseSet
from pwae_core.metrics.evaluation import SystemReport, notes, restored
from pwae_core.report.gather import Sources, answered

Traced = tuple[str, str | None]
"""A name, and the hash of what it stands for."""


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


def not_scored(sources: Sources, made: Sequence[Artifact], scores: str = "scores") -> list[str]:
    """A remark for each system of which ``made``, all of one kind, has the ``scores`` of other answers than those on
    the page, as if they were drawn again since.
    """
    here = [(name, one.fingerprint) for one in sources.responses for name in (one.system, _own_name(one))]
    found = _others([pair for one in made for pair in answered(one).items()], here)
    return [f"The {scores} of {name} are of other answers than those on this page. Score these too." for name in found]


def remade(sources: Sources) -> list[str]:
    """A remark for everything on the page that was made from other answers or runs than it shows."""
    kinds = (
        ("scores", sources.scores),
        ("human scores", sources.human),
        ("preferences", sources.preferences),
        ("measures of personalisation", sources.persona),
    )
    made = [(_own_name(one), sources.made_by[one.fingerprint]) for one in sources.responses if one.facts is not None]
    swapped = [pair for one in sources.persona for pair in measured(one).items()]
    runs = [(str(run.facts["system"]), run.fingerprint) for run in sources.runs]
    of = "are of another run than the one on this page"
    return [
        *(told for scores, group in kinds for told in not_scored(sources, group, scores)),
        *(f"The answers of {name} {of}. Draw answers of this one too." for name in _others(made, runs)),
        *(f"The answers of {name} as other users {of}. Measure it too." for name in _others(swapped, runs)),
    ]


def measured(persona: Artifact) -> dict[str, str | None]:
    """The hash of each run in ``persona``, by its name there."""
    inputs, runs = persona.manifest["inputs"], persona.facts.get("runs", [])
    return {one["system"]: inputs.get(f"run/{number}") for number, one in enumerate(runs)}


def _own_name(answers: ResponseSet) -> str:
    return str(answers.facts["system"]) if answers.facts else answers.system


def _others(traced: Sequence[Traced], here: Sequence[Traced]) -> list[str]:
    """The names in ``traced`` that stand for nothing that is ``here``, while something of that name here was not used.

    A name in ``traced`` may have a number, as those of several seeds do.
    """
    used, known = ({value for _, value in pairs} for pairs in (traced, here))
    unused = {name for name, value in here if value not in used}
    strange = dict.fromkeys(name for name, value in traced if value not in known)
    return [name for name in strange if {name, name.rpartition(" (")[0]} & unused]
