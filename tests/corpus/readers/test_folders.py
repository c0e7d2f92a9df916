"""What lies in a folder of raw data: what pwae wrote there is none, whatever else has a note of that name is."""

import json
from pathlib import Path

import pytest
from planted import planted


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    (folder / "more").mkdir(parents=True)
    rows = planted(users=6, conversations=40, seed=1).rows
    for name, part in (("one.jsonl", rows[::2]), ("more/two.jsonl", rows[1::2])):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in part))
    return folder


@pytest.mark.parametrize("place", ["corpus", "more/corpus"])
def test_a_corpus_in_the_folder_that_it_is_made_of_is_no_raw_data(pwae, raw, snapshot, place):
    command = ["preprocess", raw, "--out", raw / place, "--min-utterances", 5, "--valid", 5, "--test", 5, "--json"]
    first = pwae(*command).succeeds().json
    before = snapshot(raw)
    assert pwae(*command).succeeds().json == first | {"standing": True}
    assert snapshot(raw) == before
    again = pwae(*command, "--force").succeeds().json
    assert again == first | {"rejected": [{"reason": "folder that pwae wrote", "count": 1, "unit": "file"}]}


@pytest.mark.parametrize("name", ["manifest.json", "plan.json"])
def test_a_folder_with_a_note_that_is_not_ours_is_read(pwae, raw, tmp_path, name):
    (raw / "more" / name).write_text(json.dumps({"pwae": "mine", "stage": 1, "kind": "dump"}))
    command = ["preprocess", raw, "--out", tmp_path / "c", "--min-utterances", 5, "--valid", 5, "--test", 5, "--json"]
    rows = sum(len(path.read_text().splitlines()) for path in raw.rglob("*.jsonl"))
    assert pwae(*command).succeeds().json["counts"]["rows"] == rows
