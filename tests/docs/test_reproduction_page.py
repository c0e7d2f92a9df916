"""The reproduction's tables and drawings are those of the committed results, and what it claims is numbered alike."""

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
DOCS, RESULTS = ROOT / "docs", ROOT / "benchmarks" / "reproduction"
NAMES = ("reproduction.md", "reproduction-tables.md")
SCRIPT = ROOT / "examples" / "reproduction" / "page.py"


def page(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A copy of the pages and their drawings."""
    shutil.copytree(DOCS / "reproduction", tmp_path / "docs" / "reproduction")
    for name in NAMES:
        shutil.copy(DOCS / name, tmp_path / "docs")
    return tmp_path / "docs"


def all_of(docs: Path) -> dict[str, bytes]:
    return {path.relative_to(docs).as_posix(): path.read_bytes() for path in docs.rglob("*.*")}


def test_the_tables_and_drawings_are_those_of_the_results() -> None:
    done = page(RESULTS, DOCS, "--check")
    assert done.returncode == 0, done.stderr


def test_no_run_counts_twice() -> None:
    """Its mean over seeds would be another."""
    rows = pq.read_table(RESULTS / "results.parquet").to_pylist()
    runs = [tuple(row[name] for name in ("corpus", "split", "label", "seed", "measure")) for row in rows]
    assert len(set(runs)) == len(runs)


def test_a_number_that_is_in_no_result_is_refused(docs: Path) -> None:
    path = docs / "reproduction.md"
    text = path.read_text("utf-8")
    first = re.search(r"<!-- table2 -->\n(.*?)<!-- /table2 -->", text, re.DOTALL)
    assert first
    path.write_text(text.replace(first[1], f"{first[1]}| PersonaWAE | 3 | 0.9999 |\n"), "utf-8")
    done = page(RESULTS, docs, "--check")
    assert done.returncode == 1
    assert done.stderr == f"{path} is not what {RESULTS} says. Run this without --check.\n"


def test_a_drawing_of_other_curves_is_refused(docs: Path) -> None:
    drawing = docs / "reproduction" / "cped-session.svg"
    drawing.write_text(drawing.read_text("utf-8").replace("M", "M1", 1), "utf-8")
    done = page(RESULTS, docs, "--check")
    assert done.returncode == 1
    assert f"{drawing} is not what" in done.stderr


def test_a_table_must_be_on_one_page(docs: Path) -> None:
    both = all_of(docs)
    with (docs / "reproduction.md").open("ab") as file:
        file.write(b"<!-- times -->\n<!-- /times -->\n")
    done = page(RESULTS, docs)
    assert done.returncode == 1
    assert done.stderr == "No page has <!-- times --> ... <!-- /times -->, or it is there more than once.\n"
    assert (docs / "reproduction-tables.md").read_bytes() == both["reproduction-tables.md"]


def test_a_line_ends_where_the_first_of_its_seeds_does(docs: Path, tmp_path: Path) -> None:
    """The mean over the seeds that are left would be of others, and the line would jump."""
    results = shutil.copytree(RESULTS, tmp_path / "results")
    curves = pq.read_table(results / "curves.parquet")
    steps = {7: (500, 1000, 1500), 8: (500, 1000)}
    place = {"corpus": "cped", "split": "session", "label": "PersonaWAE", "measure": "bleu_f1"}
    rows = [{**place, "seed": seed, "step": step, "value": 0.1 * seed} for seed in steps for step in steps[seed]]
    pq.write_table(pa.Table.from_pylist(rows, schema=curves.schema), results / "curves.parquet")
    assert page(results, docs).returncode == 0
    drawing = (docs / "reproduction" / "cped-session.svg").read_text("utf-8")
    assert "PersonaWAE: from 0.75 at iteration 500 to 0.75 at 1,000, lowest 0.75, highest 0.75" in drawing
    assert (docs / "reproduction.md").read_text("utf-8").count("](reproduction/") == 1, "nothing else was measured"


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
def test_results_that_cannot_be_shown_leave_the_pages_as_they_are(
    docs: Path, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    before = all_of(docs)
    results = shutil.copytree(RESULTS, tmp_path / "results")
    if content is not None:
        (results / name).write_bytes(content)
    elif name:
        (results / name).unlink()
    else:
        shutil.rmtree(results)
    done = page(results, docs)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert message in line
    assert all_of(docs) == before


def test_pages_that_are_not_there_are_named(tmp_path: Path) -> None:
    done = page(RESULTS, tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path / 'reproduction.md'} is not a file. Give the folder of the pages.\n"


def test_answers_are_quoted_from_corpora_that_may_be_quoted_alone() -> None:
    assert {row["corpus"] for row in pq.read_table(RESULTS / "answers.parquet").to_pylist()} == {"chitchat", "cped"}


def test_an_answer_cannot_become_markup(docs: Path, tmp_path: Path) -> None:
    results = shutil.copytree(RESULTS, tmp_path / "results")
    answers = pq.read_table(results / "answers.parquet")
    rows = [{**row, "answers": ["a|b <i>*c*</i> `d` [e](f)"]} for row in answers.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=answers.schema), results / "answers.parquet")
    assert page(results, docs).returncode == 0
    said = (docs / "reproduction-tables.md").read_text("utf-8")
    assert r"| a\|b &lt;i&gt;\*c\*&lt;/i&gt; \`d\` \[e\](f) |" in said


def test_every_claim_has_six_verdicts_and_a_reason() -> None:
    text = (DOCS / NAMES[0]).read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| 5\.[123] \| [^|]+ \|(.+)\|$", text, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 15))
    for _, verdicts in rows:
        found = [verdict.strip() for verdict in verdicts.split("|")]
        assert len(found) == 6
        assert set(found) <= {"holds", "holds in part", "holds but for BLEU", "does not hold", "cannot be told", ""}
        assert found[0], "every claim was tried on CPED"
    reasons = text.split("Why, claim by claim:")[1].split("## Method")[0]
    assert re.findall(r"^(\d+)\. ", reasons, re.MULTILINE) == [str(number) for number in range(1, 15)]
