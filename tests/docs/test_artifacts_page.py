"""docs/artifacts.md explains every column of every artifact, with its type, and nothing that does not exist."""

import re
from pathlib import Path

import pyarrow as pa

from pwae_core import schemas

PAGE = (Path(__file__).parents[2] / "docs" / "artifacts.md").read_text(encoding="utf-8")
SHARED = {  # explained once, under the kind that is named here
    ("run", "vocabulary.parquet"): "corpus",
    ("run", "users.parquet"): "corpus",
    ("persona-scores", "scores.parquet"): "scores",
    ("persona-scores", "totals.parquet"): "scores",
    ("diagnosis", "totals.parquet"): "scores",
    ("human-eval-preferences", "agreement.parquet"): "human-eval-scores",
}
NAMES = {pa.float32(): "float32", pa.float64(): "float64"}


def type_name(kind):
    return f"list<{type_name(kind.value_type)}>" if pa.types.is_list(kind) else NAMES.get(kind, str(kind))


def columns(schema):
    return [(f.name, f"`{type_name(f.type)}`" + (" or null" if f.nullable else "")) for f in schema]


def explained():
    """{(kind, table): [(column, type)]} as the page says."""
    found = {}
    for kind, section in re.findall(r"^### `([\w-]+)`\n(.*?)(?=^### |\Z)", PAGE, re.M | re.S):
        for names, body in re.findall(r"^#### (.*?)\n(.*?)(?=^#### |\Z)", section, re.M | re.S):
            rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.+) \|$", body, re.M)
            for name in re.findall(r"`(.*?)`", names):
                found[kind, name] = [(column, type_) for column, type_, _ in rows]
    return found


def test_every_column_is_explained_with_its_type():
    tables = {(kind, name): columns(s) for kind, group in schemas.ARTIFACTS.items() for name, s in group.items()}
    said = explained()
    assert said.keys() == tables.keys()
    for table in tables.keys() - SHARED.keys():
        assert said[table] == tables[table], table
    for (kind, name), elsewhere in SHARED.items():
        assert said[kind, name] == []
        assert tables[kind, name] == tables[elsewhere, name]


def test_every_kind_names_the_stage_that_writes_it():
    written = re.findall(r"^\| `([\w-]+)` \| `pwae ([\w-]+)", PAGE, re.M)
    assert dict(written) == schemas.STAGE_OF_KIND
    assert schemas.STAGE_OF_KIND.keys() == schemas.ARTIFACTS.keys()


def test_the_manifests_parts_are_the_ones_explained(tmp_path):
    from small_corpus import write_corpus

    from pwae_core import artifacts

    section = PAGE.partition("## `manifest.json`")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.M)
    assert set(named) == artifacts.load(write_corpus(tmp_path / "corpus"), "corpus").manifest.keys() | {"seal"}


def test_the_results_of_an_experiment_are_explained_file_by_file():
    from pwae_core.experiment import ExperimentReport, Row, RunResult

    section = PAGE.partition("### Results of an experiment\n")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.+) \|$", section, re.M)
    assert [(column, type_) for column, type_, _ in rows] == columns(schemas.RESULTS)
    (told,) = re.findall(r"^- `results\.json`(.*?);$", section, re.M | re.S)
    fields = {field for kind in (ExperimentReport, Row, RunResult) for field in kind.__dataclass_fields__}
    assert set(re.findall(r"`(\w+)`", told)) == fields - {"out"}
    assert "- `results.md`" in section
