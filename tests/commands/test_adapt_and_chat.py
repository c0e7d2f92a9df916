"""``pwae adapt`` and ``pwae chat``, on a tiny run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trained import make

HISTORY = "i like tea very much honestly\n\ndo you like rain ? mate\train is not for me honestly\nzzz honestly\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import run_pwae

    return make(run_pwae, tmp_path_factory.mktemp("adapt")).personawae


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "dora.txt"
    path.write_text(HISTORY)
    return path


@pytest.fixture
def own(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be adapted."""
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def test_adapt_teaches_a_run_somebody_and_sample_answers_as_them(
    pwae: Callable[..., Any], own: Path, history: Path
) -> None:
    report = pwae("adapt", own, "--history-file", history, "--steps", 20, "--json").succeeds().json
    assert report | {"before": 0, "after": 0} == {
        "run": str(own),
        "user": "dora",
        "system": "PersonaWAE",
        "replaced": False,
        "utterances": 3,
        "words": 14,
        "unknown_words": 1,
        "before": 0,
        "after": 0,
    }
    assert report["after"] < report["before"]
    ask = ("sample", own, "--context", "do you like tea ?", "--samples", 2, "--json")
    answered = pwae(*ask, "--user", "dora", "--user", "user001").succeeds().json["shown"]
    assert [one["user"] for one in answered] == ["dora", "user001"]
    assert (
        pwae("adapt", own, "--history-file", history, "--user", "eve", "--steps", 0)
        .succeeds()
        .stdout.startswith("PersonaWAE knows eve")
    )
    assert pwae(*ask, "--user", "dora", "--user", "user001").succeeds().json["shown"] == answered


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_nothing_but_a_line_feed_or_carriage_return_ends_a_line(
    pwae: Callable[..., Any], own: Path, history: Path, end: str
) -> None:
    """What Unicode and str.splitlines() take for a line's end stands within an utterance."""
    others = "\u2028\u2029\x0b\x0c\x1c\x1d\x1e\x85"
    lines = ["do you like rain ?\train" + "".join(f" is{mark}tea" for mark in others), "i like tea"]
    history.write_bytes(end.join(lines).encode())
    report = pwae("adapt", own, "--history-file", history, "--steps", 1, "--json").succeeds().json
    assert (report["utterances"], report["words"]) == (2, 1 + 2 * len(others) + 3)


def test_adapt_tells_of_lines_that_it_cannot_learn_from(pwae: Callable[..., Any], own: Path, history: Path) -> None:
    """A spreadsheet ends each line with a tab if a second column holds anything."""
    history.write_text("i like tea\n\n😀\nmusic makes me happy\t\ni like rain\n")
    done = pwae("adapt", own, "--history-file", history, "--steps", 1, "--json").succeeds()
    assert done.json["utterances"] == 2
    told = f"{history}: 2 of 4 lines hold no utterance after cleaning, or after a tab (the first: line 3)."
    assert told in done.stderr
    history.write_text("music makes me happy\t\n")
    words = "holds no utterance after cleaning, or after tabs. Write one per line."
    pwae("adapt", own, "--history-file", history, "--steps", 1, "--force").fails(5, words)


def test_adapt_replaces_nobody_unasked(pwae: Callable[..., Any], own: Path, history: Path, snapshot: Any) -> None:
    command = ("adapt", own, "--history-file", history, "--steps", 1)
    pwae(*command).succeeds()
    before = snapshot(own)
    history.write_text("football makes me happy darling\n")
    pwae(*command).fails(
        6, f"--user dora: {own} was already adapted to somebody of that name.", "or --force to replace"
    )
    assert snapshot(own) == before
    history.write_text(HISTORY)
    pwae(*command).succeeds()
    assert snapshot(own) == before, "who was learned from the same is there already"
    history.write_text("football makes me happy darling\n")
    assert pwae(*command, "--force").succeeds().stdout.startswith(f"PersonaWAE knows dora (replaced): {own}")
    assert snapshot(own) != before


def test_adapt_warns_of_unknown_words_and_refuses_where_all_are(
    pwae: Callable[..., Any], own: Path, history: Path
) -> None:
    command = ("adapt", own, "--history-file", history, "--steps", 1)
    history.write_text("xylo quux\nfoo bar baz\n")
    pwae(*command).fails(5, f"{history}: the run knows none of its 5 words. Is it in the corpus's language")
    assert not (own / "people").exists()
    history.write_text("i like tea xylo\n")
    done = pwae(*command).succeeds()
    assert f"Warning: 1 of 4 words (25%) of {history} are unknown to the run" in done.stderr
    assert "1 (25%)" in done.stdout
    history.write_text("i like tea very xylo\n")
    assert "Warning" not in pwae(*command, "--force").succeeds().stderr


