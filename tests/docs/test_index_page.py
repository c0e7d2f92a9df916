"""docs/index.md: every command and every block that it shows runs, in order; training is cut short."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from planted import planted, write_jsonl

PAGE = (Path(__file__).parents[2] / "docs" / "index.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^pwae .*$", PAGE, re.MULTILINE)]
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SHORT = {"train": ("--max-steps", 2, "--set", "validate_every=2")}
NAMES = {"user000": "ann", "user001": "bo"}


def test_the_first_steps_run(
    pwae: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = planted(users=6, conversations=80, seed=1).rows
    write_jsonl([row | {"user_id": NAMES.get(row["user_id"], row["user_id"])} for row in rows], tmp_path / "my.jsonl")
    for words in COMMANDS:
        pwae(*words, *SHORT.get(words[0], ())).succeeds()
    exec(compile(CODE, "docs/index.md", "exec"), {})
    shown = capsys.readouterr().out
    assert all(f"'{name}': [" in shown for name in NAMES.values())
