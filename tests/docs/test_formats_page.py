"""The example files of docs/formats.md become the conversations that it shows."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from dialogues import conversations
from typer.testing import CliRunner

from pwae_cli.app import app
from pwae_core.config.preprocess import FORMATS, PreprocessConfig
from pwae_core.corpus import readers

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^### ([^\n]+)\n(.*?)^```(\w+)\n(.*?)^```\n\n^```text\n(.*?)^```", PAGE, re.M | re.S)
OWN = {"jsonl", "json", "csv", "parquet"}


def test_every_format_has_a_section_and_every_section_an_example():
    assert [title for title, *_ in EXAMPLES] == re.findall(r"^### (.+)$", PAGE, re.M)
    named = [re.findall(r"^`--format ([a-z-]+)`", words, re.M) for _, words, *_ in EXAMPLES]
    assert sorted(name for names in named for name in names) == sorted(FORMATS.keys() - OWN)


@pytest.mark.parametrize(("title", "words", "kind", "file", "shown"), EXAMPLES, ids=[title for title, *_ in EXAMPLES])
def test_the_example_becomes_the_conversations_shown(tmp_path, title, words, kind, file, shown):
    path = tmp_path / "example"
    if kind == "sql":
        with closing(sqlite3.connect(path)) as database:
            database.executescript(file)
    else:
        path.write_text(file, encoding="utf-8")
    named = re.search(r"`--format ([a-z-]+)`", words)
    assert readers.recognise(path, "example").format == (named.group(1) if named else "jsonl")
    made = conversations(path, clean=PreprocessConfig().clean).values()
    told = ["".join(f"{user}: {text}\n" for user, text in said) for said in made]
    assert sorted(told) == sorted(f"{one.strip()}\n" for one in shown.split("\n\n"))


def test_the_gap_is_the_default():
    assert f"`--gap` minutes later (default {PreprocessConfig().gap:g}; 0: never)" in " ".join(PAGE.split())


def test_the_options_named_exist():
    shown = CliRunner().invoke(app, ["preprocess", "--help"], env={"COLUMNS": "200"}).stdout
    assert set(re.findall(r"`(?:pwae preprocess )?(--[a-z-]+)", PAGE)) <= set(re.findall(r"--[a-z][a-z-]+", shown))
