"""Responses to score or to judge: our own artifact of kind "responses", or any other system's JSONL or Parquet.

Both become a ``ResponseSet`` with the columns of ``schemas.RESPONSES``, one row per context. What a file does not give
stays empty (``""`` or no elements). ``complete`` takes it from the corpus; ``align`` aligns several systems, and
refuses those that did not answer the same contexts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter, ne
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pwae_core import artifacts
from pwae_core.data.external_responses import GIVEN, read_external
from pwae_core.errors import EmptyResultError, InputError
from pwae_core.files import hash_file
from pwae_core.grammar import counted
from pwae_core.inputs import without_packing
from pwae_core.schemas import RESPONSES
from pwae_core.text.tokenize import detokenise

COLLAPSED, LEAST_CONTEXTS = 0.5, 10
"""The share of contexts with one and the same answer from which it is told, and of how many contexts at least."""
TOKEN_END = "\x1f"
FROM_CORPUS = ("user_id", "context_user_ids", "context", "references")


@dataclass(frozen=True)
class ResponseSet:
    """One system's answers. ``facts`` are those of the artifact's manifest, None for an external file.

    ``tokenizer`` is the name of the tokenizer, ``"given"`` if the file already held tokens. ``fingerprint`` is the
    SHA-256 of the artifact's manifest or of the external file.
    """

    system: str
    table: pa.Table
    facts: Mapping[str, Any] | None
    fingerprint: str
    source: Path
    tokenizer: str

    @property
    def session_ids(self) -> list[str]:
        ids: list[str] = self.table["session_id"].to_pylist()
        return ids


def same_answer(responses: pa.Table) -> str:
    """A remark if half of the contexts or more get the same first answer, as after a collapse; otherwise empty."""
    answers = pc.list_element(responses["responses"], 0).cast(pa.list_(pa.string()))
    found = pc.value_counts(pc.binary_join(answers, TOKEN_END)).to_pylist()
    answer, count = max(((one["values"], one["counts"]) for one in found), key=itemgetter(1), default=("", 0))
    if len(responses) < LEAST_CONTEXTS or count < COLLAPSED * len(responses):
        return ""
    told = detokenise(answer.split(TOKEN_END))
    return (
        f'{count:,} of the {counted(len(responses), "context")} get the same first answer, "{told:.80}". '
        "Scores of such a system mean little; check how it was trained."
    )


def empty_references(responses: pa.Table) -> str:
    """A remark if contexts have no reference with a word; otherwise empty."""
    empty = sum(not any(references) for references in responses["references"].to_pylist())
    if not empty:
        return ""
    having = counted(empty, "context has", "contexts have")
    return f"{having} only empty references: BLEU is 0 there, whatever the answer is."


@dataclass(frozen=True)
class Alignment:
    """Response sets with the same sessions in the same order; ``left_out`` counts each system's other contexts.

    ``answered``: the sessions of each system, including those that are left out.
    """

    sets: tuple[ResponseSet, ...]
    contexts: int
    left_out: Mapping[str, int]
    answered: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Named:
    """Where one system's responses are, and the name to show; None: the artifact's own, or the file's stem."""

    path: Path
    system: str | None = None


def named(argument: str) -> Named:
    """Reads ``NAME=PATH`` or ``PATH``. A path that exists may itself contain an equals sign, and so may its name."""
    ends = [] if Path(argument).exists() else [place for place, one in enumerate(argument) if one == "=" and place]
    splits = [Named(Path(argument[end + 1 :]), argument[:end]) for end in ends]
    return next((one for one in splits if one.path.exists()), splits[0] if splits else Named(Path(argument)))


