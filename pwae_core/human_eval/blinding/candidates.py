"""Contexts that all systems answer, and the items that can be made from each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.errors import InputError
from pwae_core.human_eval.blinding.placement import GROUND_TRUTH, Context, Item, Tokens, pick


@dataclass(frozen=True)
class Candidate:
    """A context that all systems answer, with the real responses and each system's samples."""

    context: Context
    references: tuple[Tokens, ...]
    samples: Mapping[str, Sequence[Sequence[str]]]


def candidates(tables: Mapping[str, pa.Table]) -> list[Candidate]:
    """From each system's responses (columns of ``schemas.RESPONSES``): the same sessions, in the same order."""
    first, *_ = tables.values()
    samples = {system: table["responses"].to_pylist() for system, table in tables.items()}
    return [
        Candidate(
            Context(
                session_id=row["session_id"],
                user_id=row["user_id"],
                speakers=_speakers(row["context_user_ids"], row["context"]),
                utterances=tuple(tuple(utterance) for utterance in row["context"]),
            ),
            references=tuple(tuple(reference) for reference in row["references"]),
            samples={system: lists[number] for system, lists in samples.items()},
        )
        for number, row in enumerate(first.drop_columns(["responses"]).to_pylist())
    ]


def _speakers(user_ids: Sequence[str], utterances: Sequence[object]) -> tuple[str, ...]:
    return tuple(user_ids) if len(user_ids) == len(utterances) else ("",) * len(utterances)


def make_items(one: Candidate, config: HumanEvalConfig, secret: str) -> tuple[Item, ...]:
    """One item per system, and one for the ground truth if it is judged.

    Raises InputError if a system has no response.
    """
    items = []
    for system, samples in one.samples.items():
        if not samples:
            raise InputError(f"{system} has no response to session {one.context.session_id!r}. Sample it again.")
        response = pick(samples, config.sample, secret, one.context.session_id, system)
        items.append(Item(one.context, system, tuple(response)))
    if config.ground_truth:
        items.append(Item(one.context, GROUND_TRUTH, one.references[0]))
    return tuple(items)
