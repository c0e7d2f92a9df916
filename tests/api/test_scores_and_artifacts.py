"""Scoring one's own lists gives what ``pwae evaluate`` gives; artifacts are read as they were written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from judged import make_corpus, make_responses

import pwae_core
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, ConfigError, EmptyResultError, InputError, StorageError
from pwae_core.stages.evaluate import evaluate

TOKENS = [[["tea", "is", "good"], ["i", "like", "tea"]], [["rain"], []]]
REFERENCES = [[["i", "like", "good", "tea"]], [["rain", "again"], ["rain", "today"]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, responses and their scores."""
    folder = tmp_path_factory.mktemp("scored")
    judged = make_corpus(folder / "corpus", 40)
    make_responses(folder / "answers", "Ours", judged)
    evaluate([Named(folder / "answers")], EvaluateConfig(resamples=50, seed=3), out=folder / "scores")
    return folder


def test_lists_score_as_evaluate_scores_them(folder: Path) -> None:
    frame = pwae_core.open_artifact(folder / "answers").to_pandas("responses")
    found = pwae_core.score(frame["responses"], frame["references"], resamples=50, seed=3)
    kept = pwae_core.open_artifact(folder / "scores")
    stored = kept.to_pandas("totals").drop(columns="system")
    mine = found.to_pandas()
    mine["signature"] = mine["signature"].str.replace("tok:given", "tok:nltk")  # the artifact says what made its tokens
    pd.testing.assert_frame_equal(mine, stored)
    rows = kept.to_pandas("scores")
    for metric, own in rows.groupby("metric", sort=False):
        assert own["value"].tolist() == found.contexts[str(metric)].tolist()


def test_strings_score_as_their_tokens() -> None:
    strings = [[" ".join(tokens) for tokens in sentences] for sentences in TOKENS]
    references = [[" ".join(tokens) for tokens in sentences] for sentences in REFERENCES]
    by_string = pwae_core.score(strings, references, tokenizer="whitespace").totals
    by_token = pwae_core.score(TOKENS, REFERENCES).totals
    assert [one.value for one in by_string.values()] == [one.value for one in by_token.values()]
    assert "|tok:whitespace|" in by_string["BLEU-F1"].signature
    assert "|tok:given|" in by_token["BLEU-F1"].signature


def test_a_single_sentence_may_be_a_string_and_lists_may_be_anything_that_holds() -> None:
    one = pwae_core.score(["tea is good"], ["tea is good"], tokenizer="whitespace").totals
    mixed = pwae_core.score([[["tea", "is", "good"]]], [["tea is good"]], tokenizer="whitespace").totals
    assert one == mixed
    arrays = [tuple(np.array(tokens) for tokens in sentences) for sentences in TOKENS]
    assert pwae_core.score((one for one in arrays), REFERENCES).totals == pwae_core.score(TOKENS, REFERENCES).totals
    columns = (pa.array(TOKENS), pa.chunked_array([REFERENCES]))
    assert pwae_core.score(*columns).totals == pwae_core.score(TOKENS, REFERENCES).totals
    first = pwae_core.score(TOKENS, REFERENCES, samples=1)
    assert first.totals == pwae_core.score([one[:1] for one in TOKENS], REFERENCES).totals


REFUSED: list[tuple[type[Exception], str, Callable[[], object]]] = [
    (EmptyResultError, "no responses to score", lambda: pwae_core.score([], [])),
    (InputError, "responses has 2 contexts, references 1.", lambda: pwae_core.score(TOKENS, REFERENCES[:1])),
    (ConfigError, "holds strings. Say how to tokenise them: tokenizer = nltk", lambda: pwae_core.score(["a"], ["b"])),
    (InputError, "context 1: responses is empty", lambda: pwae_core.score([TOKENS[0], []], REFERENCES)),
    (InputError, "context 1: references is empty", lambda: pwae_core.score(TOKENS, [REFERENCES[0], []])),
    (
        InputError,
        "context 1 has 1 response, expected 2. Score the first 1 of each: samples=1.",
        lambda: pwae_core.score([TOKENS[0], TOKENS[1][:1]], REFERENCES),
    ),
    (InputError, "context 0 has 2 responses, expected 3", lambda: pwae_core.score(TOKENS, REFERENCES, samples=3)),
    (InputError, "context 0: responses: expected a string, got int", lambda: pwae_core.score([[[1]]], [[["a"]]])),
    (InputError, "context 0: responses: expected a list of sen", lambda: pwae_core.score([None], [[["a"]]])),
    (InputError, "context 0: responses: expected a list of tok", lambda: pwae_core.score([[None]], [[["a"]]])),
    (InputError, "context 0: responses", lambda: pwae_core.score([7], [[["a"]]])),
    (InputError, "responses: expected a list of contexts, got None", lambda: pwae_core.score(None, [])),
    (InputError, "responses: expected a list of contexts, got the string 'abc'", lambda: pwae_core.score("abc", "abc")),
    (InputError, "expected a list of contexts, got {'c1': ['a']}", lambda: pwae_core.score({"c1": ["a"]}, ["a"])),
    (InputError, "expected a list of contexts, got x", lambda: pwae_core.score(pd.DataFrame({"x": ["a"]}), ["a"])),
    (InputError, "got {'a'}", lambda: pwae_core.score([{"a"}], ["a"])),
    (InputError, "embeddings: expected a path, got 3", lambda: pwae_core.score(TOKENS, REFERENCES, embeddings=3)),
    (InputError, "context 0: references", lambda: pwae_core.score([[["a"]]], [{"a": 1}])),
    (ConfigError, "ngram", lambda: pwae_core.score(TOKENS, REFERENCES, ngram=0)),
    (ConfigError, "tokenizer", lambda: pwae_core.score(TOKENS, REFERENCES, tokenizer="spacy")),  # type: ignore[arg-type]
    (ArtifactError, "holds no vectors", lambda: pwae_core.score(TOKENS, REFERENCES, embeddings="none")),
]


