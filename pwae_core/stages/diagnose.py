"""``pwae diagnose``: whether a run's z still says something, or its posterior has collapsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import torch

from pwae_core.config.diagnose import DEFAULTS, DiagnoseConfig
from pwae_core.config.sample import SampleConfig
from pwae_core.data.sessions import Sessions, read_sessions
from pwae_core.data.untrained import as_nobody
from pwae_core.errors import ConfigError, EmptyResultError
from pwae_core.nn.noise import seeded
from pwae_core.progress import SILENT, Progress
from pwae_core.training.answers import answer
from pwae_core.training.runs import Run, choose_device, corpus_of, open_run


@dataclass(frozen=True)
class DiagnoseReport:
    """``distinct``: how many different responses a context gets, from 0 for all alike to 1 for none alike; mean over
    contexts. ``active``: the dimensions of z whose posterior mean varies over contexts, of
    ``dimensions``. ``sensitivity``: nats a token that the reconstruction loses when each session is given the z of
    another. ``warnings`` say what is low.
    """

    run: str
    system: str
    contexts: int
    samples: int
    distinct: float
    active: int
    dimensions: int
    sensitivity: float
    warnings: tuple[str, ...]


def diagnose(
    run: Path,
    config: DiagnoseConfig = DEFAULTS,
    *,
    corpus: Path | None = None,
    device: str = "auto",
    progress: Progress = SILENT,
) -> DiagnoseReport:
    """Looks at a run's z on its corpus's validation split.

    Raises ConfigError for a system without a z, ArtifactError for a corpus that is not the run's, EmptyResultError
    for fewer than two validation sessions.
    """
    opened = open_run(run, choose_device(device), config.checkpoint)
    if not opened.model.latent:
        raise ConfigError(f"{opened.system} has no z that could collapse. Diagnose one of the systems that have.")
    data = corpus_of(opened.artifact, corpus)
    sessions, _ = as_nobody(read_sessions(data, "valid", opened.model.config.max_length), opened.known)
    if len(sessions) < 2:
        raise EmptyResultError(f"{data.folder} has fewer than two validation sessions: nothing to compare.")
    drawn = np.sort(np.random.default_rng(config.seed).permutation(len(sessions))[: config.contexts])
    chosen = sessions.take(drawn)
    distinct = _distinct(opened, chosen, [str(row) for row in drawn], config, progress)
    variances, sensitivity = _latent(opened, chosen, config)
    active = int((variances > config.activity).sum())
    share = active / len(variances)
    found = (
        (distinct, config.least_distinct, f"the responses of a context are distinct by {distinct:.2f}"),
        (share, config.least_active, f"{share:.2f} of z's dimensions are active"),
        (sensitivity, config.least_sensitivity, f"another session's z costs {sensitivity:.4f} nats a token"),
    )
    warnings = tuple(f"{fact}, below {least:g}: z is hardly used." for value, least, fact in found if value < least)
    return DiagnoseReport(
        str(run), opened.system, len(chosen), config.samples, distinct, active, len(variances), sensitivity, warnings
    )


def _distinct(run: Run, sessions: Sessions, keys: Sequence[str], config: DiagnoseConfig, progress: Progress) -> float:
    asked = SampleConfig(samples=config.samples, batch_size=config.batch_size, seed=config.seed)
    return mean(distinct_share(responses) for responses in answer(run, sessions, keys, asked, progress))


def distinct_share(responses: Sequence[Sequence[str]]) -> float:
    """How many different responses there are, of the most there could be: 0 for all alike, 1 for none."""
    return (len({tuple(response) for response in responses}) - 1) / (len(responses) - 1)


@torch.no_grad()
def _latent(run: Run, sessions: Sessions, config: DiagnoseConfig) -> tuple[torch.Tensor, float]:
    """[z]: the variance over sessions of the posterior's mean; and the sensitivity to z, in nats a token."""
    noise = seeded(config.seed, run.device, training=False)
    means, lost, tokens = [], 0.0, 0
    for start in range(0, len(sessions), config.batch_size):
        batch = sessions.batch(np.arange(start, min(start + config.batch_size, len(sessions)))).to(run.device)
        z = run.model.posterior_mean(batch, noise)
        means.append(z)
        own, strangers = (run.model.cost_of(batch, each, noise) for each in (z, z.roll(1, dims=0)))
        lost += float(strangers - own)
        tokens += int(batch.response_lengths.sum())
    return torch.cat(means).var(dim=0), lost / tokens
