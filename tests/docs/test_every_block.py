"""Every block of every page runs, in the order of the page, or is in a table here that says why it does not."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from example_plugin import unpacked
from pages import PAGES, ROOT, SHELL, Block, Command, blocks, commands, parse
from reader import Reader, make_folder, write_raw

from pwae_core.config.experiment import read_plan
from pwae_core.corpus import readers
from pwae_core.outside_scores import read_outside

NOT_RUN = {
    "pip install": "changes the environment; tests/test_wheel.py installs the wheel in another",
    "bash tests/run.sh": "is what runs this test",
    "bash examples/quickstart.sh": "is run by tests/examples/test_quickstart.py",
    "bash examples/own_data.sh": "is run by tests/examples/test_own_data.py",
    "bash examples/reproduction/run.sh": "is run by tests/examples/test_reproduction.py",
    "python benchmarks/preprocess.py": "takes millions of rows",
    "pwae demo": "stays until Ctrl-C; tests/demo drives it",
    "torchrun": "starts several processes; tests/training/test_together.py trains in several",
    "ray start": "starts a cluster; tests/corpus does that in a network of its own",
    "pwae preprocess /shared/crawl": "needs that cluster; tests/corpus compares its bytes",
}
"""How a command begins, and why it is not run here."""
PROVIDED: dict[str, dict[str, Any]] = {"docs/prompts.md": {"ask": lambda messages: messages[-1]["content"]}}
"""What the page says that the reader has."""
FROM_RAW = ("README.md", "docs/index.md", "docs/tutorial.md")
"""Pages that make for themselves whatever they use, from raw files."""


def are_raw_rows(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
    assert readers.recognise(path, "the block").format


def are_statements(text: str, path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(text)
    assert readers.recognise(path, "the block").format


def are_scores(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
    assert read_outside(path).rows


def is_a_plan(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
    assert read_plan(path, {}).systems


def is_the_chat(text: str, path: Path) -> None:
    assert (path.parent / "chat.csv").read_text(encoding="utf-8").startswith(text)


def is_of_the_example(text: str, path: Path) -> None:
    assert text in (ROOT / "examples" / "plugin" / "pyproject.toml").read_text(encoding="utf-8")


DATA: dict[tuple[str, str], Callable[[str, Path], None]] = {
    ("README.md", "jsonl"): are_raw_rows,
    ("docs/experiments.md", "toml"): is_a_plan,
    ("docs/extending.md", "csv"): are_scores,
    ("docs/extending.md", "toml"): is_of_the_example,
    ("docs/formats.md", "json"): are_raw_rows,
    ("docs/formats.md", "sql"): are_statements,
    ("docs/formats.md", "tsv"): are_raw_rows,
    ("docs/preprocess.md", "json"): are_raw_rows,
    ("docs/tutorial.md", "csv"): is_the_chat,
}
"""What the blocks of a page are that are neither commands nor Python."""
LOOKED_AT = ("text", "bibtex")
PROGRAMS = ("$", "pwae", "python", "bash", "pip", "torchrun")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import run_pwae

    folder = tmp_path_factory.mktemp("reader")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return make_folder(run_pwae, folder)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("plugin"))


def why_not(command: Command) -> str:
    return next((why for words, why in NOT_RUN.items() if str(command).startswith(words)), "")


def run_block(block: Block, reader: Reader, names: dict[str, Any]) -> None:
    if block.kind in SHELL:
        reader.next_block()
        for command in commands(block):
            if not why_not(command):
                reader.perform(command)
    elif block.kind == "python":
        exec(compile(block.text, str(block), "exec"), names)
    elif block.kind not in LOOKED_AT:
        DATA[block.page, block.kind](block.text, reader.folder / f"block-{block.line}")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)])
def test_every_block_runs(page: str, folder: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from conftest import run_pwae

    work = tmp_path / "work"
    if page in FROM_RAW:
        work.mkdir()
        write_raw(work)
    else:
        shutil.copytree(folder, work)
    monkeypatch.chdir(work)
    monkeypatch.syspath_prepend(site)
    reader, names = Reader(run_pwae, work), dict(PROVIDED.get(page, {}))
    for block in blocks(page):
        run_block(block, reader, names)


def test_nothing_that_should_run_is_only_looked_at() -> None:
    for page in PAGES:
        for block in blocks(page):
            if block.kind in LOOKED_AT:
                told = [line for line in block.text.splitlines() if line.split(" ")[0] in PROGRAMS]
                assert told == [], block


@pytest.mark.parametrize(
    "text",
    [
        "```yaml\na: 1\n```\n",
        "```json\n{}\n```\n",
        "```\nls corpus\n```\n",
        "```sh\npwae preprocess a.jsonl | tee b\n```\n",
        "```sh\npwae preprocess nowhere.jsonl --out $HOME/corpus\n```\n",
        "```sh\npwae train nowhere --out run\n```\n",
        "```python\nopen('nowhere')\n```\n",
    ],
)
def test_a_block_that_does_not_run_is_not_passed_over(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from conftest import run_pwae

    monkeypatch.chdir(tmp_path)
    (block,) = parse("page.md", text)
    with pytest.raises((AssertionError, KeyError, OSError, ValueError)):
        run_block(block, Reader(run_pwae, tmp_path), {})


def test_every_reason_is_still_needed() -> None:
    shown = [str(one) for page in PAGES for block in blocks(page) if block.kind in SHELL for one in commands(block)]
    assert [words for words in NOT_RUN if not any(one.startswith(words) for one in shown)] == []
    named = [path for why in NOT_RUN.values() for path in re.findall(r"tests/[\w/.]+", why)]
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert {key for key in DATA if not any(block.kind == key[1] for block in blocks(key[0]))} == set()
