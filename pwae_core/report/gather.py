"""The inputs of a report: paths of any kind, recognised by their manifests and linked by their hashes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pyarrow.compute as pc

from pwae_core import artifacts
from pwae_core.artifacts import MANIFEST, Artifact, kind_of
from pwae_core.data.responses import Named, ResponseSet, complete, only_real, read_responses
from pwae_core.errors import ArtifactError, InputError
from pwae_core.inputs import without_packing
from pwae_core.metrics.table import LENGTH
from pwae_core.outside_scores import Outside, check, read_outside, scored_before
from pwae_core.report.system_names import Claim, distinct
from pwae_core.training.growing import Growing, growing, is_growing
from pwae_core.training.own_corpus import remembered_corpus

PEOPLE = ("human-eval-scores", "human-eval-preferences")
SHOWN = ("run", "responses", "scores", *PEOPLE, "persona-scores", "diagnosis", "corpus", "vectors")
DEPTH = 3
GROWING = "growing"
ANSWERS = "responses/"
FILES = (".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True)
class Sources:
    """Everything that was given or found.

    ``given`` maps the hashes of responses to the names that the user gave them; all names in ``responses`` differ.
    ``corpus`` is the runs' corpus. ``aside`` says what was left out, and why. ``growing`` are runs that are training
    now, or were cut off. ``outside`` are tables of scores that other programs computed.
    """

    runs: tuple[Artifact, ...]
    responses: tuple[ResponseSet, ...]
    given: Mapping[str, str]
    scores: tuple[Artifact, ...]
    human: tuple[Artifact, ...]
    preferences: tuple[Artifact, ...]
    persona: tuple[Artifact, ...]
    diagnoses: tuple[Artifact, ...]
    vectors: tuple[Artifact, ...]
    corpus: Artifact | None
    aside: tuple[str, ...]
    growing: tuple[Growing, ...] = ()
    outside: tuple[Outside, ...] = ()

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All of pwae's artifacts among the inputs, each once, in order from the data to the scores."""
        answered = [artifacts.load(one.source, "responses") for one in self.responses if one.facts is not None]
        corpus = (self.corpus,) if self.corpus else ()
        measured = (*self.scores, *self.human, *self.preferences, *self.persona, *self.diagnoses)
        everything = (*corpus, *self.vectors, *self.runs, *answered, *measured)
        return tuple({one.fingerprint: one for one in everything}.values())

    @property
    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of each input, by its kind and its place in the order."""
        made: dict[str, Sequence[Artifact | Growing]] = {
            "run": self.runs,
            "growing": self.growing,
            "scores": self.scores,
            "human-eval-scores": self.human,
            "human-eval-preferences": self.preferences,
            "persona-scores": self.persona,
            "diagnosis": self.diagnoses,
            "vectors": self.vectors,
            "corpus": (self.corpus,) if self.corpus else (),
        }
        groups = {kind: [one.fingerprint for one in group] for kind, group in made.items()}
        groups["responses"] = [f"{one.system}={one.fingerprint}" for one in self.responses]
        groups["outside"] = [f"{one.source.name}={one.fingerprint}" for one in self.outside]
        return {f"{kind}/{number}": one for kind, group in groups.items() for number, one in enumerate(group)}

    @cached_property
    def made_by(self) -> dict[str, str | None]:
        """The hash of the run that made each set of responses, by their hash; None for those of other systems."""
        own = [one for one in self.responses if one.facts is not None]
        made = {one.fingerprint: artifacts.load(one.source, "responses").manifest["inputs"].get("run") for one in own}
        return {one.fingerprint: made.get(one.fingerprint) for one in self.responses}

    @cached_property
    def run_names(self) -> dict[str, str]:
        """The page's names for runs, by fingerprint, all different. A run with one set of answers has their name."""
        own: dict[str, list[str]] = {}
        for answers in self.responses:
            run = self.run_of(answers)
            if run:
                own.setdefault(run.fingerprint, []).append(answers.system)
        claims = []
        for run in self.runs:
            called = own.get(run.fingerprint, [])
            name = called[0] if len(called) == 1 else str(run.facts["system"])
            claims.append(Claim(name, run.folder, given=len(called) == 1))
        return {run.fingerprint: name for run, name in zip(self.runs, distinct(claims), strict=True)}

    @cached_property
    def scored_as(self) -> dict[str, str]:
        """The names under which answers were scored, by their hashes; seeds of one system have its name."""
        found: dict[str, str] = {}
        for one in (*self.scores, *reversed(self.persona)):
            seeds = {run: told["system"] for told in one.facts.get("seeds", []) for run in told["runs"]}
            found |= {value: seeds.get(name, name) for name, value in answered(one).items()}
        return found

    def answers(self, fingerprint: str) -> ResponseSet | None:
        """The responses with that hash; None if they were not given."""
        return next((one for one in self.responses if one.fingerprint == fingerprint), None)

    def run_of(self, answers: ResponseSet | None) -> Artifact | None:
        """The run that made ``answers``, traced by hashes; None if it was not given or is unknown."""
        made_by = answers and self.made_by.get(answers.fingerprint)
        return next((run for run in self.runs if run.fingerprint == made_by), None)


