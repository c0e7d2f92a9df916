"""A small corpus, its word vectors and tiny runs, made by the commands themselves: for tests of train and sample."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from altered import resealed
from planted import planted, write_jsonl
from safetensors.numpy import load_file
from together import StopAfter

from pwae_core.training.signals import StopRequest

PREPROCESS = ("--tokenizer", "whitespace", "--min-utterances", 5, "--valid", 0.1, "--test", 0.1)
SIZES = ("word_size=16", "hidden_size=24", "user_size=12", "latent_size=8", "max_length=12")
DROPOUT = ("word_dropout=0.1", "decoder_dropout=0")
RATES = ("autoencoder.rate=5e-3", "generator.rate=1e-3", "critic.rate=1e-3")
QUICK = ("autoencoder.kind=adam", "autoencoder.decay=1", *RATES, "batch_size=16")


@dataclass(frozen=True)
class Made:
    """Folders that tests read and never change: copy what is to be changed."""

    corpus: Path
    vectors: Path
    personawae: Path
    seq2seq: Path

    def train(self, out: Path, *settings: str) -> list[object]:
        """The words of a ``pwae train`` command whose run is tiny and quick, with ``settings`` (key=value) on top."""
        given = (*(f"model.{size}" for size in (*SIZES, *DROPOUT)), *QUICK, *settings)
        options = [word for setting in given for word in ("--set", setting)]
        return ["train", self.corpus, "--embeddings", self.vectors, "--out", out, "--device", "cpu", *options]

    def same_words(self, out: Path) -> Path:
        """A corpus that speaks the same vocabulary, and is another one."""
        shutil.copytree(self.corpus, out)
        resealed(out / "manifest.json", lambda note: note["config"].update(seed=note["config"]["seed"] + 1))
        return out


def write_corpus(pwae: Callable[..., Any], out: Path, *options: object, **people: Any) -> Path:
    """A corpus of planted habits, 160 training sessions and 20 in each held-out split where not said otherwise."""
    rows = planted(**{"users": 6, "conversations": 80, "seed": 1} | people).rows
    raw = write_jsonl(rows, out.with_suffix(".jsonl"))
    pwae("preprocess", raw, "--out", out, *PREPROCESS, *options).succeeds()
    return out


def make(pwae: Callable[..., Any], folder: Path) -> Made:
    made = Made(folder / "corpus", folder / "vectors", folder / "personawae", folder / "seq2seq")
    write_corpus(pwae, made.corpus)
    pwae("embed-words", made.corpus, "--out", made.vectors, "--dimension", 16, "--epochs", 1).succeeds()
    pwae(*made.train(made.personawae, "max_steps=60", "validate_every=20")).succeeds()
    pwae(*made.train(made.seq2seq, "model.name=seq2seq", "autoencoder.rate=0.02", "max_steps=150")).succeeds()
    return made


def stopped(pwae: Callable[..., Any], iteration: int, command: list[object]) -> None:
    """Runs a training command that is stopped after ``iteration`` iterations, its last checkpoint saved."""

    @contextmanager
    def stops() -> Iterator[StopRequest]:
        yield StopAfter(iteration - 1)  # it comes in the iteration after so many

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pwae_core.stages.train.stop_requests", stops)
        pwae(*command).fails(143, f"Stopped at iteration {iteration}; ", "Run the same command again to continue.")


def weights(run: Path, name: str) -> dict[str, np.ndarray]:
    """The tensors of a run's best or last checkpoint."""
    (path,) = (run / "checkpoints").glob(f"{name}-*.safetensors")
    return load_file(path)