def read_responses(path: Path, tokenizer: str | None = None, system: str | None = None) -> ResponseSet:
    """Reads one system's responses.

    ``path`` is an artifact's folder or a .jsonl, .ndjson (both also .gz and the like) or .parquet file; ``tokenizer``
    (a key of ``TOKENIZERS``) is for files that hold strings; ``system`` is the name to show, by default the artifact's
    own or the file's stem.

    Raises InputError for a file that is not as documented, ArtifactError for a folder that is not an artifact.
    """
    if path.is_dir():
        artifact = artifacts.load(path, "responses")
        facts = artifact.facts
        table = artifact.table("responses.parquet")
        made = ResponseSet(
            system or facts["system"], table, facts, artifact.fingerprint, path, facts.get("tokenizer", GIVEN)
        )
    else:
        external = read_external(path, tokenizer)
        name = system or without_packing(path).stem
        made = ResponseSet(name, external.table, None, hash_file(path), path, external.tokenizer)
    _check_unique(made)
    return made


def _check_unique(responses: ResponseSet) -> None:
    seen: set[str] = set()
    for number, session in enumerate(responses.session_ids, 1):
        if session in seen:
            raise InputError(
                f"{responses.source}, row {number}: session_id {session!r} occurs twice. "
                "Put all responses to one context into one row."
            )
        seen.add(session)
    if not seen:
        raise InputError(f"{responses.source} holds no responses. It needs one row per context.")


def complete(responses: ResponseSet, corpus: artifacts.Artifact) -> ResponseSet:
    """Fills in from the corpus's test split what ``responses`` does not give, and checks what it does give. The rows
    get the split's order, so that nothing drawn by a seed depends on theirs.

    Raises InputError for a session that is not in the test split, or that differs from it.
    """
    columns = ["session_id", "user_id", "context_user_ids", "context", "response"]
    rows = {row["session_id"]: row for row in corpus.table("test.parquet", columns).to_pylist()}
    filled = []
    for row in responses.table.to_pylist():
        truth = rows.get(row["session_id"])
        if truth is None:
            raise InputError(
                f"{responses.source}: session_id {row['session_id']!r} is not in the test split of {corpus.folder}. "
                "Give the corpus whose test split was answered."
            )
        filled.append(_filled(row, truth | {"references": [truth["response"]]}, responses.source, corpus.folder))
    place = {session: number for number, session in enumerate(rows)}
    filled.sort(key=lambda row: place[row["session_id"]])
    return replace(responses, table=pa.Table.from_pylist(filled, schema=RESPONSES))


def _filled(row: dict[str, Any], truth: dict[str, Any], source: Path, corpus: Path) -> dict[str, Any]:
    for column in FROM_CORPUS:
        same = row[column] == truth[column] or (column == "references" and truth["response"] in row[column])
        if row[column] and not same:
            raise InputError(
                f"{source}: {column} of session {row['session_id']!r} differs from the test split of {corpus}. "
                f"Leave the column {column} out, or give the corpus (and --tokenizer) that it came from."
            )
    return row | {column: row[column] or truth[column] for column in FROM_CORPUS}


def only_real(responses: ResponseSet, corpus: artifacts.Artifact) -> ResponseSet:
    """``responses``; of several references, only what was really said in the corpus's test split, or else the first."""
    if not (pc.list_value_length(responses.table["references"]).to_numpy() > 1).any():
        return responses
    said = corpus.table("test.parquet", ["session_id", "response"]).to_pydict()
    real = dict(zip(said["session_id"], said["response"], strict=True))
    rows = responses.table.to_pylist()
    for row in rows:
        row["references"] = sorted(row["references"], key=partial(ne, real.get(row["session_id"])))[:1]
    return replace(responses, table=pa.Table.from_pylist(rows, schema=RESPONSES))


def with_references(responses: ResponseSet) -> ResponseSet:
    """``responses``, unchanged. Raises InputError if a context has no reference to compare with."""
    counts = pc.list_value_length(responses.table["references"]).to_numpy()
    if not counts.all():
        session = responses.session_ids[int(counts.argmin())]
        raise InputError(
            f"{responses.source}: session {session!r} has no reference. Add the column references, "
            "or give --corpus to take them from its test split."
        )
    return responses


