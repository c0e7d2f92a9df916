"""What is public: which names, with which arguments; cheap to import, typed for users."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import pwae_cli
import pwae_core
from pwae_core.data import untrained

SAMPLING = "samples: 'int' = 10, seed: 'int' = 7, decoding: 'Mapping[str, Any] | None' = None"
BATCH = f"{SAMPLING}, batch_size: 'int' = 64"
SIGNATURES = {
    "open_run": "(folder: 'str | Path', *, device: 'str' = 'auto', "
    "checkpoint: \"Literal['best', 'last', 'average']\" = 'best') -> 'Run'",
    "Run.answer": f"(self, context: 'Sequence[Utterance]', user: 'str' = '<unk>', *, {SAMPLING}) -> 'list[str]'",
    "Run.answer_as": "(self, context: 'Sequence[Utterance]', users: 'Sequence[str]', *, "
    f"{SAMPLING}) -> 'dict[str, list[str]]'",
    "Run.answer_batch": "(self, contexts: 'Sequence[Sequence[Utterance]]', users: 'Sequence[str] | None' = None, *, "
    f"{BATCH}) -> 'list[list[str]]'",
    "Run.answer_sessions": "(self, session_ids: 'Sequence[str] | None' = None, *, "
    f"corpus: 'str | Path | None' = None, split: 'Split' = 'test', {BATCH}) -> 'dict[str, list[str]]'",
    "Run.chat": "(self, user: 'str' = '<unk>', *, seed: 'int' = 7, "
    "decoding: 'Mapping[str, Any] | None' = None) -> 'Chat'",
    "Run.remark": "(self, user: 'str') -> 'str'",
    "score": "(responses: 'Iterable[Sentence | Sequence[Sentence]]', "
    "references: 'Iterable[Sentence | Sequence[Sentence]]', *, "
    "tokenizer: \"Literal['nltk', 'jieba', 'char', 'whitespace'] | None\" = None, "
    "embeddings: 'str | Path | None' = None, ngram: 'int' = 3, "
    "smoothing: \"Literal['nltk-current', 'nltk-legacy', 'none']\" = 'nltk-current', "
    "variant: \"Literal['paper', 'dialogwae']\" = 'paper', "
    "samples: 'int | None' = None, resamples: 'int' = 1000, seed: 'int' = 7) -> 'Scores'",
    "Scores.to_pandas": "(self) -> 'pd.DataFrame'",
    "open_artifact": "(folder: 'str | Path') -> 'Artifact'",
    "Artifact.to_arrow": "(self, table: 'str', columns: 'Sequence[str] | None' = None) -> 'pa.Table'",
    "Artifact.to_pandas": "(self, table: 'str', columns: 'Sequence[str] | None' = None) -> 'pd.DataFrame'",
    "sessions": "(corpus: 'str | Path', split: 'Split' = 'test') -> 'Iterator[Session]'",
    "Chat.say": "(self, text: 'str') -> 'str'",
    "Chat.switch": "(self, name: 'str', asked: 'str' = 'name') -> 'None'",
    "Chat.find": "(self, part: 'str') -> 'list[str]'",
    "Chat.why": "(self) -> 'Mapping[str, list[float]]'",
}
ATTRIBUTES = {
    "Run": {"folder", "system", "tokenizer", "users"},
    "Artifact": {"folder", "kind", "config", "facts", "tables"},
    "Scores": {"totals", "contexts"},
    "Session": {"session_id", "user", "context", "response"},
    "Total": {"value", "low", "high", "contexts", "signature"},
    "Metric": {"name", "score", "signature", "formula", "source", "traps"},
    "Mean": {"value", "units"},
    "Loss": {"total", "terms", "codes"},
    "Phase": {"name", "loss", "parameters", "optimiser", "repeats", "reuses_codes"},
}
OF_PLUGINS = {
    "Model": {
        *("display_name", "reference", "latent", "user_information", "deterministic", "user_rows", "words"),
        *("phases", "periods", "negative_log_likelihood", "begin", "step", "inform", "needs_statistics", "explain"),
    },
    "Batch": {
        *("context", "context_lengths", "from_responder", "response", "response_lengths", "user", "longest_context"),
    },
    "Reader": {"name", "recognises", "check", "spans", "read", "estimate", "bytes_a_row", "time_zone", "clean", "unit"},
    "Noise": {"dropout", "normal", "uniform", "training"},
    "ModelConfig": {"word_size", "hidden_size", "user_size", "latent_size", "components", "max_length"},
    "TrainConfig": {"autoencoder", "generator", "critic", "batch_size", "seed"},
}
"""What the parts of plugins are made of has at least."""


def found(path: str) -> object:
    value: object = pwae_core
    for name in path.split("."):
        value = getattr(value, name)
    return value


def public(kind: type) -> set[str]:
    return {name for name in {*vars(kind), *getattr(kind, "__dataclass_fields__", ())} if name[0] != "_"}


@pytest.mark.parametrize("path", SIGNATURES)
def test_arguments_are_what_they_were(path: str) -> None:
    assert str(inspect.signature(found(path))) == SIGNATURES[path]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_classes_have_what_they_had_and_no_more(name: str) -> None:
    methods = {path.partition(".")[2] for path in SIGNATURES if path.startswith(f"{name}.")}
    assert public(found(name)) == ATTRIBUTES[name] | methods


@pytest.mark.parametrize("name", OF_PLUGINS)
def test_what_parts_of_plugins_are_made_of_is_still_there(name: str) -> None:
    kind: Any = found(name)
    there = {*dir(kind), *getattr(kind, "__annotations__", ()), *getattr(kind, "model_fields", ())}
    assert OF_PLUGINS[name] - there == set()


def test_every_function_and_class_that_is_public_is_among_these() -> None:
    told = {path.partition(".")[0] for path in SIGNATURES} | {*ATTRIBUTES}
    plain = {"NOBODY", "PwaeError", "Sentence", "Split", "Utterance", "record_reader"}
    assert set(pwae_core.__all__) == told | plain | {*OF_PLUGINS}
    assert pwae_core.NOBODY == untrained.NOBODY


def test_every_name_has_a_place_and_is_listed() -> None:
    names = [name for names in pwae_core._PLACES.values() for name in names]
    assert sorted(names) == sorted(pwae_core.__all__)
    assert set(names) <= set(dir(pwae_core))
    with pytest.raises(AttributeError, match="no attribute 'bogus'"):
        _ = pwae_core.bogus


@pytest.mark.parametrize("path", [*SIGNATURES, *(name for name in ATTRIBUTES if name != "Total")])
def test_docstrings_tell_of_arguments_and_errors(path: str) -> None:
    value = found(path)
    told = inspect.getdoc(value) or ""
    assert told
    place = inspect.getmodule(value)
    if place is not None and place.__name__.startswith("pwae_core.api") and not dataclasses.is_dataclass(value):
        arguments = [name for name in inspect.signature(value).parameters if name != "self"]  # type: ignore[arg-type]
        shared = "those of ``" in told
        assert shared or len(arguments) < 2 or "Args:" in told
        assert "Raises:" in told or shared or path == "Scores.to_pandas"


def test_importing_loads_nothing_heavy() -> None:
    heavy = ("torch", "pandas", "numpy", "pyarrow", "pydantic", "nltk", "importlib.metadata")
    code = (
        "import sys; before = set(sys.modules); import pwae_core\n"
        "pwae_core.open_run, pwae_core.score, pwae_core.open_artifact, pwae_core.sessions, pwae_core.PwaeError\n"
        f"print(sorted({{*{heavy}}} & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_both_packages_say_that_they_are_typed() -> None:
    root = Path(__file__).parents[2]
    for package in (pwae_core, pwae_cli):
        assert (Path(package.__file__).parent / "py.typed").is_file()
    settings = import_module("tomllib").loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    data = settings["tool"]["setuptools"]["package-data"]
    assert data["pwae_core"] == data["pwae_cli"] == ["py.typed"]
