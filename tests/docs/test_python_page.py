"""Every block of docs/python.md is what mypy takes for well typed, and the page names what is public."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pwae_core

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "python.md").read_text(encoding="utf-8")
PLUGIN = [str(path) for path in (ROOT / "examples" / "plugin" / "pwae_example").glob("*.py")]
CODE = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))


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
