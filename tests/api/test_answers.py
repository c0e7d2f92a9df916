"""From Python a run answers what the commands answer, and refuses what they refuse, in a line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import pwae_core
from pwae_core.errors import ArtifactError, ConfigError, InputError
from pwae_core.text.tokenize import detokenise
from pwae_core.training.typed import typed_sessions

TYPED = ["good morning", "do you like tea ?"]


@pytest.fixture(scope="module")
def run(made: Any) -> pwae_core.Run:
    return pwae_core.open_run(made.personawae, device="cpu")


def test_answers_are_those_of_sample(pwae: Callable[..., Any], made: Any, run: pwae_core.Run) -> None:
    options = ("--samples", 3, "--seed", 5, "--strategy", "nucleus", "--top-p", 0.8, "--json", "--device", "cpu")
    contexts = [word for text in TYPED for word in ("--context", text)]
    asked = pwae("sample", made.personawae, *contexts, "--user", "user001", "--user", "user002", *options)
    shown = {one["user"]: one["responses"] for one in asked.succeeds().json["shown"]}
    drawing: Any = {"samples": 3, "seed": 5, "decoding": {"strategy": "nucleus", "top_p": 0.8}}
    assert run.answer_as(TYPED, ["user001", "user002"], **drawing) == shown
    assert run.answer(TYPED, "user002", **drawing) == shown["user002"]
    mixed = run.answer_batch([["rain ?"], TYPED, TYPED], ["user003", "user002", "user001"], batch_size=2, **drawing)
    assert mixed[1:] == [shown["user002"], shown["user001"]]


def test_sessions_are_answered_as_sample_answers_them(
    pwae: Callable[..., Any], made: Any, run: pwae_core.Run, tmp_path: Path
) -> None:
    pwae("sample", made.personawae, "--out", tmp_path / "r", "--samples", 2, "--device", "cpu").succeeds()
    frame = pwae_core.open_artifact(tmp_path / "r").to_pandas("responses")
    stored = {
        session: [detokenise(tokens) for tokens in drawn]
        for session, drawn in zip(frame["session_id"], frame["responses"], strict=True)
    }
    assert run.answer_sessions(samples=2) == stored
    some = [*reversed(stored)][:3]
    assert run.answer_sessions(some, corpus=made.corpus, samples=2) == {session: stored[session] for session in some}
    assert [*run.answer_sessions(some, samples=2)] == some
    assert run.answer_sessions([]) == {}
    assert len(run.answer_sessions(split="valid", samples=1)) == 20


def test_a_chat_says_what_the_command_says(pwae: Callable[..., Any], made: Any, run: pwae_core.Run) -> None:
    lines = ["do you like tea ?", "/user user003", "and rain ?"]
    said = pwae("chat", made.personawae, "--user", "user001", "--seed", 4, stdin="\n".join(lines).encode()).succeeds()
    chat = run.chat("user001", seed=4)
    first = chat.say(lines[0])
    chat.switch("user003")
    assert [f"user001: {first}", f"user003: {chat.say(lines[2])}"] == said.stdout.splitlines()


def test_speakers_are_told_apart(run: pwae_core.Run) -> None:
    """Named speakers who take turns are what is taken where none is named."""
    one = [("user001", TYPED[0]), ("user002", TYPED[1])]
    other = [("user002", TYPED[0]), ("user001", TYPED[1])]
    assert run.answer(one, "user001") == run.answer(TYPED, "user001")
    sessions, keys = typed_sessions(run._run, [TYPED, one, other], ["user001"] * 3, ("context", "user"))
    assert sessions.from_responder[:6].tolist() == [1, 0, 1, 0, 0, 1]
    assert len({*keys}) == 1


def test_what_a_run_tells_of_itself(made: Any, run: pwae_core.Run) -> None:
    assert (run.system, run.tokenizer, run.folder) == ("PersonaWAE", "whitespace", made.personawae)
    assert run.users[0] == pwae_core.NOBODY
    assert run.users[1:] == [f"user00{number}" for number in range(6)]
    assert run.remark("user001") == ""
    assert "was never trained" in run.remark(pwae_core.NOBODY)
    assert run.answer_batch([]) == []


ASKED: list[tuple[type[Exception], str, Callable[[pwae_core.Run], object]]] = [
    (InputError, "user bob: the run knows no such user", lambda run: run.answer(TYPED, "bob")),
    (InputError, "user bob: the run knows no such user", lambda run: run.remark("bob")),
    (InputError, "user bob: the run knows no such user", lambda run: run.chat("bob")),
    (InputError, "context ' ': nothing is left after", lambda run: run.answer(["tea", " "])),
    (InputError, "bytes that are not UTF-8", lambda run: run.answer(["tea \ud800"])),
    (ArtifactError, "holds no corpus", lambda run: run.answer_sessions(corpus="x" * 300)),
    (InputError, "a context without utterances", lambda run: run.answer_batch([TYPED, []])),
    (InputError, "got the string 'tea'", lambda run: run.answer("tea")),
    (InputError, "context: expected a list of utterances, got None.", lambda run: run.answer(None)),  # type: ignore[arg-type]
    (InputError, "context: expected a list of utterances, got {'tea'}.", lambda run: run.answer({"tea"})),  # type: ignore[arg-type]
    (InputError, "context: expected a list of utterances, got {'a': 'tea'}", lambda run: run.answer({"a": "tea"})),  # type: ignore[arg-type]
    (InputError, "contexts: expected a list of contexts, got the string 'tea'", lambda run: run.answer_batch("tea")),
    (InputError, "contexts: expected a list of contexts, got 7", lambda run: run.answer_batch(7)),  # type: ignore[arg-type]
    (InputError, "users: expected a name, got None.", lambda run: run.answer(TYPED, None)),  # type: ignore[arg-type]
    (InputError, "users: expected a name, got b'user001'.", lambda run: run.answer(TYPED, b"user001")),  # type: ignore[arg-type]
    (InputError, "users: expected a name, got ['user001']", lambda run: run.answer_as(TYPED, [["user001"]])),  # type: ignore[list-item]
    (InputError, "user: expected a name, got []", lambda run: run.remark([])),  # type: ignore[arg-type]
    (InputError, "user: expected a name, got None", lambda run: run.chat(None)),  # type: ignore[arg-type]
    (InputError, "user a b\\x1b\\ud800: the run knows no", lambda run: run.answer(TYPED, "a\nb\x1b\ud800")),
    (InputError, "The message: expected a text, got None.", lambda run: run.chat().say(None)),  # type: ignore[arg-type]
    (InputError, "The message ' ': nothing is left", lambda run: run.chat().say(" ")),
    (InputError, "bytes that are not UTF-8", lambda run: run.chat().say("\ud800")),
    (InputError, "session_ids: expected a name, got 3", lambda run: run.answer_sessions([3])),  # type: ignore[list-item]
    (InputError, "corpus: expected a path, got 3", lambda run: run.answer_sessions(corpus=3)),  # type: ignore[arg-type]
    (InputError, "a pair of a speaker and a text, got 7", lambda run: run.answer([7])),  # type: ignore[list-item]
    (InputError, "got ('ann', None)", lambda run: run.answer([("ann", None)])),  # type: ignore[list-item]
    (InputError, "got the string 'user001'", lambda run: run.answer_as(TYPED, "user001")),
    (InputError, "users: 1 named for 2 contexts", lambda run: run.answer_batch([TYPED, TYPED], ["user001"])),
    (InputError, "session_ids: 'x' is not in the test split of", lambda run: run.answer_sessions(["x"])),
    (InputError, "expected train, valid or test", lambda run: run.answer_sessions(split="dev")),  # type: ignore[arg-type]
    (ConfigError, "samples: Input should be greater than 0", lambda run: run.answer(TYPED, samples=0)),
    (ConfigError, "decoding.top_p", lambda run: run.answer(TYPED, decoding={"top_p": 2})),
    (
        ConfigError,
        "decoding.topk: unknown setting. Did you mean top_k? The settings of decoding are strategy, top_k, ",
        lambda run: run.answer(TYPED, decoding={"topk": 2}),
    ),
    (
        ConfigError,
        "decoding: expected settings of its own, such as decoding.strategy",
        lambda run: run.answer(TYPED, decoding=np.array([1, 2])),  # type: ignore[arg-type]
    ),
    (InputError, "expected train, valid or test", lambda run: run.answer_sessions(split=np.array(["a", "b"]))),  # type: ignore[arg-type]
    (InputError, "part: expected a text, got 5.", lambda run: run.chat().find(5)),  # type: ignore[arg-type]
    (InputError, "name: expected a name, got 5.", lambda run: run.chat().switch(5)),  # type: ignore[arg-type]
    (InputError, "name zoe: the run knows no such user.", lambda run: run.chat().switch("zoe")),
    (InputError, "There is no answer yet.", lambda run: run.chat().why()),
    (ArtifactError, "holds run (of 'pwae train'), expected corpus", lambda run: run.answer_sessions(corpus=run.folder)),
]


@pytest.mark.parametrize(("kind", "words", "asked"), ASKED)
def test_what_cannot_be_answered_is_one_line(
    run: pwae_core.Run, kind: type[Exception], words: str, asked: Callable[[pwae_core.Run], object]
) -> None:
    with pytest.raises(kind) as caught:
        asked(run)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, pwae_core.PwaeError)


def test_whatever_holds_a_list_is_taken(run: pwae_core.Run) -> None:
    people = ["user001", "user002"]
    expected = run.answer_as(TYPED, people, samples=2)
    for held in (tuple, iter, np.array, pd.Series, pa.array):
        found = run.answer_as(held(TYPED), held(people), samples=2)
        assert found == expected
        assert {type(user) for user in found} == {str}
    assert run.answer_batch(iter([iter(TYPED)]), pa.chunked_array([people[:1]]), samples=2) == [expected["user001"]]


def test_a_run_is_small_to_look_at_and_can_be_a_key(made: Any, run: pwae_core.Run) -> None:
    assert repr(run) == f"<Run {made.personawae}: PersonaWAE>"
    assert {run: 1}[run] == 1
    chat = run.chat("user001")
    chat.say("do you like tea ?")
    assert repr(chat) == "Chat(user='user001', turns=1)"
    assert chat != run.chat("user001")


def test_a_run_that_is_open_needs_its_folder_no_more(made: Any, run: pwae_core.Run, tmp_path: Path) -> None:
    shutil.copytree(made.personawae, tmp_path / "run")
    opened = pwae_core.open_run(tmp_path / "run", device="cpu:0")
    shutil.rmtree(tmp_path / "run")
    assert opened.answer(TYPED, "user001") == run.answer(TYPED, "user001")


def test_a_message_that_cannot_be_answered_leaves_the_chat_as_it_was(
    run: pwae_core.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, untouched = run.chat("user001"), run.chat("user001")
    with monkeypatch.context() as patch:
        patch.setattr("pwae_core.stages.chat.answer", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            chat.say("do you like tea ?")
    assert chat.say("and rain ?") == untouched.say("and rain ?")


def test_an_answer_without_words_is_not_heard(run: pwae_core.Run) -> None:
    chat, said = run.chat("user001"), ["do you like tea ?", "and rain ?"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pwae_core.stages.chat.answer", lambda *_: [[[]]])
        assert chat.say(said[0]) == ""
    chat.say(said[1])
    assert chat.last
    heard = [run._run.vocabulary.encode(text.split()) for text in said]
    assert chat.last.context.lists(np.arange(2)) == heard
    assert not chat.last.from_responder.any()


def test_what_cannot_be_opened_is_one_line(made: Any, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="holds no run"):
        pwae_core.open_run(tmp_path)
    for place, words in (("a\0b", "zero byte"), ("x" * 300, "holds no run"), ("\ud800", "not UTF-8")):
        with pytest.raises(pwae_core.PwaeError, match=words):
            pwae_core.open_run(place)
    for device in ("abacus", None, 5, "a\nb"):
        with pytest.raises(ConfigError, match=r"^device .*: there is no such device here"):
            pwae_core.open_run(made.personawae, device=device)  # type: ignore[arg-type]
    for folder in (None, 3, b"run"):
        with pytest.raises(InputError, match="folder: expected a path, got"):
            pwae_core.open_run(folder)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="checkpoint"):
        pwae_core.open_run(made.personawae, checkpoint="first")  # type: ignore[arg-type]
