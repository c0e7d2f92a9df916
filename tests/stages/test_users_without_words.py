"""Users all of whose words everybody says: to a system that knows users by words they are nobody, though trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trained import SIZES

ALIKE = "Warning: no user has words of their own"
WITHOUT = "user001 has no words of their own, and is answered as nobody (<unk>)."


@pytest.fixture(scope="module", params=["adaptation", "rl-persona"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A run on two users who say the same ten words, and what its command printed."""
    from conftest import run_pwae

    folder = tmp_path_factory.mktemp("alike")
    raw = folder / "raw.jsonl"
    said = ["do you like tea", "tea is not for me", "my friends love tea"]
    rows = [
        f'{{"conversation_id": "c{n}", "turn": {turn}, "user_id": "user00{(n + turn) % 2}", "text": "{text}"}}'
        for n in range(30)
        for turn, text in enumerate(said)
    ]
    raw.write_text("\n".join(rows))
    split = ("--valid", 5, "--test", 5, "--min-utterances", 5)
    run_pwae("preprocess", raw, "--out", folder / "corpus", "--tokenizer", "whitespace", *split).succeeds()
    settings = ("max_steps=4", f"model.name={request.param}", *(f"model.{size}" for size in SIZES))
    options = [word for setting in settings for word in ("--set", setting)]
    done = run_pwae("train", folder / "corpus", "--out", folder / "run", "--device", "cpu", *options).succeeds()
    return folder / "run", done


def test_train_warns_and_says_why_they_are_nobody(run: tuple[Path, Any]) -> None:
    folder, done = run
    assert "5 validation sessions are of 2 users without words of their own, taken for nobody (<unk>)." in done.stdout
    assert ALIKE in done.stdout
    assert "never trained" not in done.stdout
    assert ALIKE in (folder / "model-card.md").read_text()


def test_answers_say_why_they_are_nobodys(run: tuple[Path, Any], pwae: Any, tmp_path: Path) -> None:
    folder, _ = run
    report = pwae("sample", folder, "--out", tmp_path / "r", "--samples", 1, "--json").succeeds().json
    assert "5 contexts are of 2 users without words of their own, taken for nobody (<unk>)." in report["notes"]
    asked = pwae("sample", folder, "--context", "tea ?", "--user", "user001", "--json").succeeds().json
    assert asked["notes"] == [WITHOUT]
    assert WITHOUT in pwae("chat", folder, "--user", "user001", stdin=b"tea ?\n").succeeds().stderr


def test_nothing_is_learned_from_words_that_everybody_says(run: tuple[Path, Any], pwae: Any, tmp_path: Path) -> None:
    folder, _ = run
    history = tmp_path / "dora.txt"
    history.write_text("do you like tea\n")
    told = f"{history}: every user of the run says all of its words, so they tell nothing about dora."
    pwae("adapt", folder, "--history-file", history).fails(5, told)
    assert not (folder / "people").exists()
