"""``pwae data-check``: a corpus looked at before anything is trained on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwae_core import artifacts
from pwae_core.corpus.check import CorpusCheck, check
from pwae_core.errors import StorageError
from pwae_core.files import storage_errors, write_bytes
from pwae_core.progress import SILENT, Progress


@dataclass(frozen=True)
class DataCheckReport:
    """``facts`` are what ``pwae preprocess`` said of the corpus, ``found`` what its tables say now."""

    corpus: str
    facts: dict[str, Any]
    found: CorpusCheck
    page: str | None


def data_check(corpus: Path, page: Path | None = None, *, progress: Progress = SILENT) -> DataCheckReport:
    """Measures the corpus at ``corpus``; writes ``page`` (HTML) where one is wanted.

    Raises ArtifactError when there is no corpus, or a damaged one; StorageError when the page cannot be written.
    """
    made = artifacts.load(corpus, "corpus")
    if page is not None and page.is_dir():
        raise StorageError(f"{page} is a folder. Name a file for --page, such as {page / 'corpus.html'}.")
    with progress.task("Looking at the corpus"):
        found = check(made)
    if page is not None:
        from pwae_core.report.corpus_page import corpus_page

        with storage_errors(page.parent):
            page.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(page, corpus_page(corpus.resolve().name, made.fingerprint, made.facts, found))
    return DataCheckReport(str(corpus), dict(made.facts), found, str(page) if page else None)
