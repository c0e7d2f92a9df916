"""``pwae preprocess``: a raw dump into sessions, users, histories and a vocabulary (section 4.1)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwae_core import artifacts
from pwae_core.artifacts import Artifact, Plan
from pwae_core.config.preprocess import DEFAULTS, PreprocessConfig
from pwae_core.corpus.engine.job import Job
from pwae_core.corpus.engine.runner import runner
from pwae_core.corpus.explain import Explained, explain_rows
from pwae_core.corpus.pipeline import preprocess_job
from pwae_core.corpus.readers import Source, inputs_of
from pwae_core.corpus.readers.sources import cut, sources
from pwae_core.errors import ArtifactError, ConfigError, InputError
from pwae_core.files import hash_file
from pwae_core.progress import SILENT, Progress
from pwae_core.text.vocabulary import SPECIALS, Vocabulary

BYTES_A_PROCESS = 8 << 20


@dataclass(frozen=True)
class PreprocessReport:
    """What a corpus holds.

    ``account`` says what became of the rows (its first line is their number, and the others add up to it). ``rejected``
    lists unit, reason and count of everything that was left out, ``repaired`` what was repaired; ``links`` says where
    reply links lead. ``notes`` are what readers decided about files. The overlaps are shares of the test sessions.
    """

    out: str
    standing: bool
    vocabulary: str
    tokenizer: str
    split_by: str
    split_rule: str
    counts: dict[str, int]
    out_of_vocabulary: float
    overlap: dict[str, float]
    mean_cjk_token_length: float | None
    warnings: list[str]
    notes: list[str]
    account: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    repaired: list[dict[str, Any]]
    links: dict[str, int]
    unread_times: int


def preprocess(
    raw: Sequence[str | Path],
    out: Path,
    config: PreprocessConfig = DEFAULTS,
    *,
    vocabulary: Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> PreprocessReport:
    """Makes a corpus at ``out`` from the utterances in ``raw``: files, folders, patterns, ``-`` for standard input.

    The result depends only on the rows and the config: not on the order of rows, the number of files or ``workers``
    (default: one per CPU for large inputs), nor on whether a Ray cluster does the work (``cluster`` is its address). A
    killed run continues where it stopped. ``vocabulary`` is a corpus whose words this one takes, so that its runs can
    answer this one. Raises InputError for what cannot be read, EmptyResultError if a filter leaves nothing,
    StorageError for ``out``, ArtifactError for a ``vocabulary`` whose words are made in another way.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: at least 1 is needed (got {workers}).")
    words = None if vocabulary is None else _words_of(artifacts.load(vocabulary, "corpus"), config)
    with sources([str(name) for name in raw], out, config) as found:
        began = _stamps(found.sources)
        plan = _plan(found.sources, config, words)
        standing = artifacts.standing(out, plan, force)
        if standing:
            return _report(standing, standing=True)
        with artifacts.draft(out, plan, resume=True) as draft:
            spans, shards = cut(found.sources)
            job = Job(draft.work, draft.folder, config, spans, shards)
            processes = worth_starting(workers, len(spans), shards, sum(source.size for source in found.sources))
            with runner(job, progress, processes, cluster) as running:
                preprocess_job(running, draft, found, words)
            _refuse_changed(found.sources, began)
    return _report(artifacts.load(out, "corpus"), standing=False)


def explain(raw: Sequence[str | Path], rows: int, config: PreprocessConfig = DEFAULTS) -> list[Explained]:
    """``rows`` rows of the raw data, before and after cleaning; nothing is written.

    Raises InputError for what cannot be read.
    """
    if rows < 1:
        raise ConfigError(f"--explain: at least 1 row is needed (got {rows}).")
    with (
        tempfile.TemporaryDirectory() as folder,
        sources([str(name) for name in raw], Path(folder, "x"), config) as found,
    ):
        return explain_rows(found.sources, config, rows)


def _words_of(corpus: Artifact, config: PreprocessConfig) -> Vocabulary:
    """The vocabulary of a corpus. Raises ArtifactError if its words are not made as those of ``config``."""
    words = Vocabulary.from_table(corpus.table("vocabulary.parquet"))
    if words.tokens[: len(SPECIALS)] != SPECIALS:
        raise ArtifactError(f"--vocabulary {corpus.folder}: its special tokens are not {', '.join(SPECIALS)}.")
    for name in ("tokenizer", "lowercase"):
        theirs, ours = corpus.config[name], getattr(config, name)
        if theirs != ours:
            raise ArtifactError(
                f"--vocabulary {corpus.folder} was made with {name} {theirs}, this corpus would be with {ours}: their "
                "words would differ. Use the same setting."
            )
    return words


def _plan(found: Sequence[Source], config: PreprocessConfig, words: Vocabulary | None) -> Plan:
    names = ["-" if source.name == "standard input" else source.path.name for source in found]
    hashes = [hash_file(source.path) for source in found]
    inputs = {f"raw/{number}:{name}": value for number, (name, value) in enumerate(zip(names, hashes, strict=True))}
    inputs |= {} if words is None else {"vocabulary": words.fingerprint}
    return Plan("corpus", config.model_dump(mode="json"), inputs | inputs_of(config.format))


def _stamps(found: Sequence[Source]) -> list[tuple[int, int]]:
    """The size of each file, and when it was changed."""
    return [(there.st_size, there.st_mtime_ns) for there in (source.path.stat() for source in found)]


def _refuse_changed(found: Sequence[Source], began: Sequence[tuple[int, int]]) -> None:
    """Raises InputError for a file that was changed since: what was read of it is not what its hash was taken of."""
    for source, before, now in zip(found, began, _stamps(found), strict=True):
        if before != now:
            raise InputError(
                f"{source.name} was changed while it was read. Run the same command again once nothing writes to it."
            )


def worth_starting(wanted: int | None, spans: int, shards: int, size: int) -> int:
    """How many processes have something to do: those that are ``wanted``, or one per CPU of which each has a shard or
    ``BYTES_A_PROCESS`` of the ``size``. To start one takes longer than to read less.
    """
    usual = min(os.cpu_count() or 1, max(shards, -(-size // BYTES_A_PROCESS)))
    return min(wanted or usual, max(spans, shards))


def _report(made: Artifact, *, standing: bool) -> PreprocessReport:
    return PreprocessReport(out=str(made.folder), standing=standing, **made.facts)
