"""``pwae sample``: a run's responses to the test split, or to a typed context (Table 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from pwae_core import artifacts
from pwae_core.artifacts import Artifact, Plan
from pwae_core.config.sample import SampleConfig, describe
from pwae_core.data.responses import same_answer
from pwae_core.data.sessions import COLUMNS, some_of
from pwae_core.data.untrained import NOBODY, Untrained
from pwae_core.errors import EmptyResultError
from pwae_core.models import inputs_of
from pwae_core.progress import SILENT, Progress
from pwae_core.schemas import RESPONSES
from pwae_core.text.tokenize import detokenise
from pwae_core.training.answers import answer, corpus_sessions, is_deterministic
from pwae_core.training.new_users import adapted
from pwae_core.training.own_corpus import corpus_of
from pwae_core.training.runs import Run, choose_device, computed_on, open_run
from pwae_core.training.typed import typed_sessions

SHOWN = 3
"""Contexts that are shown to a person."""


@dataclass(frozen=True)
class Answered:
    """One context and the answers to it, as text."""

    context: tuple[str, ...]
    user: str
    reference: str | None
    responses: tuple[str, ...]


@dataclass(frozen=True)
class SampleReport:
    """What was answered; ``shown`` are the first few answers of a test split, or all those to a typed context.
    ``notes`` mention users who were never trained, and the same answer to most contexts.
    """

    out: str | None
    standing: bool
    system: str
    contexts: int
    samples: int
    decoding: str
    shown: tuple[Answered, ...]
    notes: tuple[str, ...]


def sample_test_split(
    run: Path,
    out: Path,
    config: SampleConfig,
    *,
    corpus: Path | None = None,
    other: Path | None = None,
    device: str = "auto",
    force: bool = False,
    progress: Progress = SILENT,
) -> SampleReport:
    """Answers the test split of the run's corpus, or of an ``other`` one; writes an artifact of kind "responses".

    Users of the other corpus are the run's users with the same ids; unknown users answer as nobody. Raises
    ArtifactError for a corpus that is not the run's, or for an ``other`` one with another vocabulary; EmptyResultError
    for one without test sessions.
    """
    trained = artifacts.load(run, "run")
    data = corpus_of(trained, corpus) if other is None else _speaking(trained, other)
    inputs = {"run": trained.fingerprint, "corpus": data.fingerprint, **inputs_of(trained.config["model"]["name"])}
    inputs |= adapted(trained, data.table("test.parquet", ["user_id"])["user_id"].to_pylist())
    plan = Plan("responses", config.model_dump(mode="json"), inputs)
    found = artifacts.standing(out, plan, force)
    if found is None:
        opened = open_run(run, choose_device(device), config.checkpoint)
        table = _drawn(data, config)
        sessions, untrained = corpus_sessions(opened, table)
        with artifacts.draft(out, plan) as draft:
            answers = answer(opened, sessions, table["session_id"].to_pylist(), config, progress)
            draft.write("responses.parquet", _responses(table, answers))
            draft.facts |= _facts(opened, config) | {"untrained": asdict(untrained)}
            draft.environment |= computed_on(opened.device)
    return _report(artifacts.load(out, "responses"), standing=found is not None)


def _speaking(run: Artifact, other: Path) -> Artifact:
    """The ``other`` corpus, which must have the run's vocabulary."""
    data = artifacts.load(other, "corpus")
    artifacts.same_vocabulary(run, data)
    return data


def _drawn(corpus: Artifact, config: SampleConfig) -> pa.Table:
    table = corpus.table("test.parquet", [*COLUMNS, "context", "response"])
    if not len(table):
        raise EmptyResultError(f"{corpus.folder} has no test session. Run 'pwae preprocess' with a larger --test.")
    return some_of(table, config.limit)


def _responses(table: pa.Table, answers: Sequence[Sequence[Sequence[str]]]) -> pa.Table:
    references = [[response] for response in table["response"].to_pylist()]
    columns = {name: table[name] for name in ("session_id", "user_id", "context_user_ids", "context")}
    return pa.table({**columns, "references": references, "responses": answers}).cast(RESPONSES)


def _facts(run: Run, config: SampleConfig) -> dict[str, object]:
    return {
        "system": run.system,
        "deterministic": is_deterministic(run, config),
        "vocabulary": run.artifact.facts["vocabulary"],
        "tokenizer": run.artifact.facts["tokenizer"],
        "decoding": describe(config.decoding, deterministic=run.model.deterministic),
        "samples": config.samples,
        "seed": config.seed,
    }


def _report(responses: Artifact, *, standing: bool) -> SampleReport:
    table = responses.table("responses.parquet")
    shown = tuple(
        Answered(
            context=tuple(detokenise(tokens) for tokens in row["context"]),
            user=row["user_id"],
            reference=detokenise(row["references"][0]) if row["references"] else None,
            responses=tuple(detokenise(tokens) for tokens in row["responses"]),
        )
        for row in table.slice(0, SHOWN).to_pylist()
    )
    facts = responses.facts
    return SampleReport(
        out=str(responses.folder),
        standing=standing,
        system=facts["system"],
        contexts=len(table),
        samples=facts["samples"],
        decoding=facts["decoding"],
        shown=shown,
        notes=_notes([Untrained(**facts["untrained"]).told("context"), same_answer(table)]),
    )


def sample_context(
    run: Path,
    context: Sequence[str],
    users: Sequence[str],
    config: SampleConfig,
    *,
    device: str = "auto",
    progress: Progress = SILENT,
) -> SampleReport:
    """Answers one typed context as each of ``users``, once (Table 6), or as nobody in particular if none is named.

    The last utterance is taken as somebody else's, the one before it as the answering user's own, and so on. Raises
    InputError for an unknown user or an utterance that is empty after cleaning.
    """
    opened = open_run(run, choose_device(device), config.checkpoint)
    names = list(dict.fromkeys(users)) or [NOBODY]
    sessions, keys = typed_sessions(opened, [context] * len(names), names, ("--context", "--user"))
    answers = answer(opened, sessions, keys, config, progress)
    shown = tuple(
        Answered(tuple(context), name, None, tuple(detokenise(response) for response in responses))
        for name, responses in zip(names, answers, strict=True)
    )
    decoding = describe(config.decoding, deterministic=opened.model.deterministic)
    notes = _notes([*(opened.remark(name) for name in names), opened.longer(context)])
    return SampleReport(None, False, opened.system, 1, config.samples, decoding, shown, notes)


def _notes(told: Sequence[str]) -> tuple[str, ...]:
    return tuple(filter(None, told))
