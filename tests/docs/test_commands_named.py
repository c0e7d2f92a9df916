"""Every command that a page shows exists, with every option it shows."""

import re
import shlex
from pathlib import Path

import pytest

from pwae_cli.app import built

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.sh")])


def shown(page: Path) -> list[list[str]]:
    """The words of every line of a page that runs ``pwae``, lines that end with a backslash joined."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^(?:timed|pwae) .*$", text, re.MULTILINE)
    return [re.findall(r"[^\s'\"]+", line) for line in lines if "$@" not in line]


COMMANDS = [(page, words) for page in PAGES for words in shown(page)]


def test_the_readme_shows_each_stage_of_the_pipeline() -> None:
    named = {words[1] for page, words in COMMANDS if page.name == "README.md"}
    assert named >= {"preprocess", "embed-words", "train", "sample", "evaluate", "human-eval-export"}


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=lambda value: value.name if isinstance(value, Path) else shlex.join(value)[:60]
)
def test_command_and_options_exist(page: Path, words: list[str]) -> None:
    commands = built().commands
    name = words[1]
    if name.startswith("-"):
        assert name in ("--help", "--version")
        return
    assert name in commands, f"{page.name} shows 'pwae {name}'"
    options = {option for parameter in commands[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.partition("=")[0] for word in words[2:] if word.startswith("--")}
    assert given - {"--help"} <= options, f"{page.name}: {' '.join(words)}"
