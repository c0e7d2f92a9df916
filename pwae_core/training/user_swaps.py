"""What difference the user makes to a trained run: the same contexts answered as somebody else, and users'
likelihoods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from pwae_core.config.sample import SampleConfig
from pwae_core.data.sessions import Ints, Sessions
from pwae_core.nn.noise import own_noise
from pwae_core.progress import Progress
from pwae_core.training.answers import answer
from pwae_core.training.runs import Run

MEASURES = ("prior_nll", "posterior_nll")


@dataclass(frozen=True)
class SwappedAnswers:
    """Tokens by session and sample: as the true user, as the same user with other noise, as another with the same
    noise.
    """

    true: Sequence[Sequence[Sequence[str]]]
    noise: Sequence[Sequence[Sequence[str]]]
    other: Sequence[Sequence[Sequence[str]]]


def answer_swapped(
    run: Run, sessions: Sessions, keys: Sequence[str], others: Ints, config: SampleConfig, progress: Progress
) -> SwappedAnswers:
    """Answers ``sessions`` three times; ``others`` (sessions,) are rows of the user table.

    Nothing but the user differs between the first and the third: who said what in the context stays as it was.
    """
    return SwappedAnswers(
        true=answer(run, sessions, keys, config, progress),
        noise=answer(run, sessions, keys, config.model_copy(update={"seed": config.seed + 1}), progress),
        other=answer(run, replace(sessions, user=others), keys, config, progress),
    )


@torch.no_grad()
def user_likelihoods(
    run: Run, sessions: Sessions, keys: Sequence[str], others: Ints, seed: int, progress: Progress
) -> dict[str, np.ndarray]:
    """-log p of the real responses in nats, by measure, (sessions, 1 + others): as the true user, then as each of
    ``others`` (sessions, others), rows of the user table. One z is drawn per session, the same for all users.
    """
    users = np.column_stack([sessions.user, others])
    found = {measure: np.empty(users.shape) for measure in MEASURES}
    with progress.task(f"likelihood {run.system}", len(users)) as task:
        for row, own in enumerate(users.tolist()):
            batch = sessions.batch(np.array([row])).to(run.device)
            for place, user in enumerate(own):
                swapped = replace(batch, user=torch.full_like(batch.user, user))
                noise = own_noise(seed, [keys[row]], 1, run.device)
                sums = run.model.negative_log_likelihood(swapped, noise)
                for measure in MEASURES:
                    found[measure][row, place] = float(sums[measure])
            task.advance(1)
    return found
