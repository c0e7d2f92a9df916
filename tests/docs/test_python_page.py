"""Every block of docs/python.md runs, in order, and is what mypy takes for well typed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pwae_core

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "python.md").read_text(encoding="utf-8")
PLUGIN = [str(path) for path in (ROOT / "examples" / "plugin" / "pwae_example").glob("*.py")]
CODE = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def folder(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of the README, small."""
    from conftest import run_pwae

    folder = tmp_path_factory.mktemp("readme")
    for name in ("corpus", "vectors"):
        (folder / name).symlink_to(getattr(made, name))
    (folder / "runs").mkdir()
    (folder / "runs" / "personawae").symlink_to(made.personawae)
    answers, scores = folder / "responses" / "personawae", folder / "scores"
    run_pwae("sample", made.personawae, "--corpus", made.corpus, "--out", answers, "--samples", 2).succeeds()
    run_pwae("evaluate", answers, "--embeddings", made.vectors, "--out", scores).succeeds()
    return folder


def test_every_block_runs(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(compile(CODE, "docs/python.md", "exec"), names)
    assert names["run"].system == "PersonaWAE"
    assert "user user01: the run knows no such user. Close to it: user00" in capsys.readouterr().out


def test_mypy_takes_every_block_and_the_example_of_a_plugin_for_well_typed(tmp_path: Path) -> None:
    """By the settings of this repository, whose cache is warm where mypy has looked through it."""
    (tmp_path / "page.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "wrong.py").write_text("import pwae_core\n\npwae_core.open_run(7)\n")
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--no-error-summary"]
    files = [*(str(tmp_path / name) for name in ("page.py", "wrong.py")), *PLUGIN]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert re.findall(r"(\w+\.py:\d+): error", done.stdout) == ["wrong.py:3"], done.stdout + done.stderr


def test_the_pages_name_everything_that_is_public() -> None:
    reference = (DOCS / "python-reference.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: pwae_core\.(\w+)$", reference, re.MULTILINE)) == sorted(pwae_core.__all__)
    of_plugins = {"record_reader"}
    functions = {name for name in pwae_core.__all__ if name.islower()} - of_plugins
    assert [name for name in functions if f"pwae_core.{name}(" not in PAGE] == []
    extending = (DOCS / "extending.md").read_text(encoding="utf-8")
    assert [name for name in ("Metric", "Model", "Reader", *of_plugins) if name not in extending] == []
