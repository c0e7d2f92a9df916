"""``pwae prompts``: test contexts with each responder's history, ready for a language model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pwae_core import artifacts, inputs, prompting
from pwae_core.artifacts import Artifact
from pwae_core.artifacts.marks import is_sealed_rows, seal_row
from pwae_core.artifacts.staging import put, settle
from pwae_core.config.prompts import DEFAULTS, PromptsConfig
from pwae_core.data.sessions import some_of
from pwae_core.errors import ArtifactError, EmptyResultError
from pwae_core.human_eval.blinding.candidates import Candidate
from pwae_core.human_eval.blinding.histories import Histories, Said, draw_history
from pwae_core.human_eval.blinding.placement import Context
from pwae_core.progress import SILENT, Progress
from pwae_core.prompting import Template

COLUMNS = ["session_id", "user_id", "context_user_ids", "context", "response"]


@dataclass(frozen=True)
class PromptsReport:
    """``characters``: of all prompts together, including the template. ``first`` is the first prompt as one string."""

    out: str
    standing: bool
    prompts: int
    samples: int
    without_history: int
    characters: int
    first: str


def prompts(
    corpus: Path,
    out: Path,
    config: PromptsConfig = DEFAULTS,
    *,
    template: Path | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> PromptsReport:
    """Writes one JSON object per line: session_id, user_id, context_user_ids, context, samples, and messages or prompt.

    No prompt contains the real response, nor anything from the validation or test split but its own context. Raises
    ConfigError for a template that cannot be filled, ArtifactError if something else is at ``out``.
    """
    data = artifacts.load(corpus, "corpus")
    pattern = _template(template)
    rows = _drawn(data, config).to_pylist()
    said = _said(data, [row["user_id"] for row in rows]) if config.history else {}
    made, silent = [], 0
    with progress.task("Writing prompts", len(rows)) as task:
        for row in rows:
            history = _history(row, said, config)
            silent += bool(config.history) and not history
            made.append(_row(row, history, pattern, config))
            task.advance()
    standing = _write(out, made, force)
    texts = [_text(one) for one in made]
    return PromptsReport(str(out), standing, len(made), config.samples, silent, sum(map(len, texts)), texts[0])


def _template(path: Path | None) -> Template:
    if path is None:
        return prompting.parse(prompting.DEFAULT, "template")
    return prompting.parse(inputs.text(path), path)


def _drawn(corpus: Artifact, config: PromptsConfig) -> pa.Table:
    """The contexts that ``pwae sample`` answers with the same limit."""
    table = corpus.table("test.parquet", COLUMNS)
    if not len(table):
        raise EmptyResultError(f"{corpus.folder} has no test session. Run 'pwae preprocess' with a larger --test.")
    return some_of(table, config.limit)


def _said(corpus: Artifact, user_ids: Sequence[str]) -> dict[str, list[Said]]:
    known = corpus.table("users.parquet", ["user", "user_id"]).to_pydict()
    users = dict(zip(known["user_id"], known["user"], strict=True))
    table = corpus.table("histories.parquet", ["user", "conversation_id", "turn", "tokens"])
    return Histories(users, table).of({user_id for user_id in user_ids if user_id in users})


def _history(row: Mapping[str, Any], said: Mapping[str, list[Said]], config: PromptsConfig) -> list[tuple[str, ...]]:
    shown = Candidate(_context(row), (tuple(row["response"]),), {})
    return draw_history(said.get(row["user_id"], []), shown, config.history, str(config.seed))


def _context(row: Mapping[str, Any]) -> Context:
    utterances = tuple(tuple(utterance) for utterance in row["context"])
    return Context(row["session_id"], row["user_id"], tuple(row["context_user_ids"]), utterances)


def _row(
    row: Mapping[str, Any], history: Sequence[Sequence[str]], template: Template, config: PromptsConfig
) -> dict[str, Any]:
    filled = prompting.values(_context(row), history, config.characters)
    told = {name: row[name] for name in ("session_id", "user_id", "context_user_ids", "context")}
    told["samples"] = config.samples
    if config.shape == "prompt":
        return told | {"prompt": prompting.prompt(template, filled)}
    return told | {"messages": prompting.messages(template, filled)}


def _text(row: Mapping[str, Any]) -> str:
    return row["prompt"] if "prompt" in row else "\n\n".join(message["content"] for message in row["messages"])


def _write(out: Path, rows: Sequence[Mapping[str, Any]], force: bool) -> bool:
    """Writes the file whole or not at all; True if it already existed, the same to the byte."""
    lines = [json.dumps(seal_row(row), ensure_ascii=False) + "\n" for row in rows]
    content = "".join(lines).encode("utf-8", "backslashreplace")
    settle(out.resolve())
    if out.exists():
        if not is_sealed_rows(out.resolve()):
            raise ArtifactError(
                f"{out} exists and was not made by 'pwae prompts', or was changed since. Choose another --out."
            )
        if out.read_bytes() == content:
            return True
        if not force:
            raise ArtifactError(
                f"{out} already exists, with other prompts. Choose another --out, or --force to replace it."
            )
    put(out, content, is_sealed_rows)
    return False
