"""Systems to compare: read, checked against one corpus and its vectors, and aligned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pwae_core import artifacts
from pwae_core.artifacts import Artifact
from pwae_core.data.responses import (
    Alignment,
    Named,
    ResponseSet,
    align,
    complete,
    first_samples,
    only_real,
    read_responses,
    with_references,
)
from pwae_core.errors import InputError


@dataclass(frozen=True)
class Comparable:
    """Systems with the same contexts in the same order, each with a fixed number of samples, and what was read with
    them.

    ``groups`` maps each system to its sets: one, or several seeds of it.
    """

    aligned: Alignment
    embeddings: Artifact | None
    corpus: Artifact | None
    groups: Mapping[str, Sequence[str]]

    @property
    def inputs(self) -> dict[str, str]:
        """The fingerprint of everything read, for an artifact's plan."""
        inputs = {f"responses/{one.system}": one.fingerprint for one in self.aligned.sets}
        known = (("corpus", self.corpus), ("embeddings", self.embeddings))
        return inputs | {name: one.fingerprint for name, one in known if one}


def gather(
    responses: Sequence[Named],
    *,
    embeddings: Path | None = None,
    corpus: Path | None = None,
    tokenizer: str | None = None,
    samples: int | None = None,
    common: bool = False,
    real: bool = False,
) -> Comparable:
    """Reads the systems. ``corpus`` fills in what external files leave out, and all systems are checked against it.
    ``real``: of several references, only what it says counts.

    A name that is given more than once means several seeds of one system, which are numbered: NAME (1), NAME (2).
    ``tokenizer``, ``samples`` and ``common`` are those of ``EvaluateConfig``. Raises InputError, ArtifactError or
    ConfigError for what cannot be compared.
    """
    source = artifacts.load(corpus, "corpus") if corpus else None
    vectors = artifacts.load(embeddings, "vectors") if embeddings else None
    sets = _read(_numbered(responses), tokenizer, source)
    _check_vocabularies(sets, source, vectors)
    if source:
        sets = [complete(one, source) for one in sets]
    if source and real:
        sets = [only_real(one, source) for one in sets]
    aligned = align([with_references(one) for one in sets], common, seeds=True)
    cut = tuple(first_samples(one, samples) for one in aligned.sets)
    return Comparable(replace(aligned, sets=cut), vectors, source, _grouped(responses, cut))


def _numbered(responses: Sequence[Named]) -> list[Named]:
    given = Counter(one.system for one in responses)
    seen: Counter[str | None] = Counter()
    made = []
    for one in responses:
        seen[one.system] += 1
        several = one.system is not None and given[one.system] > 1
        made.append(replace(one, system=f"{one.system} ({seen[one.system]})") if several else one)
    return made


def _grouped(responses: Sequence[Named], sets: Sequence[ResponseSet]) -> dict[str, list[str]]:
    """The sets of each system. Raises InputError if the same responses are given as two of its seeds."""
    groups: dict[str, list[ResponseSet]] = {}
    for one, named in zip(sets, responses, strict=True):
        members = groups.setdefault(named.system or one.system, [])
        for other in members:
            if other.fingerprint == one.fingerprint:
                raise InputError(
                    f"{other.source} and {one.source} hold the same responses, but are given as two seeds of "
                    f"{named.system}. Give each seed's own, or another NAME."
                )
        members.append(one)
    return {system: [one.system for one in members] for system, members in groups.items()}


def _read(responses: Sequence[Named], tokenizer: str | None, corpus: Artifact | None) -> list[ResponseSet]:
    """Our own artifacts first: by default, the strings of other systems are tokenised like them."""
    ours = {one: read_responses(one.path, system=one.system) for one in responses if one.path.is_dir()}
    names = {one.tokenizer for one in ours.values()} | ({corpus.config["tokenizer"]} if corpus else set())
    chosen = tokenizer or (names.pop() if len(names) == 1 else None)
    return [ours.get(one) or read_responses(one.path, chosen, one.system) for one in responses]


def _check_vocabularies(sets: Sequence[ResponseSet], corpus: Artifact | None, vectors: Artifact | None) -> None:
    ours = [artifacts.load(one.source, "responses") for one in sets if one.facts is not None]
    known = [artifact for artifact in (vectors, corpus) if artifact] + ours
    for other in known[1:]:
        artifacts.same_vocabulary(known[0], other)
