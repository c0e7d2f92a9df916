"""What stages do with artifacts, without a stage: quick enough to be killed at every change of the disk."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from pwae_core import artifacts
from pwae_core.artifacts import Plan
from pwae_core.artifacts.marks import UNSEALED, is_sealed_text, seal_text
from pwae_core.artifacts.staging import put
from pwae_core.files import sealed, write_bytes
from pwae_core.schemas import VECTORS


def table() -> pa.Table:
    rows = {"id": [0], "token": ["tea"], "vector": [[0.5]], "known": [True]}
    return pa.table(rows, schema=VECTORS)


def hidden(out: str, seed: str, force: str = "", resume: str = "") -> None:
    """As embed-words or, with ``resume``, preprocess: its work is done once."""
    place, plan = Path(out), Plan("vectors", {"seed": seed}, {})
    if artifacts.standing(place, plan, bool(force)):
        return
    with artifacts.draft(place, plan, resume=bool(resume)) as draft:
        for number in range(3):
            if not (draft.work / f"shard-{number}.json").exists():
                (draft.work / f"shard-{number}.arrow").write_text("much")
                write_bytes(draft.work / f"shard-{number}.json", b"{}")
        draft.write("vectors.parquet", table())
        draft.facts = {"seed": seed}


def in_place(out: str, seed: str, force: str = "") -> None:
    """As train: what is written stays, and the same command goes on."""
    place, plan = Path(out), Plan("vectors", {"seed": seed}, {})
    if artifacts.standing(place, plan, bool(force)):
        return
    with artifacts.draft(place, plan, resume=not force, in_place=True) as draft:
        draft.claim("log.jsonl", "checkpoints", "vectors.parquet")
        (draft.folder / "checkpoints").mkdir(exist_ok=True)
        (draft.folder / "log.jsonl").write_text(f"{seed}\n")
        write_bytes(draft.folder / "checkpoints" / "last.json", sealed({"step": 1}), artifacts.token_of(draft.folder))
        draft.write("vectors.parquet", table())


def page(out: str, text: str) -> None:
    """As report."""
    content = seal_text(f"<!-- mine {UNSEALED} -->\n{text}".encode())
    put(Path(out), content, lambda path: is_sealed_text(path, "mine"))
