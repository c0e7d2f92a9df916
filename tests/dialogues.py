"""The conversations that files become: who says what, before windows are cut."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.corpus import readers
from pwae_core.corpus.engine import spill
from pwae_core.corpus.engine.job import Job
from pwae_core.corpus.readers.sources import sources
from pwae_core.corpus.steps import threads
from pwae_core.corpus.steps.arrange import arrange
from pwae_core.corpus.steps.scan import scan

Conversation = list[tuple[str, str]]


def conversations(*files: Path, shards: int = 1, **settings: Any) -> dict[str, Conversation]:
    """Every conversation by its name, its utterances as (user, text). Paths that share their beginning are whole."""
    config = PreprocessConfig.make({"clean": [], **settings})
    names = [str(one) for one in files]
    with tempfile.TemporaryDirectory() as folder, sources(names, Path(folder, "x"), config) as found:
        spans = tuple(span for source in found.sources for span in readers.spans(source))
        job = Job(Path(folder), Path(folder), config, spans, shards)
        counts = [scan(job, piece) for piece in range(len(spans))]
        assert all(one["read"] == one["kept"] + sum(one["rejected"].values()) for one in counts)
        if sum(one["nodes"] for one in counts):
            for step in (threads.names, threads.gather, threads.link, threads.deal):
                for piece in range(1 if step is threads.link else shards):
                    step(job, piece)
        for piece in range(shards):
            arrange(job, piece)
        tables = [spill.read(path) for path in job.files("dialogue", shards)]
        return {name: said for table in tables for name, said in _paths(table.to_pylist())}


def _paths(rows: list[dict[str, Any]]) -> list[tuple[str, Conversation]]:
    """The path to every last utterance."""
    found = []
    for place, row in enumerate(rows):
        if row["ordinal"] != row["length"] - 1:
            continue
        path = [place]
        while rows[path[0]]["back"]:
            path.insert(0, path[0] - rows[path[0]]["back"])
        found.append((row["conversation_id"], [(rows[one]["user_id"], rows[one]["text"]) for one in path]))
    return found
