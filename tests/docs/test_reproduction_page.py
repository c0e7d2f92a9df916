"""The reproduction page's tables are those of the committed results, and what it claims is numbered alike."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE, RESULTS = ROOT / "docs" / "reproduction.md", ROOT / "benchmarks" / "reproduction"
SCRIPT = ROOT / "examples" / "reproduction" / "page.py"


def checked(results: Path, page: Path = PAGE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, results, page, "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_tables_are_those_of_the_results() -> None:
    done = checked(RESULTS)
    assert done.returncode == 0, done.stderr


def test_a_number_that_is_in_no_result_is_refused(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    first = re.search(r"<!-- table2 -->\n(.*?)<!-- /table2 -->", text, re.DOTALL)
    assert first
    (tmp_path / "page.md").write_text(text.replace(first[1], f"{first[1]}| PersonaWAE | 3 | 0.9999 |\n"), "utf-8")
    done = checked(RESULTS, tmp_path / "page.md")
    assert done.returncode == 1
    assert "is not what" in done.stderr


def test_every_claim_has_a_verdict_of_the_four() -> None:
    rows = re.findall(r"^\| (\d+) \| (5\.[123]) \| (.+) \| (.+?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(1, 15))
    for _, _, _, verdict in rows:
        assert verdict.startswith(("holds", "does not hold", "cannot be told"))
