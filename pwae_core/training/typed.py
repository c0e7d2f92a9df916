"""Contexts that somebody wrote, as sessions that a run can answer."""

from __future__ import annotations

from collections.abc import Sequence

from pwae_core.data.sessions import Sessions, from_lists
from pwae_core.data.typed_context import alternating, prepare
from pwae_core.errors import InputError
from pwae_core.training.runs import Run

Utterance = str | tuple[str, str]
"""A text, or a speaker's name and a text."""


def typed_sessions(
    run: Run, contexts: Sequence[Sequence[Utterance]], users: Sequence[str], asked: tuple[str, str]
) -> tuple[Sessions, list[str]]:
    """A session for each of ``contexts``, answered by the user in the same position, and the key of its noise.

    If no speakers are named, the last utterance is taken as somebody else's, the one before it as the answering user's
    own, and so on. ``asked`` is what messages call a context and a user. Raises InputError for a user unknown to the
    run, a context without utterances, or an utterance that is empty after cleaning.
    """
    texts = [_text(said) for context in contexts for said in context]
    tokens = iter(prepare(texts, run.artifact.facts["preprocess"], asked[0]))
    said = [[next(tokens) for _ in context] for context in contexts]
    if not all(said):
        raise InputError(f"{asked[0]}: a context without utterances cannot be answered. Write one or more.")
    ids = [[run.vocabulary.encode(utterance) for utterance in context] for context in said]
    own = [_own(context, user) for context, user in zip(contexts, users, strict=True)]
    rows = [run.answering(user, asked[1]) for user in users]
    keys = ["\n".join(" ".join(utterance) for utterance in context) for context in said]
    return from_lists(ids, own, rows, run.model.config.max_length), keys


def _text(said: Utterance) -> str:
    return said if isinstance(said, str) else said[1]


def _own(context: Sequence[Utterance], user: str) -> list[bool]:
    """Whether each utterance was said by ``user``, who answers."""
    return [
        turns if isinstance(said, str) else said[0] == user
        for said, turns in zip(context, alternating(len(context)), strict=True)
    ]
