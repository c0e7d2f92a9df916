"""Reading responses: our artifact, others' files, what is refused and in which words."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pwae_core import artifacts
from pwae_core.data.responses import (
    Named,
    ResponseSet,
    align,
    complete,
    empty_references,
    read_responses,
    same_answer,
)
from pwae_core.data.responses import named as read_name
from pwae_core.errors import ArtifactError, ConfigError, EmptyResultError, InputError
from pwae_core.schemas import ARTIFACTS, RESPONSES

ROW = {
    "session_id": "c1#0",
    "user_id": "u1",
    "context_user_ids": ["u2", "u1"],
    "context": [["hi"], ["hello", "you"]],
    "references": [["good", "day"]],
    "responses": [["good", "night"], ["hi"]],
}


def jsonl(folder: Path, *rows: Any, name: str = "other.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def artifact(folder: Path, rows: list[dict[str, Any]], **facts: Any) -> Path:
    plan = artifacts.Plan("responses", {}, {"run": folder.name})
    known = {"system": "PersonaWAE", "vocabulary": "v" * 64, "tokenizer": "nltk", "seed": 1, "samples": 2}
    with artifacts.draft(folder, plan) as draft:
        draft.write("responses.parquet", pa.Table.from_pylist(rows, schema=RESPONSES))
        draft.facts = known | facts
    return folder


def corpus(folder: Path) -> artifacts.Artifact:
    session = {
        "session_id": "c1#0",
        "conversation_id": "c1",
        "turn": 0,
        "user": 1,
        "user_id": "u1",
        "context_user_ids": ["u2", "u1"],
        "context": [["hi"], ["hello", "you"]],
        "response": ["good", "day"],
        "context_ids": [[4], [5, 6]],
        "response_ids": [7, 8],
        "time": None,
    }
    with artifacts.draft(folder, artifacts.Plan("corpus", {}, {})) as draft:
        for name, schema in ARTIFACTS["corpus"].items():
            rows = [session] if name == "test.parquet" else []
            draft.write(name, pa.Table.from_pylist(rows, schema=schema))
        draft.facts = {"vocabulary": "v" * 64}
    return artifacts.load(folder, "corpus")


def test_reads_our_artifact(tmp_path: Path) -> None:
    made = read_responses(artifact(tmp_path / "responses", [ROW]))
    assert made.table.to_pylist() == [ROW]
    assert (made.system, made.tokenizer, len(made.fingerprint)) == ("PersonaWAE", "nltk", 64)
    assert made.facts is not None
    assert made.facts["samples"] == 2
    assert read_responses(tmp_path / "responses", system="ours").system == "ours"


def test_reads_strings_and_token_lists_alike(tmp_path: Path) -> None:
    texts = ROW | {"context": ["hi", "hello  you"], "references": ["good day"], "responses": ["good night", "hi"]}
    from_tokens = read_responses(jsonl(tmp_path, ROW))
    from_texts = read_responses(jsonl(tmp_path, texts, name="texts.jsonl"), tokenizer="whitespace")
    assert from_tokens.table.equals(from_texts.table)
    assert from_tokens.table.schema.equals(RESPONSES)
    assert (from_tokens.system, from_tokens.tokenizer) == ("other", "given")
    assert (from_texts.system, from_texts.tokenizer) == ("texts", "whitespace")
    assert from_tokens.facts is None


def test_one_word_in_two_unicode_forms_is_one_token(tmp_path: Path) -> None:
    for name, responses in (("tokens", [["de\u0301ja\u0300", "vu"]]), ("texts", ["de\u0301ja\u0300\u200b vu"])):
        row = {"session_id": "a", "responses": responses}
        read = read_responses(jsonl(tmp_path, row, name=f"{name}.jsonl"), tokenizer="nltk")
        assert read.table["responses"].to_pylist() == [[["déjà", "vu"]]]


def test_reads_parquet_with_the_fewest_columns(tmp_path: Path) -> None:
    path = tmp_path / "llm.parquet"
    pq.write_table(
        pa.table({"session_id": ["a", "b"], "responses": [["one two"], ["", "x"]], "extra": [1.5, 2.5]}), path
    )
    rows = read_responses(path, tokenizer="whitespace").table.to_pylist()
    assert rows[0]["responses"] == [["one", "two"]]
    assert rows[1]["responses"] == [[], ["x"]]
    assert (rows[0]["references"], rows[0]["context"], rows[0]["user_id"]) == ([], [], "")


def test_one_reference_may_be_given_as_a_string_or_a_token_list(tmp_path: Path) -> None:
    rows = [
        {"session_id": "a", "responses": ["x y"], "reference": "good day"},
        {"session_id": "b", "responses": ["x y"], "reference": ["good", "day"]},
    ]
    table = read_responses(jsonl(tmp_path, *rows), tokenizer="whitespace").table
    assert table["references"].to_pylist() == [[["good", "day"]], [["good", "day"]]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"responses": ["x"]}, "line 2: session_id is missing. Every row needs session_id and responses."),
        ({"session_id": "b"}, "line 2: responses is missing. Every row needs session_id and responses."),
        (
            {"session_id": "b", "responses": []},
            "line 2: responses is empty. Every context needs one or more.",
        ),
        ({"session_id": 7, "responses": ["x"]}, "line 2: session_id: expected a string, got int 7."),
        (
            {"session_id": "b", "responses": "x"},
            "line 2: responses: expected a list of strings or of token lists, got a string.",
        ),
        ({"session_id": "b", "responses": [None]}, "line 2: responses: expected a string, got null."),
        ({"session_id": "b", "responses": [["x", 3]]}, "line 2: responses: expected a string, got int 3."),
        (
            {"session_id": "b", "responses": ["x"], "reference": "r", "references": ["r"]},
            "line 2: both reference and references are given. Keep one of them.",
        ),
        ({"session_id": "b", "responses": ["x"], "user_id": 4}, "line 2: user_id: expected a string, got int 4."),
        (
            {"session_id": "b", "responses": ["x"], "context_user_ids": "u"},
            "line 2: context_user_ids: expected a list of strings, got a string.",
        ),
        ([1], "line 2: expected a JSON object, got list."),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: Any, message: str) -> None:
    path = jsonl(tmp_path, ROW, row)
    with pytest.raises(InputError) as caught:
        read_responses(path, tokenizer="whitespace")
    assert str(caught.value) == f"{path}, {message}"


def test_bytes_that_are_not_jsonl_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'\n{"session_id": \n')
    with pytest.raises(InputError, match=r"x\.jsonl, line 2: not JSON \(.*\)\. Each line must be one JSON object\."):
        read_responses(path)
    path.write_bytes(b'\n\n{"session_id": "\xb9"}\n')
    with pytest.raises(InputError, match=r"line 3: not UTF-8\. Convert the file to UTF-8\."):
        read_responses(path)
    path.write_bytes(b'{"session_id": "a", "responses": ["\\ud800"]}\n')
    with pytest.raises(InputError, match="line 1: responses: half a surrogate pair is not text"):
        read_responses(path, tokenizer="whitespace")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[" * 100_000, r"line 2: not JSON \(nested too deep\)"),
        ('{"a":' * 100_000, r"line 2: not JSON \(nested too deep\)"),
        ('{"session_id": "b", "responses": ' + "[" * 500 + "]" * 500 + "}", "line 2: responses: expected a string"),
        ('{"session_id": ' + "9" * 5000 + "}", r"line 2: not JSON \(Exceeds the limit"),
        ('{"session_id": NaN, "responses": ["x"]}', "line 2: session_id: expected a string, got float nan"),
        (
            '{"session_id": "b", "responses": ["x"], "responses": ["y"]}',
            r"line 2: not JSON \('responses' occurs twice\)",
        ),
        ("\0", r"line 2: not JSON"),
        ("\ufeff{}", r"line 2: not JSON"),
    ],
)
def test_what_json_can_be_and_a_row_cannot(tmp_path: Path, line: str, message: str) -> None:
    path = jsonl(tmp_path, ROW)
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_responses(path, tokenizer="whitespace")
    assert len(str(caught.value)) < 500


def test_a_packed_file_is_read_and_a_line_without_an_end_is_not(tmp_path: Path, monkeypatch: Any) -> None:
    path = jsonl(tmp_path, ROW)
    whole = read_responses(path, tokenizer="whitespace").table
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read_responses(path, tokenizer="whitespace").table.equals(whole)
    monkeypatch.setattr("pwae_core.data.external_responses.LONGEST_LINE", 1 << 20)
    path.write_bytes(gzip.compress(b" " * (1 << 21)))
    with pytest.raises(InputError, match="line 1: longer than 1 MiB"):
        read_responses(path, tokenizer="whitespace")


def test_parquet_that_cannot_be_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    ids, answers = pa.array(["a", "b"]), pa.array([["x"], ["y"]])
    pq.write_table(pa.table([ids, ids, answers], names=["session_id", "session_id", "responses"]), path)
    with pytest.raises(InputError, match=r"two columns are called session_id\. Keep one of them\."):
        read_responses(path, tokenizer="whitespace")
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"a", b"\xff"]).buffers())
    pq.write_table(pa.table([broken, answers], names=["session_id", "responses"]), path)
    with pytest.raises(InputError, match=r"x\.parquet is not a readable Parquet file \(.*utf-8"):
        read_responses(path, tokenizer="whitespace")


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_compressed_files_as_compressors_call_them(tmp_path: Path, ending: str, pack: Any) -> None:
    plain = read_responses(jsonl(tmp_path, ROW))
    packed = tmp_path / f"other.jsonl{ending}"
    packed.write_bytes(pack((tmp_path / "other.jsonl").read_bytes()))
    read = read_responses(packed)
    assert (read.system, read.table) == ("other", plain.table)


def test_other_bad_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl does not exist\. Give a folder written by 'pwae sample'"):
        read_responses(tmp_path / "none.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(InputError, match=r"pipe\.jsonl is a pipe, not a file\."):
        read_responses(tmp_path / "pipe.jsonl")
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(
        InputError, match=r"x\.txt is neither a folder written by 'pwae sample' nor a \.jsonl or \.parquet file"
    ):
        read_responses(tmp_path / "x.txt")
    (tmp_path / "x.parquet").write_text("x")
    with pytest.raises(InputError, match=r"x\.parquet is not a readable Parquet file"):
        read_responses(tmp_path / "x.parquet")
    (tmp_path / "x.jsonl").write_text("\n")
    with pytest.raises(InputError, match=r"x\.jsonl holds no responses\. It needs one row per context\."):
        read_responses(tmp_path / "x.jsonl")
    with pytest.raises(ArtifactError, match=r"holds no responses\. Run 'pwae sample' first\."):
        read_responses(tmp_path)
    with pytest.raises(InputError, match=r"other\.jsonl, row 2: session_id 'c1#0' occurs twice\."):
        read_responses(jsonl(tmp_path, ROW, ROW))


def test_strings_need_a_tokenizer(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"session_id": "a", "responses": ["x"]})
    with pytest.raises(ConfigError, match=r"holds strings\. Say how to tokenise them: --tokenizer nltk, jieba,"):
        read_responses(path)
    with pytest.raises(ConfigError, match="tokenizer: expected one of nltk, jieba, char, whitespace, got 'bpe'"):
        read_responses(path, tokenizer="bpe")


def test_the_corpus_completes_and_checks(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "corpus")
    bare = read_responses(jsonl(tmp_path, {"session_id": "c1#0", "responses": [["good", "night"], ["hi"]]}))
    assert complete(bare, folder).table.to_pylist() == [ROW]
    wrong = read_responses(jsonl(tmp_path, ROW | {"references": [["bad", "day"]]}))
    with pytest.raises(InputError, match="references of session 'c1#0' differs from the test split of"):
        complete(wrong, folder)
    unknown = read_responses(jsonl(tmp_path, ROW | {"session_id": "c9#0"}))
    with pytest.raises(InputError, match="session_id 'c9#0' is not in the test split of"):
        complete(unknown, folder)
    several = read_responses(jsonl(tmp_path, ROW | {"references": [["so"], ["good", "day"]]}))
    assert complete(several, folder).table["references"].to_pylist() == [[["so"], ["good", "day"]]]


def named(folder: Path, name: str, *rows: Any) -> ResponseSet:
    return read_responses(jsonl(folder, *rows, name=f"{name}.jsonl"))


def test_align_orders_like_the_first(tmp_path: Path) -> None:
    a, b = ROW | {"session_id": "a"}, ROW | {"session_id": "b"}
    aligned = align([named(tmp_path, "one", a, b), named(tmp_path, "two", b, a)])
    assert [s.session_ids for s in aligned.sets] == [["a", "b"], ["a", "b"]]
    assert (aligned.contexts, aligned.left_out) == (2, {"one": 0, "two": 0})


def test_align_refuses_what_cannot_be_compared(tmp_path: Path) -> None:
    a, b, c = (ROW | {"session_id": name} for name in "abc")
    one, two = named(tmp_path, "one", a, b, c), named(tmp_path, "two", c)
    with pytest.raises(InputError, match=r"cover different contexts: 2 of 3 in .*one\.jsonl are not answered by all"):
        align([one, two])
    with pytest.raises(InputError, match=r"cover different contexts: 2 of 3 in .*one\.jsonl are not answered by all"):
        align([two, one])
    aligned = align([one, two], common=True)
    assert (aligned.contexts, aligned.left_out) == (1, {"one": 2, "two": 0})
    assert [s.session_ids for s in aligned.sets] == [["c"], ["c"]]
    with pytest.raises(EmptyResultError, match="No context is answered by all of"):
        align([named(tmp_path, "three", a), two], common=True)
    with pytest.raises(InputError, match="are both called 'two'"):
        align([two, two])
    for column, other in (("references", [["x"]]), ("context", [["x"]]), ("user_id", "u9")):
        with pytest.raises(InputError, match=f"differ in {column} of session 'c'"):
            align([two, named(tmp_path, "four", c | {column: other})])
    unknown = named(tmp_path, "four", c | {"context": [], "user_id": ""})
    assert align([two, unknown]).contexts == 1


def answered(*responses: list[list[str]]) -> pa.Table:
    return pa.Table.from_pylist([{**ROW, "responses": own} for own in responses], schema=RESPONSES)


def test_a_system_that_gives_most_contexts_one_answer_is_told() -> None:
    told = same_answer(answered(*[[["no", "."], ["hi"]]] * 6, *[[[f"w{n}"]] for n in range(5)]))
    assert told == (
        '6 of the 11 contexts get the same first answer, "no.". Scores of such a system mean little; check how it '
        "was trained."
    )
    assert '"".' in same_answer(answered(*[[[]]] * 10)), "an empty answer too"


@pytest.mark.parametrize(
    "responses", [[[["no"]]] * 9, [[["no"], ["yes"]]] * 5 + [[[f"w{n}"]] for n in range(6)]], ids=["few", "less"]
)
def test_a_system_with_different_answers_or_few_contexts_is_not_told(responses: list[list[list[str]]]) -> None:
    assert same_answer(answered(*responses)) == ""


@pytest.mark.parametrize(
    ("references", "told"),
    [
        ([[["hi"]], [["good", "day"], []]], ""),
        ([[["hi"]], [[]], [[], []]], "2 contexts have only empty references: BLEU is 0 there, whatever the answer is."),
        ([[[]]], "1 context has only empty references: BLEU is 0 there, whatever the answer is."),
    ],
)
def test_references_without_a_word_are_told(references: list[list[list[str]]], told: str) -> None:
    assert empty_references(pa.table({"references": references})) == told


def test_a_name_and_its_path_may_have_equals_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The labels of Table 3 have one: PersonaWAE K=1."""
    monkeypatch.chdir(tmp_path)
    for folder in ("k-1", "K=2", "a=b"):
        (tmp_path / folder).mkdir()
    for argument, name, path in (
        ("PersonaWAE K=1=k-1", "PersonaWAE K=1", "k-1"),
        ("PersonaWAE=k-1", "PersonaWAE", "k-1"),
        ("PersonaWAE K=2=K=2", "PersonaWAE K=2", "K=2"),
        ("K=2", None, "K=2"),
        ("a=a=b", "a", "a=b"),
        ("name=gone=too", "name", "gone=too"),
        ("gone", None, "gone"),
    ):
        assert read_name(argument) == Named(Path(path), name), argument