def first_samples(responses: ResponseSet, samples: int | None = None) -> ResponseSet:
    """The first ``samples`` responses of every context. None: all, if every context has the same number.

    Raises InputError for a context with none, with fewer than ``samples``, or with another number than the others.
    """
    counts = pc.list_value_length(responses.table["responses"]).to_numpy()
    if not counts.all():
        session = responses.session_ids[int(counts.argmin())]
        raise InputError(f"{responses.source}: session {session!r} has no responses. Give it one or more.")
    wanted = samples or int(counts[0])
    wrong = counts < wanted if samples else counts != wanted
    if wrong.any():
        session, fewest = responses.session_ids[int(wrong.argmax())], counts.min()
        there = counted(int(counts[wrong.argmax()]), "response")
        expected = f"--first asks for {wanted}" if samples else f"{responses.session_ids[0]!r} has {wanted}"
        raise InputError(
            f"{responses.source}: session {session!r} has {there}, {expected}. "
            f"Score the first {fewest} of each with --first {fewest}."
        )
    column = pc.list_slice(responses.table["responses"], 0, wanted)
    number = responses.table.schema.get_field_index("responses")
    table = responses.table.set_column(
        number, RESPONSES.field("responses"), column.cast(RESPONSES.field("responses").type)
    )
    return replace(responses, table=table)


def align(sets: Sequence[ResponseSet], common: bool = False, *, seeds: bool = False) -> Alignment:
    """Aligns the systems, in the order of the first one's sessions. ``seeds``: one NAME may be given to several.

    Raises InputError if two systems have the same name, cover different contexts (unless ``common``, which keeps only
    those that all cover), or disagree on a session's references, context or user; EmptyResultError if no context is
    common.
    """
    _check_names(sets, "; or give both the same NAME, as seeds of one system" if seeds else "")
    kept = set(sets[0].session_ids).intersection(*(s.session_ids for s in sets[1:]))
    if not common:
        _check_coverage(sets, kept)
    if not kept:
        raise EmptyResultError(f"No context is answered by all of {', '.join(str(s.source) for s in sets)}.")
    order = [session for session in sets[0].session_ids if session in kept]
    aligned = tuple(_select(s, order) for s in sets)
    for other in aligned[1:]:
        _check_agreement(aligned[0], other)
    left_out = {one.system: one.table.num_rows - len(order) for one in sets}
    return Alignment(aligned, len(order), left_out, {one.system: one.session_ids for one in sets})


def _check_names(sets: Sequence[ResponseSet], or_else: str) -> None:
    sources: dict[str, Path] = {}
    for responses in sets:
        if responses.system in sources:
            raise InputError(
                f"{sources[responses.system]} and {responses.source} are both called {responses.system!r}. "
                f"Give them different names, NAME=PATH{or_else}."
            )
        sources[responses.system] = responses.source


def _check_coverage(sets: Sequence[ResponseSet], kept: set[str]) -> None:
    for one in sets:
        extra = [session for session in one.session_ids if session not in kept]
        if extra:
            other = next(s for s in sets if extra[0] not in set(s.session_ids))
            raise InputError(
                f"{one.source} and {other.source} cover different contexts: {len(extra)} of {one.table.num_rows} in "
                f"{one.source} are not answered by all (first: {extra[0]!r}). Use --common to keep those that are."
            )


def _select(responses: ResponseSet, order: Sequence[str]) -> ResponseSet:
    if order == responses.session_ids:
        return responses
    row = {session: number for number, session in enumerate(responses.session_ids)}
    return replace(responses, table=responses.table.take([row[session] for session in order]))


def _check_agreement(one: ResponseSet, other: ResponseSet) -> None:
    for column in ("references", "context", "user_id"):
        if one.table[column].equals(other.table[column]):
            continue
        pairs = zip(one.session_ids, one.table[column].to_pylist(), other.table[column].to_pylist(), strict=True)
        for session, here, there in pairs:
            if here and there and here != there:
                raise InputError(
                    f"{one.source} and {other.source} differ in {column} of session {session!r}. "
                    "Systems are compared on the same contexts, tokenised the same way."
                )
