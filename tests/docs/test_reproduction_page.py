"""The reproduction page's tables are those of the committed results, and what it claims is numbered alike."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
PAGE, RESULTS = ROOT / "docs" / "reproduction.md", ROOT / "benchmarks" / "reproduction"
SCRIPT = ROOT / "examples" / "reproduction" / "page.py"


def checked(results: Path, page: Path = PAGE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, results, page, "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_tables_are_those_of_the_results() -> None:
    done = checked(RESULTS)
    assert done.returncode == 0, done.stderr


def test_no_run_counts_twice() -> None:
    """Its mean over seeds would be another."""
    rows = pq.read_table(RESULTS / "results.parquet").to_pylist()
    runs = [tuple(row[name] for name in ("corpus", "split", "label", "seed", "measure")) for row in rows]
    assert len(set(runs)) == len(runs)


def test_a_number_that_is_in_no_result_is_refused(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    first = re.search(r"<!-- table2 -->\n(.*?)<!-- /table2 -->", text, re.DOTALL)
    assert first
    (tmp_path / "page.md").write_text(text.replace(first[1], f"{first[1]}| PersonaWAE | 3 | 0.9999 |\n"), "utf-8")
    done = checked(RESULTS, tmp_path / "page.md")
    assert done.returncode == 1
    assert "is not what" in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("results.parquet", b"PAR1", "results.parquet is damaged. Restore it"),
        ("study.json", b"{", "study.json is damaged. Restore it"),
        ("comparisons.parquet", None, "comparisons.parquet is missing. Restore it"),
        ("study.json", b'{"corpora": {}, "runs": {"a": {}}}', "has no 'steps': another version made it"),
        ("", None, "is not a folder. Give that of the results."),
    ],
)
def test_results_that_cannot_be_shown_leave_the_page_as_it_is(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    results = shutil.copytree(RESULTS, tmp_path / "results")
    if content is not None:
        (results / name).write_bytes(content)
    elif name:
        (results / name).unlink()
    else:
        shutil.rmtree(results)
    page = shutil.copy(PAGE, tmp_path)
    done = subprocess.run([sys.executable, SCRIPT, results, page], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert message in line
    assert Path(page).read_bytes() == PAGE.read_bytes()


def test_answers_are_quoted_from_corpora_that_may_be_quoted_alone() -> None:
    assert {row["corpus"] for row in pq.read_table(RESULTS / "answers.parquet").to_pylist()} == {"chitchat", "cped"}


def test_an_answer_cannot_become_markup(tmp_path: Path) -> None:
    results, page = shutil.copytree(RESULTS, tmp_path / "results"), shutil.copy(PAGE, tmp_path)
    answers = pq.read_table(results / "answers.parquet")
    rows = [{**row, "answers": ["a|b <i>*c*</i> `d` [e](f)"]} for row in answers.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=answers.schema), results / "answers.parquet")
    subprocess.run([sys.executable, SCRIPT, results, page], check=True)
    assert r"| a\|b &lt;i&gt;\*c\*&lt;/i&gt; \`d\` \[e\](f) |" in Path(page).read_text("utf-8")


def test_every_claim_has_a_verdict_of_the_four() -> None:
    rows = re.findall(r"^\| (\d+) \| (5\.[123]) \| (.+) \| (.+?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(1, 15))
    for _, _, _, verdict in rows:
        assert verdict.startswith(("holds", "does not hold", "cannot be told"))
