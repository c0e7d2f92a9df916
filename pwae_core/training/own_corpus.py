"""The corpus that a run was trained on, and where it was, relative to the run."""

from __future__ import annotations

import getpass
import os
from contextlib import suppress
from pathlib import Path

from pwae_core.artifacts import Artifact, load, same_vocabulary
from pwae_core.errors import ArtifactError


def corpus_of(run: Artifact, given: Path | None) -> Artifact:
    """The corpus that a run was trained on, at the recorded or the given place. Raises ArtifactError for another
    one.
    """
    folder = given or remembered_corpus(run)
    if folder is None:
        raise ArtifactError(f"{run.folder} does not say where its corpus is. Give its path with --corpus.")
    if given is None and not folder.exists():
        raise ArtifactError(f"The corpus of {run.folder} is no longer at {folder}. Give its path with --corpus.")
    data = load(folder, "corpus")
    same_vocabulary(run, data)
    if data.fingerprint != run.manifest["inputs"]["corpus"]:
        raise ArtifactError(
            f"{folder} is not the corpus that {run.folder} was trained on, though their vocabularies are the same: its "
            "test sessions may have been trained on. Give the run's own corpus."
        )
    return data


def remembered_corpus(run: Artifact) -> Path | None:
    """Where the corpus of a run was, relative to the run; None if that would have revealed too much about the
    machine.
    """
    return followed(run.folder, run.facts["corpus_path"])


def followed(run: Path, path: str | None) -> Path | None:
    """Where ``path``, as returned by ``path_from``, leads from ``run``."""
    return Path(os.path.normpath(run.resolve() / path)) if path else None


def path_from(run: Path, there: Path) -> str | None:
    """The relative path from ``run`` to an input; None if it would reveal something about the machine.

    That is the case if the two share nothing but the root, or if the path goes through a home folder or contains the
    user's name.
    """
    here, there = run.resolve(), Path(os.path.abspath(there))  # noqa: PTH100 - follows no link
    way = Path(os.path.relpath(there, here))
    shared = Path(os.path.commonpath((here, there)))
    above, names = _of_the_user()
    return None if names & set(way.parts) or shared in above else way.as_posix()


def _of_the_user() -> tuple[set[Path], set[str]]:
    """The folders above the user's home, at least the root, and the user's names."""
    above, names = {Path(Path.cwd().anchor)}, set()
    with suppress(RuntimeError):  # a user without a home
        above |= set(Path.home().parents)
        names.add(Path.home().name)
    with suppress(KeyError, OSError):  # a user without a name
        names.add(getpass.getuser())
    return above, names
