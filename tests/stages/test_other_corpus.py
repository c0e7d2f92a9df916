"""A second corpus that speaks the words of a first one, and is answered by its runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from planted import planted, write_jsonl
from trained import PREPROCESS

from pwae_core.data.responses import read_responses


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other conversations of eight users: six of the first corpus, and two more."""
    rows = planted(users=8, conversations=60, seed=5).rows
    return write_jsonl(rows, tmp_path_factory.mktemp("other") / "raw.jsonl")


@pytest.fixture(scope="module")
def other(raw: Path, made: Any) -> Path:
    from conftest import run_pwae

    out = raw.with_name("corpus")
    run_pwae("preprocess", raw, "--out", out, *PREPROCESS, "--vocabulary", made.corpus).succeeds()
    return out


def words(corpus: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(corpus / "vocabulary.parquet").to_pylist()
    return rows


def test_its_words_are_the_first_ones_and_its_counts_its_own(other: Path, made: Any) -> None:
    assert [(row["id"], row["token"]) for row in words(other)] == [(r["id"], r["token"]) for r in words(made.corpus)]
    known = {row["token"]: row["id"] for row in words(made.corpus)[4:]}
    train = pq.read_table(other / "train.parquet").to_pylist()
    assert [row["response_ids"] for row in train] == [[known.get(w, 1) for w in row["response"]] for row in train]
    counts = {row["token"]: row["count"] for row in words(other)}
    assert counts != {row["token"]: row["count"] for row in words(made.corpus)}
    manifests = [json.loads((one / "manifest.json").read_text()) for one in (other, made.corpus)]
    assert manifests[0]["inputs"]["vocabulary"] == manifests[1]["facts"]["vocabulary"]
    assert "vocabulary" not in manifests[1]["inputs"]
    assert 0 <= manifests[0]["facts"]["out_of_vocabulary"] < 1


def test_another_vocabulary_is_another_corpus(pwae: Any, raw: Path, other: Path, made: Any) -> None:
    command = ("preprocess", raw, "--out", other, *PREPROCESS)
    assert "already exists" in pwae(*command, "--vocabulary", made.corpus).succeeds().stdout
    pwae(*command).fails(6, "--force")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tokenizer", "char"], "was made with tokenizer whitespace, this corpus would be with char"),
        (["--lowercase"], "was made with lowercase False, this corpus would be with True"),
    ],
)
def test_words_made_in_another_way_are_refused(
    pwae: Any, raw: Path, made: Any, tmp_path: Path, options: list[str], words: str
) -> None:
    command = ("preprocess", raw, "--out", tmp_path / "c", *PREPROCESS, *options, "--vocabulary", made.corpus)
    pwae(*command).fails(6, f"--vocabulary {made.corpus} ", words)
    pwae(*command[:-1], made.vectors).fails(6, "expected corpus (of")
    assert list(tmp_path.iterdir()) == []


def test_its_test_split_is_answered_by_the_people_of_the_same_ids(
    pwae: Any, other: Path, made: Any, tmp_path: Path
) -> None:
    command = ("sample", made.personawae, "--test-of", other, "--samples", 2)
    printed = pwae(*command, "--out", tmp_path / "r").succeeds().stdout
    table = read_responses(tmp_path / "r").table.to_pylist()
    test = pq.read_table(other / "test.parquet").to_pylist()
    assert [row["session_id"] for row in table] == [row["session_id"] for row in test]
    known = set(pq.read_table(made.corpus / "users.parquet")["user_id"].to_pylist())
    strange = [row["user_id"] for row in test if row["user_id"] not in known]
    assert strange
    assert f"{len(strange)} contexts are of {len(set(strange))} user" in printed.replace("context is", "contexts are")
    lines = tmp_path / "lines.jsonl"
    pwae("prompts", other, "--out", lines, "--samples", 2).succeeds()
    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    for row in rows:  # the speakers tell the same, whoever is called nobody
        if row["user_id"] not in known:
            row["context_user_ids"] = ["<unk>" if who == row["user_id"] else who for who in row["context_user_ids"]]
            row["user_id"] = "<unk>"
    streamed = pwae(
        "sample", made.personawae, "--input", "-", stdin="\n".join(map(json.dumps, rows)).encode()
    ).succeeds()
    answers = [json.loads(line)["responses"] for line in streamed.stdout.splitlines()]
    assert answers == [[" ".join(tokens) for tokens in row["responses"]] for row in table]
    scored = pwae("evaluate", tmp_path / "r", "--resamples", 10, "--json").succeeds()
    assert scored.json


def test_the_run_s_own_corpus_is_asked_for_by_its_name(pwae: Any, other: Path, made: Any, tmp_path: Path) -> None:
    pwae("sample", made.personawae, "--corpus", other, "--out", tmp_path / "r").fails(6, "is not the corpus that")
    pwae("sample", made.personawae, "--test-of", made.vectors, "--out", tmp_path / "r").fails(6, "expected corpus (of")
    both = pwae("sample", made.personawae, "--test-of", other, "--corpus", made.corpus, "--out", tmp_path / "r")
    assert both.exit_code == 2