@pytest.mark.parametrize(("kind", "words", "asked"), REFUSED)
def test_what_cannot_be_scored_is_one_line(kind: type[Exception], words: str, asked: Callable[[], object]) -> None:
    with pytest.raises(kind) as caught:
        asked()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scores_are_equal_where_their_totals_are() -> None:
    found = pwae_core.score(TOKENS, REFERENCES)
    assert found == pwae_core.score(TOKENS, REFERENCES)
    assert found != pwae_core.score(TOKENS, TOKENS)
    assert "array" not in repr(found)
    assert {found: 1}[pwae_core.score(TOKENS, REFERENCES)] == 1


def test_columns_are_named_by_whatever_holds_them(made: Any) -> None:
    corpus = pwae_core.open_artifact(made.corpus)
    names = ["user_id", "context"]
    for held in (tuple, iter, pd.Index, pd.Series, pa.array):
        assert corpus.to_pandas("test", held(names)).columns.tolist() == names
    assert corpus.to_pandas("test", [*names, *names]).columns.tolist() == names
    assert corpus.to_arrow("test", []).num_columns == 0
    with pytest.raises(InputError, match="columns: expected a list of names, got the string 'user_id'"):
        corpus.to_arrow("test", "user_id")
    with pytest.raises(InputError, match="columns: expected a name, got 0"):
        corpus.to_arrow("test", [0])  # type: ignore[list-item]
    assert repr(corpus) == f"<Artifact {made.corpus}: corpus>"
    assert corpus in {corpus}


def test_every_kind_of_artifact_is_read(folder: Path, made: Any) -> None:
    answers = pwae_core.open_artifact(folder / "answers")
    assert (answers.kind, answers.tables, answers.facts["system"]) == ("responses", ("responses",), "Ours")
    assert answers.folder == folder / "answers"
    log = pwae_core.open_artifact(made.personawae).to_pandas("log")
    assert set(log["split"]) == {"train", "valid"}
    corpus = pwae_core.open_artifact(str(made.corpus))
    assert corpus.config["tokenizer"] == "whitespace"
    assert corpus.to_arrow("users", ["user_id"]).column_names == ["user_id"]
    session = corpus.to_pandas("test", ["context"]).iloc[0]["context"]
    assert isinstance(session, list)
    assert isinstance(session[0][0], str)
    assert pwae_core.open_artifact(made.vectors).to_arrow("vectors").num_rows == corpus.to_arrow("vocabulary").num_rows


def test_what_cannot_be_read_is_one_line(folder: Path, tmp_path: Path) -> None:
    answers = pwae_core.open_artifact(folder / "answers")
    with pytest.raises(InputError, match=r"has no table 'totals'\. It has responses"):
        answers.to_arrow("totals")
    with pytest.raises(InputError, match=r"has no column 'text'\. Its columns are session_id, user_id"):
        answers.to_pandas("responses", ["text"])
    with pytest.raises(ArtifactError, match="holds nothing that a pwae command has completed"):
        pwae_core.open_artifact(tmp_path)
    with pytest.raises(StorageError, match="File name too long"):
        pwae_core.open_artifact("x" * 300)
    for folder_given in (None, 3, answers):
        with pytest.raises(InputError, match="folder: expected a path, got"):
            pwae_core.open_artifact(folder_given)
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": "run"}))
    with pytest.raises(ArtifactError, match="was altered or damaged"):
        pwae_core.open_artifact(tmp_path)


def test_sessions_are_those_of_the_split(made: Any) -> None:
    rows = pwae_core.open_artifact(made.corpus).to_arrow("valid").to_pylist()
    found = list(pwae_core.sessions(made.corpus, "valid"))
    assert [asdict(one) for one in found] == [
        {
            "session_id": row["session_id"],
            "user": row["user_id"],
            "context": tuple(zip(row["context_user_ids"], map(tuple, row["context"]), strict=True)),
            "response": tuple(row["response"]),
        }
        for row in rows
    ]
    with pytest.raises(InputError, match="expected train, valid or test"):
        pwae_core.sessions(made.corpus, "dev")  # type: ignore[arg-type]
    with pytest.raises(ArtifactError, match="holds run"):
        pwae_core.sessions(made.personawae)
    assert isinstance(pwae_core.open_artifact(made.corpus).to_arrow("test"), pa.Table)