@pytest.mark.parametrize("steps", [1, 5])
def test_adapt_keeps_nobody_whose_embedding_diverges(
    pwae: Callable[..., Any], own: Path, history: Path, snapshot: Any, steps: int
) -> None:
    command = ("adapt", own, "--history-file", history, "--steps", steps, "--json")
    before = snapshot(own)
    pwae(*command, "--rate", 1e30).fails(8, "Learning the embedding diverged: ", "Try a lower --rate.")
    pwae(*command, "--rate", 3e39).fails(3, "rate: a number beyond 1e+30 is too large (got 3e+39).")
    assert snapshot(own) == before


def test_adapt_refuses_what_it_cannot_take(pwae: Callable[..., Any], own: Path, history: Path, tmp_path: Path) -> None:
    def refused(code: int, *words: str, file: Path = history, **options: str) -> None:
        given = [word for name, value in options.items() for word in (f"--{name}", value)]
        pwae("adapt", own, "--history-file", file, *given).fails(code, *words)

    refused(4, "Cannot read", "nobody.txt", file=tmp_path / "nobody.txt")
    refused(4, "--user user001: the run was trained with that user", user="user001")
    refused(4, "--user <unk>: that name means nobody in particular. Choose another name.", user="<unk>")
    (tmp_path / "empty.txt").write_text("\n \n")
    refused(5, "holds no utterance after cleaning", file=tmp_path / "empty.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    refused(4, "latin.txt, line 1: not UTF-8 text", file=tmp_path / "latin.txt")
    pwae("adapt", own.parent / "none", "--history-file", history).fails(6, "holds no run")
    assert not (own / "people").exists()


def test_chat_switches_who_answers_and_says_why(pwae: Callable[..., Any], run: Path) -> None:
    lines = [
        "/why",
        "do you like tea ?",
        "/why",
        "/users 00",
        "/user user003",
        "and rain ?",
        "/user nobody",
        "/what",
        "/quit",
        "x",
    ]
    done = pwae("chat", run, "--device", "cpu", stdin="\n".join(lines).encode()).succeeds()
    said = done.stdout.splitlines()
    assert said[0].startswith("<unk>: ")
    explained = {
        name: [float(value) for value in values.split()] for name, values in (line.split(": ") for line in said[1:5])
    }
    assert list(explained) == ["context component", "user component", "w_c, w_u", "gate's mean"]
    for name in list(explained)[:3]:
        assert sum(explained[name]) == pytest.approx(1, abs=0.005)
    assert 0 < explained["gate's mean"][0] < 1
    assert said[5] == "user000  user001  user002  user003  user004  user005"
    assert said[6].startswith("user003: ")
    assert len(said) == 7
    errors = [line for line in done.stderr.splitlines() if line.startswith("pwae: ")]
    assert errors[0] == "pwae: There is no answer yet. Say something first."
    assert errors[1] == "pwae: /user nobody: the run knows no such user. /users PART finds one."
    assert errors[2] == "pwae: /what: no such command. /help lists them."


def test_chat_lists_its_commands_and_says_how_many_users_it_keeps_back(pwae: Callable[..., Any], run: Path) -> None:
    done = pwae("chat", run, stdin=b"/help\n/users\n/users zzz\n/user user0003\n").succeeds()
    said = done.stdout.splitlines()
    assert [line.split()[0] for line in said[:5]] == ["/user", "/users", "/why", "/help", "/quit"]
    assert said[5].split() == ["<unk>", *(f"user00{n}" for n in range(6))]
    assert said[6] == "nobody; /users without a PART lists some users"
    assert "/user user0003: the run knows no such user. Similar ids: user003" in done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pwae_cli.commands.chat.FOUND", 2)
        said = pwae("chat", run, stdin=b"/users\n/users 004\n").succeeds().stdout.splitlines()
    assert said == ["<unk>  user000", "2 of 7; /users PART narrows the list", "user004"]


def test_the_same_conversation_comes_again_and_another_seed_is_another_one(pwae: Callable[..., Any], run: Path) -> None:
    lines = b"do you like tea ?\ndo you like tea ?\nand rain ?\n"
    one, again = (pwae("chat", run, "--user", "user001", stdin=lines).succeeds().stdout for _ in range(2))
    assert one == again
    assert one.count("user001: ") == 3
    pwae("chat", run, "--user", "stranger", stdin=lines).fails(
        4, f"--user stranger: the run knows no such user. 'pwae chat {run}', then /users PART finds one."
    )