def answered(made: Artifact) -> dict[str, str]:
    """The hash of the responses that scores of any kind are of, by each name in the scores."""
    inputs: Mapping[str, str] = made.manifest["inputs"]
    return {name.removeprefix(ANSWERS): value for name, value in inputs.items() if name.startswith(ANSWERS)}


def gather(given: Sequence[Named], outside: Sequence[Path] = ()) -> Sources:
    """Reads the manifests of all that was given. Folders that are not artifacts are searched three levels deep.

    Raises InputError for a path that a report cannot use, and for others' scores of systems or sessions that are not
    scored here. Raises ArtifactError for a damaged artifact, and for artifacts of different corpora.
    """
    folders: dict[str, list[Named]] = {kind: [] for kind in (*SHOWN, GROWING)}
    external: list[Named] = []
    for one in given:
        if one.path.is_file() and without_packing(one.path).suffix in FILES:
            external.append(one)
            continue
        found = [(kind, path) for kind, path in _found(one) if kind in folders]
        if not found:
            raise InputError(f"Nothing to report at {one.path}. Give runs, responses, scores, or a folder of them.")
        for kind, path in found:
            folders[kind].append(path)
    loaded = {kind: _loaded(kind, folders[kind]) for kind in SHOWN if kind != "responses"}
    corpus, aside = _corpus(loaded["run"], loaded["corpus"])
    sets = _read(folders["responses"], external, corpus)
    names = _given(sets, [*folders["responses"], *external])
    naming = ("scores", *PEOPLE, "persona-scores")
    called = _called([one for kind in naming for one in loaded[kind]])
    return Sources(
        runs=loaded["run"],
        responses=_named(sets, names, called),
        given=names,
        scores=loaded["scores"],
        human=loaded["human-eval-scores"],
        preferences=loaded["human-eval-preferences"],
        persona=loaded["persona-scores"],
        diagnoses=loaded["diagnosis"],
        vectors=loaded["vectors"],
        corpus=corpus,
        aside=aside,
        growing=tuple(growing(path) for path in dict.fromkeys(one.path for one in folders[GROWING])),
        outside=_outside(outside, loaded["scores"]),
    )


def _outside(paths: Sequence[Path], scores: Sequence[Artifact]) -> tuple[Outside, ...]:
    """Others' scores of systems and sessions that one of ``scores`` covers."""
    tables = tuple(read_outside(path) for path in paths)
    if not tables:
        return ()
    known: dict[str, set[str]] = {}
    for one in scores:
        for system, sessions in sessions_of(one).items():
            known.setdefault(system, set()).update(sessions)
    if not known:
        raise InputError(f"{tables[0].source}: --scores needs scores of 'pwae evaluate' beside it. Give those too.")
    check(tables, known, scored_before(tables, scores))
    return tables


def sessions_of(scores: Artifact) -> dict[str, list[str]]:
    """The contexts of each system, in the order in which they were scored."""
    table = scores.table("scores.parquet", ["system", "session_id", "metric"])
    table = table.filter(pc.equal(table["metric"], LENGTH))  # every context has a score for length
    found: dict[str, list[str]] = {}
    for system, session in zip(table["system"].to_pylist(), table["session_id"].to_pylist(), strict=True):
        found.setdefault(system, []).append(session)
    return found


def _found(one: Named) -> list[tuple[str, Named]]:
    """(kind, path) of ``one`` itself, or of each artifact inside it."""
    if _is_made(one.path):
        return [(_kind(one.path), one)]
    if not one.path.is_dir():
        return []
    return [(_kind(folder), Named(folder)) for folder in _under(one.path)]


