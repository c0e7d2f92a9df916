"""docs/preprocess.md names every option, format and cleaning step; what it shows works."""

import re
from pathlib import Path

import pytest
from planted import write_jsonl
from typer.testing import CliRunner

from pwae_cli.app import app
from pwae_core.config.preprocess import CLEANING, CLEANING_BY_DEFAULT, FORMATS, PreprocessConfig

PAGE = (Path(__file__).parents[2] / "docs" / "preprocess.md").read_text(encoding="utf-8")


def test_every_option_is_explained():
    shown = CliRunner().invoke(app, ["preprocess", "--help"], env={"COLUMNS": "200"}).stdout
    found = set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}
    options = {name for name in found if not name.startswith("--no-")}
    assert len(options) > 20
    assert {name for name in options - {"--unfold"} if name not in PAGE} == set()
    assert set(re.findall(r"`--([a-z-]+)", PAGE)) - {"no-unfold"} <= {name[2:] for name in options}


def test_every_format_and_step_is_explained():
    assert set(FORMATS) <= set(re.findall(r"`([a-z-]+)`", PAGE))
    steps = re.findall(r"^\| `(\w+)` \| .* \| (yes )?\|$", PAGE, re.M)
    assert tuple(name for name, _ in steps) == CLEANING
    assert {name for name, default in steps if default} == set(CLEANING_BY_DEFAULT)


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_the_rows_shown_are_read(pwae, tmp_path, shape):
    block = re.findall(r"```json\n(.*?)```", PAGE, re.S)[shape]
    (tmp_path / "raw").write_text(block, encoding="utf-8")
    report = pwae("preprocess", tmp_path / "raw", "--explain", "2", "--json").succeeds().json
    assert len(report) == 2


def test_the_explained_row_is_what_is_printed(pwae, tmp_path):
    shown = re.search(r"^  before: (.*)\n  after:  (.*)\n  done:   (.*)$", PAGE, re.M)
    row = {"conversation_id": "c", "turn": 0, "user_id": "u", "text": shown.group(1)}
    raw = write_jsonl([row], tmp_path / "raw")
    assert shown.group() in pwae("preprocess", raw, "--explain", "1").succeeds().stdout


def test_the_numbers_are_the_defaults():
    config = PreprocessConfig()
    for words in (
        f"`--min-utterances` ({config.min_utterances}:",
        f"`--min-turns` ({config.min_turns}), `--window` ({config.window}) and `--stride` ({config.stride})",
        f"`--vocabulary-size` ({config.vocabulary_size:,})",
        f"more than `--gap` minutes ({config.gap:g};",
        f"`--giant-share` of everything (default {config.giant_share:.0%})",
    ):
        assert words in PAGE
