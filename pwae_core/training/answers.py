"""The answers of a trained run: contexts in, token lists out, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch

from pwae_core.config.sample import SampleConfig
from pwae_core.data.sessions import Sessions, from_table
from pwae_core.data.untrained import Untrained, as_nobody
from pwae_core.decoding import decode
from pwae_core.nn.noise import own_noise
from pwae_core.progress import Progress
from pwae_core.training.runs import Run
from pwae_core.training.sizes import refuse_large_answers


def is_deterministic(run: Run, config: SampleConfig) -> bool:
    """Whether all answers to a context are the same: neither z nor words are drawn."""
    return run.model.deterministic and config.decoding.strategy in ("greedy", "beam")


def corpus_sessions(run: Run, table: pa.Table) -> tuple[Sessions, Untrained]:
    """A corpus's sessions with each user's row in the run, and how many are of users about whom the run learned
    nothing: these are nobody. People who were adapted to are themselves.
    """
    names = table["user_id"].to_pylist()
    strangers = dict.fromkeys(name for name in names if name not in run.users)
    rows = run.users | {name: len(run.known) + number for number, name in enumerate(strangers)}
    users = np.array([rows[name] for name in names], dtype=np.int64)
    sessions = replace(from_table(table, run.model.config.max_length), user=users)
    known = np.append(run.known, np.zeros(len(strangers), dtype=bool))
    return as_nobody(sessions, known, by_words=run.model.knows_by_words)


@torch.no_grad()
def answer(
    run: Run, sessions: Sessions, keys: Sequence[str], config: SampleConfig, progress: Progress
) -> list[list[list[str]]]:
    """``config.samples`` answers (token lists) for each session, in the sessions' order.

    The random draws of an answer depend only on the seed, the session's key and the number of the sample: not on who
    answers, on what else is decoded, or on how many answers are drawn. A deterministic system decodes once and gives
    that answer ``samples`` times, as in the rows of Table 2 with P = R = F1, unless words are sampled. Raises
    ConfigError if the answers cannot fit in memory.
    """
    drawn = 1 if is_deterministic(run, config) else config.samples
    refuse_large_answers(config, drawn, len(sessions), run.model.vocabulary_size, run.device)
    answers: dict[int, list[list[str]]] = {}
    with progress.task(f"sample {run.system}", len(sessions)) as task:
        for rows in sessions.in_order(config.batch_size):
            batch = sessions.batch(rows).to(run.device)
            noise = own_noise(config.seed, [keys[row] for row in rows.tolist()], drawn, run.device)
            state = run.model.begin(batch, drawn, noise)
            decoded = decode(run.model.step, state, config.decoding, noise)
            for place, row in enumerate(rows.tolist()):
                own = decoded[place * drawn : (place + 1) * drawn]
                answers[row] = [run.vocabulary.decode(ids) for ids in own] * (config.samples // drawn)
            task.advance(len(rows))
    return [answers[row] for row in range(len(sessions))]


def answer_as(
    run: Run,
    sessions: Sessions,
    keys: Sequence[str],
    users: Sequence[str],
    config: SampleConfig,
    progress: Progress,
) -> list[dict[str, list[list[str]]]]:
    """Each session answered as each of ``users`` (Table 6), by name. Nothing else differs, not even the noise.

    Raises InputError for a user unknown to the run.
    """
    names = list(dict.fromkeys(users))
    rows = np.repeat(np.arange(len(sessions)), len(names))
    numbers = np.tile(np.array([run.answering(name) for name in names], dtype=np.int64), len(sessions))
    each = replace(sessions.take(rows), user=numbers)
    answers = iter(answer(run, each, [keys[row] for row in rows.tolist()], config, progress))
    return [{name: next(answers) for name in names} for _ in range(len(sessions))]
