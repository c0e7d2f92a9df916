"""Which contexts can be judged, and the items that are drawn from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.errors import EmptyResultError, InputError
from pwae_core.human_eval.blinding.placement import GROUND_TRUTH, Context, Item, Tokens, pick, shuffled


@dataclass(frozen=True)
class Candidate:
    """A context that all systems answer: the real responses, and each system's samples."""

    context: Context
    references: tuple[Tokens, ...]
    samples: Mapping[str, Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Drawn:
    """The candidates that are judged, and how many of the common contexts could not be."""

    chosen: tuple[Candidate, ...]
    common: int
    without_history: int
    without_reference: int


def candidates(tables: Mapping[str, pa.Table]) -> list[Candidate]:
    """From each system's responses (columns of ``schemas.RESPONSES``), the same sessions in the same order."""
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


def draw(found: Sequence[Candidate], speak: Iterable[str], config: HumanEvalConfig, secret: str) -> Drawn:
    """``config.contexts`` of the candidates; ``speak`` are the ids of the users that have a history.

    Raises EmptyResultError when fewer can be judged.
    """
    speaking = set(speak)
    silent = [one for one in found if config.history and one.context.user_id not in speaking]
    unanswered = [one for one in found if config.ground_truth and not one.references]
    left_out = {one.context.session_id for one in (*silent, *unanswered)}
    judged = [one for one in found if one.context.session_id not in left_out]
    if len(judged) < config.contexts:
        raise EmptyResultError(
            f"Only {len(judged)} contexts can be judged, {config.contexts} were asked for: all systems answer "
            f"{len(found)}, {len(silent)} of which have a responder without history and {len(unanswered)} no real "
            f"response. Lower --contexts{', or use --no-ground-truth' if unanswered else ''}."
        )
    order = shuffled(judged, lambda one: (one.context.session_id,), secret, "contexts")
    return Drawn(tuple(order[: config.contexts]), len(found), len(silent), len(unanswered))


def make_items(chosen: Iterable[Candidate], config: HumanEvalConfig, secret: str) -> list[Item]:
    """One item per context and system, the ground truth among the systems where it is judged.

    Raises InputError for a context to which a system has no response.
    """
    items = []
    for one in chosen:
        for system, samples in one.samples.items():
            if not samples:
                raise InputError(f"{system} has no response to session {one.context.session_id!r}. Sample it again.")
            response = pick(samples, config.sample, secret, one.context.session_id, system)
            items.append(Item(one.context, system, tuple(response)))
        if config.ground_truth:
            items.append(Item(one.context, GROUND_TRUTH, one.references[0]))
    return items
