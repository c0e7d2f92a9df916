"""What the world reads of the package before installing it: metadata, citation, the tests of every supported Python."""

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
KIND = "Programming Language :: Python :: "
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
PYTHONS = [one.removeprefix(KIND) for one in PROJECT["classifiers"] if one.startswith(KIND)]


def test_the_citation_is_of_this_version_by_these_authors():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["authors"] == PROJECT["authors"]
    (paper,) = citation["references"]
    readme = (ROOT / "README.md").read_text()
    named = [f"{author['family-names']}, {author['given-names']}" for author in paper["authors"]]
    assert " and ".join(named) in readme


def test_every_supported_python_is_tested_on_linux_and_macos():
    least, most = (bound.strip(" <>=") for bound in PROJECT["requires-python"].split(","))
    assert [f"3.{minor}" for minor in range(int(least[2:]), int(most[2:]))] == PYTHONS
    job = WORKFLOW["jobs"]["test"]
    assert job["strategy"]["matrix"] == {"os": ["ubuntu-latest", "macos-latest"], "python": PYTHONS}
    assert "bash tests/run.sh" in [step.get("run") for step in job["steps"]]


def test_the_site_is_built_strictly_with_what_its_group_installs():
    assert "mkdocs build" in [step.get("run") for step in WORKFLOW["jobs"]["site"]["steps"]]
    assert "\nstrict: true\n" in (ROOT / "mkdocs.yml").read_text()


def test_the_issue_templates_are_forms_with_a_label_and_an_id_for_each_field():
    paths = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert {path.stem for path in paths} == {"bug", "idea"}
    for path in paths:
        form = yaml.safe_load(path.read_text())
        assert form["name"]
        assert form["description"]
        ids = [field["id"] for field in form["body"]]
        assert len(set(ids)) == len(ids)
        assert all(field["attributes"]["label"] for field in form["body"])
