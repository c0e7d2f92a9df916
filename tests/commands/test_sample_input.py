"""``pwae sample --input``: lines in, lines out, as they arrive."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pwae_core.data.responses import read_responses
from pwae_core.text.tokenize import detokenise

TEA = {"session_id": "tea", "user_id": "user001", "context": ["do you like tea ?", "tea is not for me"]}


def lined(rows: Sequence[object]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def read(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


@contextmanager
def piped(run: Path, *options: str, **settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    """``pwae sample RUN --input -`` in a process of its own, whose streams are pipes."""
    command = [sys.executable, "-m", "pwae_cli", "sample", str(run), "--input", "-", "--samples", "1", *options]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, bufsize=0, **streams, **settings) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def prompted(pwae_module: Callable[..., Any], made: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prompts") / "p.jsonl"
    pwae_module("prompts", made.corpus, "--out", out, "--samples", 3).succeeds()
    return out


@pytest.fixture(scope="module")
def pwae_module() -> Callable[..., Any]:
    from conftest import run_pwae

    return run_pwae


@pytest.mark.parametrize("batch_size", [1, 64])
def test_the_prompts_of_a_test_split_get_the_answers_of_the_test_split(pwae, made, prompted, tmp_path, batch_size):
    pwae("sample", made.personawae, "--out", tmp_path / "r", "--samples", 3).succeeds()
    split = read_responses(tmp_path / "r").table.to_pylist()
    printed = pwae("sample", made.personawae, "--input", prompted, "--batch-size", batch_size).succeeds()
    assert read(printed.stdout) == [
        {
            "session_id": row["session_id"],
            "user_id": row["user_id"],
            "responses": [detokenise(tokens) for tokens in row["responses"]],
        }
        for row in split
    ]
    assert printed.stderr == ""


def test_a_line_gets_what_the_typed_context_gets(pwae, made):
    """Strings are cleaned and tokenised as the corpus was; without an id the context itself is the seed."""
    typed = ("--context", TEA["context"][0], "--context", TEA["context"][1], "--user", "user001", "--user", "user004")
    shown = pwae("sample", made.personawae, *typed, "--samples", 2, "--json").succeeds().json["shown"]
    line = {"context": TEA["context"], "samples": 2}
    for options in ((), ("--user", "user001", "--user", "user004", "--user", "user001")):
        rows = [line] if options else [line | {"user_id": name} for name in ("user001", "user004")]
        answers = read(pwae("sample", made.personawae, "--input", "-", *options, stdin=lined(rows)).succeeds().stdout)
        assert answers == [{"user_id": one["user"], "responses": one["responses"]} for one in shown]


def test_every_line_gets_as_many_answers_as_it_asks_for(pwae, made):
    rows = [TEA | {"samples": number} for number in (3, 1, 2)] + [TEA]
    printed = pwae("sample", made.personawae, "--input", "-", "--samples", 4, stdin=lined(rows)).succeeds().stdout
    answers = [row["responses"] for row in read(printed)]
    assert answers == [answers[-1][:number] for number in (3, 1, 2, 4)]


def test_a_packed_file_and_a_named_pipe_are_read(pwae, made, tmp_path):
    rows = lined([TEA, TEA | {"session_id": "other"}])
    expected = pwae("sample", made.seq2seq, "--input", "-", stdin=b"\xef\xbb\xbf\n" + rows).succeeds().stdout
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(rows[:-1]))
    assert pwae("sample", made.seq2seq, "--input", tmp_path / "c.jsonl.gz").succeeds().stdout == expected
    os.mkfifo(tmp_path / "pipe")
    kept = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    (tmp_path / "pipe").write_bytes(rows)
    assert pwae("sample", made.seq2seq, "--input", tmp_path / "pipe").succeeds().stdout == expected
    os.close(kept)


def test_an_answer_comes_before_the_next_line_is_written(made):
    """Who waits for each answer gets it; half a line is waited for afterwards; Ctrl-C is clean."""
    with piped(made.seq2seq) as process:
        first, second = lined([TEA]), lined([TEA | {"session_id": "next"}])
        process.stdin.write(first + second[:20])
        assert json.loads(process.stdout.readline())["session_id"] == "tea"
        process.stdin.write(second[20:])
        assert json.loads(process.stdout.readline())["session_id"] == "next"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read().decode().startswith("pwae: Interrupted;")


def test_a_reader_who_goes_away_is_no_error_and_utf_8_needs_no_locale(made):
    with piped(
        made.seq2seq, env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ) as process:
        process.stdin.write(lined([TEA | {"session_id": "茶\u202e"}]))
        assert process.stdout.readline().startswith(b'{"session_id": "\\u8336\\u202e", ')
        process.stdout.close()
        process.stdin.write(lined([TEA]))
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


BAD = {
    b"{": "not JSON",
    b"[1]": "expected a JSON object, got list.",
    b"\xff": "not UTF-8.",
    b'{"prompt": "hi"}': "context is missing.",
    b'{"context": []}': "context is empty.",
    b'{"context": "hi"}': "context: expected a list of strings or of token lists, got a string.",
    b'{"context": ["hi", 1]}': "context: expected a string, got int 1.",
    b'{"context": ["hi", " "]}': "context: nothing is left of utterance 2 after cleaning.",
    b'{"context": [[]]}': "context: nothing is left of utterance 1 after cleaning.",
    b'{"context": ["\\ud800"]}': "context: half a surrogate pair is not text.",
    b'{"context": ["hi"], "context": ["ho"]}': "'context' occurs twice",
    b'{"context": ["hi"], "user_id": "user0001"}': "user_id user0001: the run knows no such user. Similar ids: user001",
    b'{"context": ["hi"], "user_id": 1}': "user_id: expected a string, got int 1.",
    b'{"context": ["hi"], "session_id": 1}': "session_id: expected a string, got int 1.",
    b'{"context": ["hi"], "context_user_ids": []}': "context_user_ids: 0 for 1 utterances.",
    b'{"context": ["hi"], "samples": 0}': "samples: expected a whole number from 1 to 100, got 0.",
    b'{"context": ["hi"], "samples": true}': "samples: expected a whole number from 1 to 100, got True.",
    b'{"context": [' + b'"hi", ' * 100 + b'"hi"]}': "context: 101 utterances. Keep the last 100 at most.",
    b'{"context": ["' + b"x" * (3 << 20) + b'"]}': "longer than 1 MiB.",
}


def test_a_bad_line_stops_after_the_answers_before_it(pwae, made, tmp_path):
    path = tmp_path / "c.jsonl"
    for bad, words in BAD.items():
        path.write_bytes(lined([TEA]) + b"\n" + bad + b"\n" + lined([TEA]))
        result = pwae("sample", made.seq2seq, "--input", path, "--samples", 1)
        assert result.exit_code == 4
        assert [row["session_id"] for row in read(result.stdout)] == ["tea"]
        (told,) = result.stderr.splitlines()
        assert told.startswith(f"pwae: {path}, line 3: ")
        assert words in told


def test_keep_going_answers_all_the_others_in_their_order(pwae, made):
    rows = [TEA | {"session_id": str(number)} for number in range(len(BAD))]
    mixed = b"".join(bad + b"\n" + lined([row]) for bad, row in zip(BAD, rows, strict=True))
    for batch_size in (1, 5):
        command = ("sample", made.seq2seq, "--input", "-", "--keep-going", "--batch-size", batch_size)
        result = pwae(*command, stdin=mixed)
        assert result.exit_code == 4
        assert [row["session_id"] for row in read(result.stdout)] == [row["session_id"] for row in rows]
        *told, last = result.stderr.splitlines()
        assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
            f"standard input, line {2 * number + 1}" for number in range(len(BAD))
        ]
        assert last == f"pwae: {len(BAD)} lines of --input could not be answered; the others were."


def test_contexts_longer_than_those_of_training_are_remarked_on_once(pwae, made):
    long = {"context": ["tea ?"] * 12, "user_id": "<unk>"}
    result = pwae("sample", made.seq2seq, "--input", "-", "--batch-size", 1, stdin=lined([TEA, long, long])).succeeds()
    assert result.stderr.count("Contexts of training had at most") == 1
    assert len(read(result.stdout)) == 3
    assert "Contexts" not in pwae("sample", made.seq2seq, "--input", "-", stdin=lined([TEA])).succeeds().stderr


def test_text_of_the_lines_is_inert(pwae, made):
    rows = [TEA | {"session_id": "\x1b[31m\u202e", "user_id": "\x1b[31m"}]
    result = pwae("sample", made.seq2seq, "--input", "-", stdin=lined(rows))
    assert "\x1b" not in result.stderr
    rows[0]["user_id"] = "<unk>"
    printed = pwae("sample", made.seq2seq, "--input", "-", stdin=lined(rows)).succeeds().stdout
    assert not {"\x1b", "\u202e"} & set(printed)
    assert read(printed)[0]["session_id"] == rows[0]["session_id"]


def test_nothing_is_answered_with_nothing(pwae, made, tmp_path):
    result = pwae("sample", made.seq2seq, "--input", "-")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    os.mkfifo(tmp_path / "pipe")
    assert pwae("sample", made.seq2seq, "--input", tmp_path / "pipe").succeeds().stdout == ""
    pwae("sample", made.seq2seq, "--input", tmp_path).fails(4, "is a folder, not a file.")
    pwae("sample", made.seq2seq, "--input", tmp_path / "no").fails(4, "Cannot read", "No such file")
    pwae("sample", made.seq2seq, "--input", "-", "--user", "nobody").fails(
        4, "--user nobody: the run knows no such user."
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--input", "-", "--context", "hi"], "give one of these: --out"),
        (["--input", "-", "--out", "r"], "give one of these: --out"),
        (["--input", "-", "--limit", 3], "--corpus, --test-of, --limit and --force are for the test split"),
        (["--context", "hi", "--keep-going"], "--keep-going is for --input"),
    ],
)
def test_options_that_do_not_go_together(pwae, made, options, words):
    result = pwae("sample", made.seq2seq, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.replace("│", " ").split())
