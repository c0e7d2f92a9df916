"""A trained run, opened for use: the model with its weights, the vocabulary, the users, and how text was tokenised."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from pwae_core import __version__, plugins
from pwae_core.artifacts import Artifact, load
from pwae_core.artifacts.environment import processor
from pwae_core.config.train import ModelConfig
from pwae_core.data.sessions import Sessions, ragged
from pwae_core.data.statistics import gather
from pwae_core.data.untrained import NOBODY, Known
from pwae_core.errors import ArtifactError, ConfigError, InputError
from pwae_core.grammar import counted
from pwae_core.models import MODELS, refuse_missing_tables, system_of
from pwae_core.models.base import Model
from pwae_core.nn.initialise import orthogonal
from pwae_core.plugins import PLUGIN
from pwae_core.text.vocabulary import Vocabulary
from pwae_core.training.best import AVERAGE
from pwae_core.training.checkpoints import BEST, load_checkpoint, part
from pwae_core.training.new_users import join_people, read_people


@dataclass(frozen=True)
class Run:
    """A complete run. ``model`` is on ``device``, with the weights of the checkpoint that was asked for."""

    artifact: Artifact
    model: Model
    device: torch.device
    people: tuple[str, ...] = ()  # adapted to after training: the last rows of the model's tables
    absent: tuple[str, ...] = ()  # adapted to as well, but with other weights than these

    def read(self) -> Run:
        """The run with everything in memory that answers need: its folder may move."""
        for kept in ("vocabulary", "users", "known"):
            getattr(self, kept)
        return self

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.from_table(self.artifact.table("vocabulary.parquet"))

    @cached_property
    def users(self) -> dict[str, int]:
        """The row of each user id; row 0, ``<unk>``, is nobody in particular, even if a user has that name."""
        table = self.artifact.table("users.parquet", ["user", "user_id"])
        trained = dict(zip(table["user_id"].to_pylist(), table["user"].to_pylist(), strict=True))
        return trained | {name: len(table) + row for row, name in enumerate(self.people)} | {NOBODY: 0}

    def user_number(self, name: str, asked: str = "--user") -> int:
        """The row of a user. Raises InputError, which calls the user ``asked`` and says how to find one, if unknown to
        the run.
        """
        if not isinstance(name, str):
            raise InputError(f"{asked}: expected a name, got {name!r:.80}.")
        if name not in self.users and name in self.absent:
            raise InputError(f"{asked} {name:.80}: the run knows them with its best weights. Use the checkpoint best.")
        if name not in self.users:
            near = difflib.get_close_matches(name, self.users, n=3, cutoff=0.6)
            close = f" Similar ids: {', '.join(near)}." if near else ""
            find = "" if asked == "/user" else f"'pwae chat {self.artifact.folder}', then "
            raise InputError(f"{asked} {name:.80}: the run knows no such user.{close} {find}/users PART finds one.")
        return self.users[name]

    @cached_property
    def known(self) -> Known:
        """Whether the run learned something about each user, in training or afterwards; by row of its user tables."""
        trained = known_users(self.model, self.artifact.table("users.parquet", ["train_responses"]))
        return np.append(trained, np.ones(len(self.people), dtype=bool))

    def answering(self, name: str, asked: str = "--user") -> int:
        """The row that answers as ``name``: nobody's for users who were never trained. Raises InputError if the run
        does not know the user.
        """
        row = self.user_number(name, asked)
        return row if self.known[row] else 0

    def remark(self, name: str) -> str:
        """A remark on ``name`` as the answering user; empty if this user was trained."""
        row = self.users[name]
        if self.known[row]:
            return ""
        if self.model.knows_by_words:
            return f"{name} has no words of their own, and is answered as nobody ({NOBODY})."
        untrained = "model.user_dropout was 0"
        if row == 0:
            return f"Nobody in particular ({NOBODY}) was never trained: {untrained}. Name a user."
        neither = "" if self.known[0] else f", who was not trained either: {untrained}"
        return f"{name} was never trained, and is answered as nobody ({NOBODY}){neither}."

    @property
    def turns(self) -> int:
        """How many utterances the contexts of training had at most."""
        return int(self.artifact.facts["preprocess"]["window"]) - 1

    def longer(self, context: Sequence[Any]) -> str:
        """A remark on a context with more utterances than those of training; empty for others."""
        if len(context) <= self.turns:
            return ""
        most = counted(self.turns, "utterance")
        return f"Contexts of training had at most {most}. Longer ones are read whole: weak answers may be due to that."

    @property
    def system(self) -> str:
        return str(self.artifact.facts["system"])


def open_run(folder: Path, device: torch.device, checkpoint: str = "best") -> Run:
    """Opens a run. Embeddings of people it was adapted to are there with the best weights alone: they fit no others.

    Raises ArtifactError if it is missing, unfinished, damaged or of a version of pwae with other settings, ConfigError
    for an average if only one checkpoint was kept.
    """
    artifact = load(folder, "run")
    if checkpoint == AVERAGE and artifact.config.get("keep_best", 1) == 1:
        raise ConfigError(f"{folder} has no average: keep_best was 1. Use the checkpoint best or last.")
    refuse_missing_plugin(folder, artifact.manifest)
    artifact.path(f"checkpoints/{checkpoint}.json")
    try:
        config = ModelConfig.make(artifact.config["model"])
    except ConfigError as error:
        raise ArtifactError(
            f"{folder} has settings that pwae {__version__} does not know ({str(error).partition('. ')[0]}). "
            f"{trained_with(artifact.manifest)}"
        ) from error
    model = build_model(config, artifact.facts["vocabulary_size"], artifact.facts["users"], seed=0).to(device)
    tensors, _ = load_checkpoint(folder / "checkpoints", checkpoint, device)
    try:
        model.load_state_dict(part(tensors, "model"))
    except RuntimeError as error:  # a plugin whose system has become another one
        raise ArtifactError(other_weights(folder, artifact.manifest)) from error
    if checkpoint == BEST or model.knows_by_words:
        return Run(artifact, model, device, people=join_people(model, artifact)).read()
    return Run(artifact, model, device, absent=tuple(read_people(artifact)[0])).read()


def refuse_missing_plugin(run: Path, note: Mapping[str, Any]) -> None:
    """Raises ArtifactError, which says what to install, if the system of a run comes from a plugin that is missing.

    ``note``: what the run's manifest or plan says.
    """
    name = note["config"]["model"]["name"]
    found = plugins.find("system", name, MODELS)
    if name not in MODELS and (found is None or not found.inputs.keys() & note["inputs"].keys()):
        raise ArtifactError(f"The system of {run} is not installed. {trained_with(note)}")


def other_weights(run: Path, note: Mapping[str, Any]) -> str:
    """What is wrong with a run whose weights the installed system cannot take."""
    return f"The weights of {run} belong to another system. {trained_with(note)}"


def trained_with(note: Mapping[str, Any]) -> str:
    """Which plugin a run was trained with, and how to get it."""
    name, inputs = note["config"]["model"]["name"], note["inputs"]
    made_by = ((key.removeprefix(PLUGIN), version) for key, version in inputs.items() if key.startswith(PLUGIN))
    distribution, version = next(made_by, ("pwae", note["pwae"]))
    return f"It was trained as {name} of {distribution} {version}: pip install {distribution}=={version}"


def computed_on(device: torch.device) -> dict[str, str | int]:
    """What the last digits depend on besides the versions: the device, or the processor and the number of threads."""
    if device.type == "cuda":
        return {"device": torch.cuda.get_device_name(device), "threads": torch.get_num_threads()}
    on = f"{processor()}, {torch.backends.cpu.get_cpu_capability()}"
    return {"device": "cpu", "processor": on, "threads": torch.get_num_threads()}


def build_model(config: ModelConfig, vocabulary_size: int, users: int, seed: int) -> Model:
    """A model with weights drawn from ``seed``; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = system_of(config.name)(config, vocabulary_size, users)
        if config.initialisation == "orthogonal":
            orthogonal(model)
    refuse_missing_tables(model, config.name)
    return model


