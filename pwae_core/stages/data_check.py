"""``pwae data-check``: a check of a corpus before anything is trained on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwae_core import artifacts
from pwae_core.artifacts.marks import is_sealed_text, seal_text
from pwae_core.artifacts.staging import put
from pwae_core.corpus.check import CorpusCheck, check
from pwae_core.errors import ArtifactError, StorageError
from pwae_core.progress import SILENT, Progress
from pwae_core.report.page.corpus_page import MARK, corpus_page


@dataclass(frozen=True)
class DataCheckReport:
    """``facts`` are what ``pwae preprocess`` recorded about the corpus, ``found`` what its tables show."""

    corpus: str
    facts: dict[str, Any]
    found: CorpusCheck
    page: str | None


def data_check(corpus: Path, page: Path | None = None, *, progress: Progress = SILENT) -> DataCheckReport:
    """Measures the corpus at ``corpus``; writes ``page`` (HTML) if one is given.

    Raises ArtifactError if there is no corpus, if it is damaged, or if something else is in the page's place;
    StorageError if the page cannot be written.
    """
    made = artifacts.load(corpus, "corpus")
    if page is not None:
        _refuse_others(page)
    with progress.task("Looking at the corpus"):
        found = check(made)
    if page is not None:
        put(page, seal_text(corpus_page(corpus.resolve().name, made.fingerprint, made.facts, found)), _is_ours)
    return DataCheckReport(str(corpus), dict(made.facts), found, str(page) if page else None)


def _refuse_others(page: Path) -> None:
    """Allows an earlier page to be replaced, and nothing else."""
    if page.is_dir():
        raise StorageError(f"{page} is a folder. Name a file for --html, such as {page / 'corpus.html'}.")
    if page.exists() and not _is_ours(page.resolve()):
        raise ArtifactError(
            f"{page} exists and was not made by 'pwae data-check', or was changed since. Choose another name."
        )


def _is_ours(page: Path) -> bool:
    return is_sealed_text(page, MARK)
