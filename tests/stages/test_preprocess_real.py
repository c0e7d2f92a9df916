"""Real corpora through the stage: their published sizes, and the promises that can be checked by counting."""

import os
from pathlib import Path

import pytest

from pwae_core import artifacts
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.stages.preprocess import preprocess

FOLDER = os.environ.get("PWAE_DATA_DIR")
pytestmark = pytest.mark.skipif(not FOLDER, reason="PWAE_DATA_DIR is not set: no real data")
CORPORA = {
    "cped_tv_dialogue.zh.parquet": {
        "conversations": 3_749,
        "utterances": 38_575,
        "users": 118,
        "users_over_threshold": 116,
        "windows": 31_077,
        "sessions": 31_070,
    },
    "checked_weibo_comments.zh.parquet": {
        "conversations": 2_027,
        "rows": 1_069_497,
        "utterances": 1_069_494,  # three are nothing but invisible characters, and all that their users said
        "users": 629_412,
        "users_over_threshold": 3_685,
        "windows": 1_065_440,
        "sessions": 118_380,
    },
}


@pytest.mark.parametrize("name", CORPORA)
def test_published_sizes(tmp_path, name):
    path = Path(FOLDER or "") / name
    if not path.is_file():
        pytest.skip(f"PWAE_DATA_DIR holds no {name}")
    config = PreprocessConfig.make({"tokenizer": "jieba", "clean": []})
    report = preprocess([path], tmp_path / "corpus", config)
    expected = CORPORA[name]
    assert {key: report.counts[key] for key in expected} == expected
    corpus = artifacts.load(tmp_path / "corpus", "corpus")
    held = {
        (row["conversation_id"], row["turn"] + 2)
        for split in ("valid", "test")
        for row in corpus.table(f"{split}.parquet", ["conversation_id", "turn"]).to_pylist()
    }
    history = corpus.table("histories.parquet", ["conversation_id", "turn"]).to_pylist()
    assert not held & {(row["conversation_id"], row["turn"]) for row in history}
    ids = [corpus.table(f"{split}.parquet", ["session_id"])["session_id"].to_pylist() for split in ("train", "test")]
    assert not set(ids[0]) & set(ids[1])
    assert len(set(ids[0])) == report.counts["train"]
