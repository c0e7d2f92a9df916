"""What the commands say holds after ``pip install``: no message names a file that only a checkout has."""

import ast
import re
from pathlib import Path

import pytest

import pwae_cli
import pwae_core

OUTSIDE = re.compile(r"\b(?:docs|examples|tests|benchmarks)/\w|\bREADME|\bCONTRIBUTING|\w\.md\b")
OURS = {"results.md", "card.md"}  # written by our own commands
FILES = [path for package in (pwae_cli, pwae_core) for path in sorted(Path(package.__file__).parent.rglob("*.py"))]


def texts(path: Path) -> list[str]:
    """The strings of a module, docstrings of library code left out; a command's docstring is its help."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    told = {id(owner.body[0].value) for owner in owners if owner.body and isinstance(owner.body[0], ast.Expr)}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in strings if id(node) not in told | alone]


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_message_names_a_file_of_the_checkout(path):
    found = [text for text in texts(path) if OUTSIDE.search(re.sub("|".join(map(re.escape, OURS)), "", text))]
    assert found == []


def test_help_names_no_file_of_the_checkout(pwae):
    from pwae_cli.app import COMMANDS

    for name in (name for group in COMMANDS.values() for name in group):
        assert OUTSIDE.search(pwae(name, "--help").stdout) is None


def test_the_scan_finds_what_it_looks_for(tmp_path):
    module = tmp_path / "module.py"
    module.write_text('"""See docs/a.md."""\nTEXT = f"{1}: see docs/a.md"\nOTHER = "results.md"\n')
    assert {text for text in texts(module) if OUTSIDE.search(text)} == {": see docs/a.md", "results.md"}