def initialise_words(model: Model, vectors: Artifact) -> None:
    """Copies the word vectors that ``pwae embed-words`` wrote into the model (section 4.3)."""
    table = vectors.table("vectors.parquet", ["vector"])["vector"].combine_chunks()
    values = table.flatten().to_numpy().reshape(len(table), -1).astype(np.float32)
    with torch.no_grad():
        model.words.weight.copy_(torch.from_numpy(values.copy()))


def inform(model: Model, corpus: Artifact, train: Sessions) -> None:
    """Gives the statistics of the training split and of the users' histories to a system that needs them."""
    if not model.needs_statistics:
        return
    histories = corpus.table("histories.parquet", ["user", "ids"])
    statistics = gather(
        train,
        histories["user"].to_numpy().astype(np.int64),
        ragged(histories["ids"]),
        user_count=model.user_count,
        vocabulary_size=model.vocabulary_size,
        words=model.config.user_words,
    )
    model.inform(statistics)


def known_users(model: Model, users: pa.Table) -> Known:
    """Whether training teaches the system something about each row of its user tables.

    Only users who answer in the training split have their embedding trained, and nobody's is trained by user dropout;
    otherwise an embedding stays random. Tf-idf words are known for users who say some that not everybody says; others
    are nobody.
    """
    if model.knows_by_words:
        words: Known = (model.state_dict()["user_words.weights"][: len(users)].sum(dim=1) > 0).cpu().numpy()
        return np.append(True, words[1:])
    if model.user_rows:
        known: Known = users["train_responses"].to_numpy() > 0
        return np.append(model.config.user_dropout > 0, known[1:])
    return np.ones(len(users), dtype=bool)


def copy_tables(corpus: Artifact, folder: Path) -> None:
    """Writes the vocabulary and the users into a run, so that it can answer without the corpus."""
    for name in ("vocabulary.parquet", "users.parquet"):
        (folder / name).unlink(missing_ok=True)  # not through a link
        shutil.copyfile(corpus.path(name), folder / name)


def describe_system(model: Model) -> str:
    """The system's name as tables show it, with its ablations."""
    return model.display_name + "".join(f" w/o {part}" for part in model.config.left_out)


def choose_device(name: str, asked: str = "--device") -> torch.device:
    """``auto``: CUDA if available. Raises ConfigError, which calls it ``asked``, for a device that does not exist."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ConfigError(f"{asked} {name}: there is no such device here. Use auto, cpu or cuda.") from error
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"{asked} {name}: pwae cannot train on it. Use auto, cpu or cuda.")
    return torch.device("cpu") if device.type == "cpu" else device  # cpu:0, which weights cannot be read onto


def size_of(model: Model) -> dict[str, Any]:
    """The number of parameters in total, and in the tables of words and users."""
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "word_table": model.words.weight.numel(),
    }
