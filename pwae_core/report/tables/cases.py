"""Tables 5 and 6 as cases to read: what was said, what each system answers, and what the person really says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pwae_core.artifacts import Artifact
from pwae_core.config.report import ReportConfig
from pwae_core.config.sample import SampleConfig
from pwae_core.data.responses import ResponseSet, align
from pwae_core.data.sessions import from_lists
from pwae_core.data.untrained import NOBODY
from pwae_core.errors import EmptyResultError
from pwae_core.human_eval.blinding.candidates import Candidate, candidates
from pwae_core.human_eval.blinding.histories import Histories, draw_history
from pwae_core.human_eval.blinding.placement import Context
from pwae_core.progress import Progress
from pwae_core.text.tokenize import detokenise
from pwae_core.training.answers import answer_as
from pwae_core.training.runs import Run

TABLE_6 = ["session_id", "user_id", "context_user_ids", "context", "context_ids", "response"]


@dataclass(frozen=True)
class Turn:
    """One utterance of a context. ``speaker`` is a letter; ``own``: the responder said it."""

    speaker: str
    text: str
    own: bool


@dataclass(frozen=True)
class Answers:
    """The answers of ``who``: a system (Table 5) or a user (Table 6). A user's ``history`` is as in ``Case``."""

    who: str
    texts: tuple[str, ...]
    history: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Case:
    """One context with its answers. ``history``: real utterances of the responder from the training split.

    ``history`` is None if none were looked up.
    """

    session_id: str
    user_id: str
    context: tuple[Turn, ...]
    references: tuple[str, ...]
    answers: tuple[Answers, ...]
    history: tuple[str, ...] | None = None


def read_histories(corpus: Artifact) -> Histories:
    """The users of a corpus and all their utterances in the training split."""
    users = corpus.table("users.parquet", ["user", "user_id"]).to_pydict()
    said = corpus.table("histories.parquet", ["user", "conversation_id", "turn", "tokens"])
    return Histories(dict(zip(users["user_id"], users["user"], strict=True)), said)


def table_5(sets: Sequence[ResponseSet], histories: Histories | None, config: ReportConfig) -> list[Case]:
    """Contexts that all systems answer, drawn by the seed, not hand-picked; none if they have no context in common."""
    try:
        aligned = align(sets, common=True)
    except EmptyResultError:
        return []
    found = candidates({one.system: one.table for one in aligned.sets})
    order = np.random.default_rng(config.seed).permutation(len(found))[: config.cases]
    chosen = [found[number] for number in order]
    said = _said(histories, [one.context.user_id for one in chosen])
    return [_case(one, said, config) for one in chosen]


def _said(histories: Histories | None, user_ids: Sequence[str]) -> Histories | None:
    """The part of ``histories`` about some users, which is quicker to search."""
    if histories is None:
        return None
    known = {user_id: histories.users[user_id] for user_id in user_ids if user_id in histories.users}
    spoken = pc.is_in(histories.table["user"], pa.array(known.values(), pa.int32()))
    return Histories(known, histories.table.filter(spoken))


def _case(one: Candidate, histories: Histories | None, config: ReportConfig) -> Case:
    answers = tuple(Answers(system, tuple(map(detokenise, samples))) for system, samples in one.samples.items())
    return Case(
        session_id=one.context.session_id,
        user_id=one.context.user_id,
        context=turns(one.context),
        references=tuple(map(detokenise, one.references)),
        answers=answers,
        history=history(one, histories, config),
    )


def turns(context: Context) -> tuple[Turn, ...]:
    """The utterances of a context, with letters for speakers, including the responder."""
    everybody = dict.fromkeys([*context.speakers, context.user_id])
    letters = {user: chr(ord("A") + number % 26) for number, user in enumerate(everybody)}
    return tuple(
        Turn(letters[speaker] if speaker else "–", detokenise(utterance), speaker == context.user_id)
        for speaker, utterance in zip(context.speakers, context.utterances, strict=True)
    )


def history(one: Candidate, histories: Histories | None, config: ReportConfig) -> tuple[str, ...] | None:
    """Real utterances of the responder that the case does not show itself; None if none are known or wanted."""
    if histories is None or not config.history or one.context.user_id not in histories.users:
        return None
    said = histories.of([one.context.user_id])[one.context.user_id]
    return tuple(detokenise(tokens) for tokens in draw_history(said, one, config.history, str(config.seed)))


def table_6(run: Run, corpus: Artifact, histories: Histories, config: ReportConfig, progress: Progress) -> list[Case]:
    """Test contexts, drawn by the seed, each answered as the users with most training responses."""
    table = corpus.table("test.parquet", TABLE_6)
    order = np.random.default_rng(config.seed).permutation(len(table))[: config.contexts]
    users = busiest(run, config.users)
    rows = [table.slice(int(number), 1).to_pylist()[0] for number in order]
    sessions = from_lists(
        [row["context_ids"] for row in rows],
        [[speaker == row["user_id"] for speaker in row["context_user_ids"]] for row in rows],
        [0] * len(rows),
        run.model.config.max_length,
    )
    keys = [row["session_id"] for row in rows]
    settings = SampleConfig(samples=config.samples, seed=config.seed, checkpoint=config.checkpoint)
    drawn = answer_as(run, sessions, keys, users, settings, progress) if rows and users else [{} for _ in rows]
    own = _said(histories, users)
    return [_swapped(row, answers, own, config) for row, answers in zip(rows, drawn, strict=True)]


def busiest(run: Run, count: int) -> list[str]:
    """The users with most training responses.

    It leaves out nobody in particular (row 0), any user with that same name, because nobody would answer under it, and
    users without training responses.
    """
    table = run.artifact.table("users.parquet", ["user", "user_id", "train_responses"]).to_pylist()
    ranked = sorted(table, key=lambda row: (-row["train_responses"], row["user"]))
    known = [row["user_id"] for row in ranked if row["user"] and row["train_responses"]]
    return [name for name in known if name != NOBODY][:count]


def _swapped(
    row: Mapping[str, Any], drawn: Mapping[str, list[list[str]]], own: Histories | None, config: ReportConfig
) -> Case:
    context = Context(
        row["session_id"],
        row["user_id"],
        tuple(row["context_user_ids"]),
        tuple(tuple(utterance) for utterance in row["context"]),
    )
    answers = []
    for user, responses in drawn.items():
        person = Candidate(Context(context.session_id, user, context.speakers, context.utterances), (), {})
        answers.append(Answers(user, tuple(map(detokenise, responses)), history(person, own, config)))
    return Case(
        context.session_id,
        context.user_id,
        turns(context),
        (detokenise(row["response"]),),
        tuple(answers),
    )
