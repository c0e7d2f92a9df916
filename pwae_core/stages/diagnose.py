"""``pwae diagnose``: whether a run's z carries information, or its posterior has collapsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import pyarrow as pa

from pwae_core import artifacts
from pwae_core.artifacts import Plan
from pwae_core.config.diagnose import DEFAULTS, DiagnoseConfig
from pwae_core.config.sample import SampleConfig
from pwae_core.data.sessions import COLUMNS, Sessions
from pwae_core.errors import ConfigError, EmptyResultError
from pwae_core.metrics import latent
from pwae_core.metrics.table import Total
from pwae_core.progress import SILENT, Progress
from pwae_core.schemas import TOTALS
from pwae_core.training.answers import answer, corpus_sessions
from pwae_core.training.new_users import adapted
from pwae_core.training.own_corpus import corpus_of
from pwae_core.training.runs import Run, choose_device, computed_on, open_run
from pwae_core.training.validation import hardly_used, look_at_codes, warnings_of

SIGNED = {"checkpoint", "activity", "seed"}
"""Settings that the numbers depend on."""


@dataclass(frozen=True)
class DiagnoseReport:
    """``distinct``: how different the responses to one context are, from 0 (all alike) to 1 (none alike), averaged over
    contexts. ``active``: of the ``dimensions`` of z, those whose posterior mean varies over contexts. ``sensitivity``:
    nats per token that the reconstruction loses when each session is given the z of another. ``prior_gap``: the energy
    distance between the prior's and the posterior's codes. ``warnings`` say what is too low or too far.
    """

    run: str
    system: str
    contexts: int
    samples: int
    distinct: float
    active: int
    dimensions: int
    sensitivity: float
    prior_gap: float
    warnings: tuple[str, ...]

    def totals(self, config: DiagnoseConfig) -> dict[str, Total]:
        """What was measured, as totals whose signatures include the settings of ``config``."""
        values = {
            latent.DISTINCT: self.distinct,
            latent.ACTIVE: self.active / self.dimensions,
            latent.NATS: self.sensitivity,
            latent.GAP: self.prior_gap,
        }
        return latent.totals(values, self.contexts, {"samples": self.samples, **config.model_dump(include=SIGNED)})


def diagnose(
    run: Path,
    config: DiagnoseConfig = DEFAULTS,
    *,
    corpus: Path | None = None,
    out: Path | None = None,
    device: str = "auto",
    force: bool = False,
    progress: Progress = SILENT,
) -> DiagnoseReport:
    """Examines a run's z on the validation split of its corpus; the numbers are saved at ``out``, if given.

    Raises ConfigError for a system without a z, ArtifactError for a corpus that is not the run's, EmptyResultError
    for fewer than two validation sessions.
    """
    opened = open_run(run, choose_device(device), config.checkpoint)
    if not opened.model.latent:
        raise ConfigError(f"{opened.system} has no z that could collapse. Diagnose a system that has one.")
    data = corpus_of(opened.artifact, corpus)
    table = data.table("valid.parquet", COLUMNS)
    if len(table) < 2:
        raise EmptyResultError(f"{data.folder} has fewer than two validation sessions: nothing to compare.")
    inputs = {"run": opened.artifact.fingerprint, "corpus": data.fingerprint}
    inputs |= adapted(opened.artifact, table["user_id"].to_pylist())
    plan = Plan("diagnosis", config.model_dump(), inputs)
    standing = artifacts.standing(out, plan, force) if out else None
    if standing:
        return DiagnoseReport(**{**standing.facts, "run": str(run), "warnings": tuple(standing.facts["warnings"])})
    report = _look(opened, table, config, progress)
    if out:
        with artifacts.draft(out, plan) as draft:
            draft.write("totals.parquet", _totals_table(report, config))
            draft.facts |= {name: value for name, value in asdict(report).items() if name != "run"}
            draft.environment |= computed_on(opened.device)
    return report


def _look(opened: Run, valid: pa.Table, config: DiagnoseConfig, progress: Progress) -> DiagnoseReport:
    sessions, _ = corpus_sessions(opened, valid)
    drawn = np.sort(np.random.default_rng(config.seed).permutation(len(sessions))[: config.contexts])
    chosen = sessions.take(drawn)
    distinct = _distinct(opened, chosen, [str(row) for row in drawn], config, progress)
    codes = look_at_codes(opened.model, chosen, len(chosen), config.batch_size, config.seed, opened.device)
    active = int((codes.variances > config.activity).sum())
    share = active / len(codes.variances)
    found = (
        (distinct, config.least_distinct, f"the share of distinct responses per context is {distinct:.2f}"),
        (share, config.least_active, f"{share:.2f} of z's dimensions are active"),
    )
    warnings = tuple(hardly_used(fact, least) for value, least, fact in found if value < least)
    return DiagnoseReport(
        run=str(opened.artifact.folder),
        system=opened.system,
        contexts=len(chosen),
        samples=config.samples,
        distinct=distinct,
        active=active,
        dimensions=len(codes.variances),
        sensitivity=codes.z_nats,
        prior_gap=codes.prior_gap,
        warnings=warnings + warnings_of(codes.z_nats, codes.prior_gap, config),
    )


def _totals_table(report: DiagnoseReport, config: DiagnoseConfig) -> pa.Table:
    totals = report.totals(config).items()
    rows = [{"system": report.system, "metric": metric} | asdict(total) for metric, total in totals]
    return pa.Table.from_pylist(rows, schema=TOTALS)


def _distinct(run: Run, sessions: Sessions, keys: Sequence[str], config: DiagnoseConfig, progress: Progress) -> float:
    asked = SampleConfig(samples=config.samples, batch_size=config.batch_size, seed=config.seed)
    return mean(distinct_share(responses) for responses in answer(run, sessions, keys, asked, progress))


def distinct_share(responses: Sequence[Sequence[str]]) -> float:
    """The share of distinct responses, scaled to 0 if all are alike and 1 if none are."""
    return (len({tuple(response) for response in responses}) - 1) / (len(responses) - 1)
