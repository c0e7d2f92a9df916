"""``pwae adapt``: from a few utterances, a run learns to answer as somebody it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pwae_core import inputs
from pwae_core.config.adapt import DEFAULTS, AdaptConfig
from pwae_core.data.sessions import Ints, Sessions, from_lists
from pwae_core.data.typed_context import tokens_of
from pwae_core.data.untrained import NOBODY
from pwae_core.errors import ArtifactError, EmptyResultError, InputError
from pwae_core.files import hash_strings, to_json
from pwae_core.grammar import counted
from pwae_core.progress import SILENT, Progress
from pwae_core.text.vocabulary import UNK
from pwae_core.training.new_users import keep_person, learned_from, nats_a_token, pairs, person, settle_people
from pwae_core.training.runs import Run, choose_device, computed_on, open_run

MANY = 0.25
"""Share of unknown words above which a warning says that little could be learned."""


@dataclass(frozen=True)
class AdaptReport:
    """The person learned. ``before`` and ``after``: nats per token of their utterances, as nobody and as themselves."""

    run: str
    user: str
    system: str
    replaced: bool
    utterances: int
    words: int
    unknown_words: int
    before: float
    after: float


def adapt(
    run: Path,
    history: Path,
    user: str,
    config: AdaptConfig = DEFAULTS,
    *,
    device: str = "auto",
    force: bool = False,
    progress: Progress = SILENT,
) -> AdaptReport:
    """Learns the person who wrote ``history``, who can then answer as ``user``; nothing else in the run changes.

    ``history`` is UTF-8 text, an utterance a line, at whose end are \\n, \\r\\n or \\r; a line may begin with what it
    answered and a tab. Users of the corpus who were never trained may be adapted to. A person who was learned from the
    same text under that name is not learned again. ``force`` replaces an adapted person of that name. Raises InputError
    for an unusable file or name, ArtifactError for a name that is taken, ConfigError for a system that knows nothing
    about users, DivergenceError if learning diverges. Raises EmptyResultError if cleaning leaves no utterance, if the
    run knows none of the words, or if the system knows users by words and every user of the run says all of these.
    """
    where = choose_device(device)
    settle_people(run)
    opened = open_run(run, where)
    _refuse_trained(user, opened)
    asked, said = _read(history, opened, progress)
    source = hash_strings([to_json([asked, said, config.model_dump()]).decode()])
    stands = learned_from(opened.artifact, user) == source and not force
    if not stands and not force:
        _refuse_taken(user, opened)
    words = [word for utterance in said for word in utterance]
    unknown = sum(word == UNK for word in words)
    _warn_of_unknown(history, unknown, len(words), progress)
    sessions = _sessions(asked, said, opened)
    if opened.model.user_rows and not opened.known[0]:
        progress.say("Nobody in particular was never trained (model.user_dropout was 0): 'as nobody' says little.")
    before = nats_a_token(opened.model, sessions, 0, config, where)
    if not stands:
        rows = person(opened.model, _trained(opened), sessions, said, config, where, progress)
        if opened.model.knows_by_words and not rows["user_words.weights"].any():
            raise EmptyResultError(
                f"{history}: every user of the run says all of its words, so they tell nothing about {user}."
            )
        keep_person(opened.artifact, user, rows, source, **computed_on(where))
    joined = open_run(run, where)
    after = nats_a_token(joined.model, sessions, joined.users[user], config, where)
    replaced = user in opened.people and not stands
    return AdaptReport(str(run), user, opened.system, replaced, len(said), len(words), unknown, before, after)


def _refuse_trained(user: str, run: Run) -> None:
    if not user:
        raise InputError("--user '': a name is needed.")
    if user == NOBODY:
        raise InputError(f"--user {user}: that name means nobody in particular. Choose another name.")
    if user in run.users and user not in run.people and run.known[run.users[user]]:
        raise InputError(f"--user {user}: the run was trained with that user. Choose another name.")


def _refuse_taken(user: str, run: Run) -> None:
    if user in run.people:
        raise ArtifactError(
            f"--user {user}: {run.artifact.folder} was already adapted to somebody of that name. "
            "Choose another --user, or --force to replace them."
        )


def _trained(run: Run) -> Ints:
    """The rows of trained users, without nobody and adapted people."""
    rows = np.flatnonzero(run.known[: len(run.known) - len(run.people)])
    return rows[rows > 0]


def _warn_of_unknown(history: Path, unknown: int, words: int, progress: Progress) -> None:
    """Raises EmptyResultError if no word is known, because nothing could be learned."""
    advice = "Is it in the corpus's language, with words separated in the same way?"
    if unknown == words:
        raise EmptyResultError(f"{history}: the run knows none of its {words:,} words. {advice}")
    if unknown >= MANY * words:
        share = f"{unknown:,} of {words:,} words ({unknown / words:.0%})"
        progress.say(
            f"Warning: {share} of {history} are unknown to the run, so little can be learned from it. {advice}"
        )


def _read(history: Path, run: Run, progress: Progress) -> tuple[list[list[int]], list[list[int]]]:
    """What each utterance answered (empty: unknown), and the utterances, both as token ids. Tells of other lines."""
    lines = {number: line for number, line in enumerate(inputs.text(history).split("\n"), 1) if line.strip()}
    halves = [line.rpartition("\t") for line in lines.values()]
    preprocess = run.artifact.facts["preprocess"]
    asked, said = (
        [run.vocabulary.encode(tokens) for tokens in tokens_of([half[place] for half in halves], preprocess)]
        for place in (0, 2)
    )
    kept = [(one, other) for one, other in zip(asked, said, strict=True) if other]
    if not kept:
        raise EmptyResultError(f"{history} holds no utterance after cleaning, or after tabs. Write one per line.")
    without = [number for number, other in zip(lines, said, strict=True) if not other]
    if without:
        there = counted(len(lines), "line")
        progress.say(
            f"{history}: {len(without):,} of {there} hold no utterance after cleaning, or after a tab "
            f"(the first: line {without[0]})."
        )
    return [one for one, _ in kept], [other for _, other in kept]


def _sessions(asked: list[list[int]], said: list[list[int]], run: Run) -> Sessions:
    contexts = [[question or before] for question, (before, _) in zip(asked, pairs(said), strict=True)]
    speakers = [[False]] * len(said)
    return from_lists(contexts, speakers, [0] * len(said), run.model.config.max_length, said)