def _is_made(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() or is_growing(folder)


def _kind(folder: Path) -> str:
    return GROWING if is_growing(folder) else kind_of(folder)


def _under(folder: Path) -> list[Path]:
    """The artifacts under ``folder``, DEPTH levels deep, nearest first.

    An artifact is not searched itself, unless it is of a kind that a report does not show, such as an experiment.
    """
    found, level = [], [folder]
    for _ in range(DEPTH):
        level = [path for parent in level for path in sorted(parent.iterdir()) if _is_open(path)]
        made = [path for path in level if _is_made(path)]
        found += made
        level = [path for path in level if path not in made or _kind(path) not in (*SHOWN, GROWING)]
    return found


def _is_open(path: Path) -> bool:
    """Whether ``path`` is a folder that may be searched."""
    return path.is_dir() and not path.name.startswith(".") and os.access(path, os.R_OK | os.X_OK)


def _loaded(kind: str, given: Sequence[Named]) -> tuple[Artifact, ...]:
    different: dict[str, Artifact] = {}
    for one in given:
        artifact = artifacts.load(one.path, kind)
        different.setdefault(artifact.fingerprint, artifact)
    return tuple(different.values())


def _corpus(runs: Sequence[Artifact], given: Sequence[Artifact]) -> tuple[Artifact | None, tuple[str, ...]]:
    """The runs' corpus (given, or else remembered by a run), and a remark if it was not found.

    Raises ArtifactError for several corpora.
    """
    if len(given) > 1:
        raise ArtifactError(f"{given[0].folder} and {given[1].folder} are two corpora. A report covers one.")
    corpus = given[0] if given else _remembered(runs)
    wanted = {run.manifest["inputs"]["corpus"]: run for run in runs}
    for fingerprint, run in wanted.items():
        if corpus and fingerprint != corpus.fingerprint:
            raise ArtifactError(f"{run.folder} was not trained on {corpus.folder}. A report covers runs of one corpus.")
    if len(wanted) > 1:
        one, other, *_ = wanted.values()
        raise ArtifactError(f"{one.folder} and {other.folder} were trained on different corpora. A report covers one.")
    if corpus is None and runs:
        return None, (
            f"The corpus of {runs[0].folder} was not found. Give it too, for real utterances, Table 6 and codes.",
        )
    return corpus, ()


def _remembered(runs: Sequence[Artifact]) -> Artifact | None:
    for run in runs:
        place = remembered_corpus(run)
        if place and (place / MANIFEST).is_file() and kind_of(place) == "corpus":
            corpus = artifacts.load(place, "corpus")
            if corpus.fingerprint == run.manifest["inputs"]["corpus"]:
                return corpus
    return None


def _read(folders: Sequence[Named], external: Sequence[Named], corpus: Artifact | None) -> list[ResponseSet]:
    """Every system's answers, in the order given."""
    sets = [read_responses(one.path, system=one.system) for one in folders]
    if external and corpus is None:
        raise ArtifactError(f"{external[0].path} can only be read with its corpus. Give that folder too.")
    for one in external:
        if corpus:
            read = read_responses(one.path, corpus.config["tokenizer"], one.system)
            sets.append(only_real(complete(read, corpus), corpus))
    return sets


def _given(sets: Sequence[ResponseSet], given: Sequence[Named]) -> dict[str, str]:
    """The names that the user gave, by hash; the first of several."""
    named = zip(reversed(sets), reversed(given), strict=True)
    return {found.fingerprint: one.system for found, one in named if one.system}


def _called(scores: Sequence[Artifact]) -> dict[str, str]:
    """The names under which responses were scored, by hash; the first of several."""
    return {value: name for one in reversed(scores) for name, value in answered(one).items()}


def _named(sets: Sequence[ResponseSet], given: Mapping[str, str], called: Mapping[str, str]) -> tuple[ResponseSet, ...]:
    """The different sets, each under its own name: the one given, else that of the scores, else that in the set."""
    different = {one.fingerprint: one for one in reversed(sets)}
    ordered = [different[fingerprint] for fingerprint in dict.fromkeys(one.fingerprint for one in sets)]
    known = {**called, **given}
    claims = [Claim(known.get(one.fingerprint, one.system), one.source, one.fingerprint in given) for one in ordered]
    return tuple(replace(one, system=name) for one, name in zip(ordered, distinct(claims), strict=True))
