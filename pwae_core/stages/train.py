"""``pwae train``: from a corpus and word vectors to a run. Section 3 of the paper, with the settings of section 4.3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from pwae_core import artifacts
from pwae_core.artifacts import Artifact, Draft, Plan
from pwae_core.config.train import TrainConfig
from pwae_core.data.sessions import Sessions, read_sessions
from pwae_core.data.untrained import Untrained, as_nobody
from pwae_core.errors import ArtifactError, EmptyResultError
from pwae_core.files import write_bytes
from pwae_core.models import inputs_of, refuse_wrong_results, system_of
from pwae_core.models.base import Model
from pwae_core.progress import SILENT, Progress
from pwae_core.schemas import MODEL_CARD, TIMING
from pwae_core.training import resuming
from pwae_core.training.answered import candidates
from pwae_core.training.events import events_of, refuse_without_package
from pwae_core.training.group import joined, local_device
from pwae_core.training.loop import Trainer
from pwae_core.training.model_card import model_card
from pwae_core.training.own_corpus import path_from
from pwae_core.training.periods import periods_of
from pwae_core.training.runs import (
    build_model,
    choose_device,
    computed_on,
    copy_tables,
    describe_system,
    inform,
    initialise_words,
    known_users,
    refuse_missing_plugin,
    size_of,
)
from pwae_core.training.signals import stop_requests
from pwae_core.training.sizes import refuse_large_training
from pwae_core.training.timing import timings
from pwae_core.training.validation import warnings_in


@dataclass(frozen=True)
class TrainReport:
    """The outcome of a run. ``valid`` holds the validation measures at the best iteration; likelihoods in nats per
    token.

    ``cut_responses``: training responses that are longer than the system reads. ``untrained_users``: users about whom
    nothing is learned, because they never answer in the training split or have no words of their own. ``warnings``:
    those that ``pwae diagnose`` would give for the best checkpoint's validation, and one if this is true of all users.
    """

    out: str
    standing: bool
    system: str
    parameters: int
    train_sessions: int
    cut_responses: int
    untrained_users: int
    steps: int
    epochs: int
    best_step: int
    valid: Mapping[str, float]
    ended: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def train(
    corpus: Path,
    out: Path,
    config: TrainConfig,
    *,
    embeddings: Path | None = None,
    device: str = "auto",
    force: bool = False,
    tensorboard: bool = False,
    progress: Progress = SILENT,
) -> TrainReport:
    """Trains a system into the folder ``out``; an interrupted run continues from its last checkpoint.

    ``tensorboard``: also write event files with the values of the log.

    If torchrun started several processes, each calls this: they train together, and only the first writes and prints.
    Raises ArtifactError for inputs that do not belong together, EmptyResultError for a corpus without sessions to train
    or validate on, ConfigError, DivergenceError, Interrupted, LostProcessError, StorageError; or Followed, if another
    process has raised one of these.
    """

    def prepare() -> _Job:
        system_of(config.model.name)  # before anything is read: it may be a plugin's
        data = artifacts.load(corpus, "corpus")
        return _job(data, matching_vectors(embeddings, data, config) if embeddings else None, config)

    return _train(out, prepare, device, progress, force=force, tensorboard=tensorboard)


def resume(
    run: Path,
    settings: Callable[[Mapping[str, Any]], TrainConfig] = TrainConfig.make,
    *,
    corpus: Path | None = None,
    embeddings: Path | None = None,
    device: str = "auto",
    tensorboard: bool = False,
    progress: Progress = SILENT,
) -> TrainReport:
    """Continues the run at ``run``, finished or not.

    ``settings`` makes the config to continue with from the recorded one; only the budget may differ. The inputs are
    where the run was trained on them, or where the arguments say. Raises what ``train`` raises, and ArtifactError if
    there is no run or if settings or inputs differ; ConfigError if it asks for less training than was already done.
    """

    def prepare() -> _Job:
        note = resuming.recorded(run)
        refuse_missing_plugin(run, note.model_dump())
        data = resuming.find_input(run, note, "corpus", corpus)
        vectors = resuming.find_input(run, note, "embeddings", embeddings)
        assert data is not None
        return _job(data, vectors, settings(note.config))

    return _train(run, prepare, device, progress, resumed=True, tensorboard=tensorboard)


def _train(
    out: Path,
    prepare: Callable[[], _Job],
    device: str,
    progress: Progress,
    *,
    resumed: bool = False,
    force: bool = False,
    tensorboard: bool,
) -> TrainReport:
    if tensorboard:
        refuse_without_package()
    where = local_device(choose_device(device))
    with joined(where) as group:
        progress = progress if group.first else SILENT
        with group.in_step():
            job = prepare()
            standing = group.first and _stands(out, job.plan, resumed, force)
        if group.largest(standing):
            return _report(artifacts.load(out, "run"), standing=True)
        with group.in_step():
            built = _build(job, where)
            if group.first and not force:
                resuming.reopen(out, job.plan, built.model, resumed=resumed)
        with stop_requests() as stop, ExitStack() as stack:
            with group.in_step():
                draft = _draft(stack, job, out, force) if group.first else None
                listeners = [stack.enter_context(closing(events_of(draft)))] if draft and tensorboard else []
            with group.in_step():
                splits = built.train, built.valid
                trainer = Trainer(
                    built.model, *splits, job.config, out.resolve(), where, progress, stop, group, listeners=listeners
                )
            with group.one_voice():
                ended = trainer.run()
            if draft is not None:
                draft.write("log.parquet", trainer.log.table())
                draft.environment |= computed_on(trainer.device)
                draft.facts |= _facts(trainer, job.corpus, ended) | built.facts
                _write_card(draft, built.model)
        group.wait()
        return _report(artifacts.load(out, "run"), standing=False)


@dataclass(frozen=True)
class _Job:
    corpus: Artifact
    vectors: Artifact | None
    config: TrainConfig
    plan: Plan


def _job(corpus: Artifact, vectors: Artifact | None, config: TrainConfig) -> _Job:
    inputs = {"corpus": corpus.fingerprint} | ({"embeddings": vectors.fingerprint} if vectors else {})
    inputs |= inputs_of(config.model.name)
    return _Job(corpus, vectors, config, Plan("run", config.model_dump(mode="json"), inputs))


def _stands(out: Path, plan: Plan, resumed: bool, force: bool) -> bool:
    if resumed and resuming.goes_on(out, plan):
        return False
    if not resumed and not force:
        resuming.refuse_other_budget(out, plan)
        resuming.refuse_other_unfinished(out, plan)
    return artifacts.standing(out, plan, force) is not None


@dataclass(frozen=True)
class _Built:
    """The model at the start of training, and the two splits; ``facts`` say what was cut or is not trained."""

    model: Model
    train: Sessions
    valid: Sessions
    facts: dict[str, object]


def _build(job: _Job, where: torch.device) -> _Built:
    """Raises ConfigError for what cannot fit in memory."""
    data, config = job.corpus, job.config
    training, valid = _split(data, "train", config), _split(data, "valid", config)
    words, users = data.rows("vocabulary.parquet"), data.rows("users.parquet")
    refuse_large_training(config, words, users, training, where)
    model = build_model(config.model, words, users, config.seed)
    if job.vectors is not None:
        initialise_words(model, job.vectors)
    periods_of(model, config)
    inform(model, data, training)
    known = known_users(model, data.table("users.parquet", ["train_responses"]))
    valid, untrained = as_nobody(valid, known, by_words=model.knows_by_words)
    if config.select_by == "speaker":
        candidates(training, valid, config)
    refuse_wrong_results(model.to(where), config, valid, where)
    facts = {
        "untrained_users": int((~known[1:]).sum()),
        "untrained": asdict(untrained),
        "cut_responses": training.cut_responses,
    }
    return _Built(model, training, valid, facts)


def _draft(stack: ExitStack, job: _Job, out: Path, force: bool) -> Draft:
    draft = stack.enter_context(artifacts.draft(out, job.plan, resume=not force, in_place=True))
    draft.claim("vocabulary.parquet", "users.parquet", "log.jsonl", "log.parquet", "checkpoints", TIMING, MODEL_CARD)
    draft.foretell(
        corpus_path=path_from(draft.folder, job.corpus.folder),
        embeddings_path=path_from(draft.folder, job.vectors.folder) if job.vectors else None,
    )
    copy_tables(job.corpus, draft.folder)
    return draft


def _write_card(draft: Draft, model: Model) -> None:
    note = draft.plan.to_dict() | {"environment": draft.environment, "facts": draft.facts}
    last = timings(draft.folder / TIMING)[-1:]
    card = model_card(model, note, last[0] if last else None)
    write_bytes(draft.folder / MODEL_CARD, card.encode(), artifacts.token_of(draft.folder))


def matching_vectors(folder: Path, corpus: Artifact, config: TrainConfig) -> Artifact:
    """The word vectors at ``folder``. Raises ArtifactError for those of another vocabulary or size."""
    vectors = artifacts.load(folder, "vectors")
    artifacts.same_vocabulary(corpus, vectors)
    if vectors.facts["dimension"] != config.model.word_size:
        raise ArtifactError(
            f"{folder} has vectors of {vectors.facts['dimension']} dimensions, "
            f"the model takes {config.model.word_size}. Use --set model.word_size={vectors.facts['dimension']}."
        )
    return vectors


def _split(corpus: Artifact, name: str, config: TrainConfig) -> Sessions:
    sessions = read_sessions(corpus, name, config.model.max_length)
    if not len(sessions):
        raise EmptyResultError(
            f"{corpus.folder} has no session in its {name} split. Run 'pwae preprocess' with more data or other sizes."
        )
    return sessions


def _facts(trainer: Trainer, corpus: Artifact, ended: str) -> dict[str, object]:
    return {
        "system": describe_system(trainer.model),
        "deterministic": trainer.model.deterministic,
        "vocabulary": corpus.facts["vocabulary"],
        "vocabulary_size": trainer.model.vocabulary_size,
        "users": trainer.model.user_count,
        "tokenizer": corpus.facts["tokenizer"],
        "preprocess": corpus.config,
        **size_of(trainer.model),
        "train_sessions": len(trainer.train),
        "steps": trainer.position.step,
        "epochs": trainer.position.epoch + 1,
        "best_step": trainer.position.best_step,
        "selected_by": trainer.validator.selected(trainer.period),
        "valid": trainer.log.values("valid", trainer.position.best_step),
        "ended": ended,
        "processes": trainer.group.size,
        "precision": trainer.position.precision,
    }


def _report(run: Artifact, *, standing: bool) -> TrainReport:
    facts = run.facts
    told = {name: facts[name] for name in TrainReport.__dataclass_fields__ if name in facts}
    note = Untrained(**facts["untrained"]).told("validation session")
    notes = (note,) if note else ()
    return TrainReport(out=str(run.folder), standing=standing, notes=notes, warnings=warnings_in(facts), **told)
