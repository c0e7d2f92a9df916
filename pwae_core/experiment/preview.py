"""``pwae experiment --dry-run``: what exists, what would be made, and roughly how long it takes. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pwae_core.artifacts.notes import manifest_of, plan_of
from pwae_core.config.experiment import ExperimentConfig, PlannedRun
from pwae_core.experiment.checks import check, refuse_other_plans, runs_of
from pwae_core.experiment.results import refuse_others
from pwae_core.schemas import TIMING
from pwae_core.training.timing import timings

PARTS = ("run", "responses", "scores")


@dataclass(frozen=True)
class Planned:
    """One run. ``exists``: its finished parts; ``begun``: iterations of a training that was cut off or goes on now.

    ``seconds``: of training, the time it took or the rest that it takes; None where nothing tells.
    """

    folder: str
    label: str
    seed: int
    exists: tuple[str, ...]
    begun: int
    seconds: float | None

    @property
    def trained(self) -> bool:
        return "run" in self.exists


@dataclass(frozen=True)
class Preview:
    """``seconds``: the remaining training time; None unless it is known for every run."""

    title: str
    out: str
    runs: tuple[Planned, ...]
    seconds: float | None


def preview(plan: ExperimentConfig, out: Path, *, device: str = "auto", force: bool = False) -> Preview:
    """Looks at ``out`` and at the plan's inputs. Raises what ``experiment`` would raise before its first run."""
    runs = runs_of(plan)
    refuse_others(out)
    inputs = check(plan, runs, device)
    if not force:
        refuse_other_plans(plan, runs, out, inputs)
    took = {run.folder: timings(out / run.folder / "run" / TIMING) for run in runs}
    exists = {run.folder: _exists(out / run.folder) for run in runs}
    known = [(run, took[run.folder][-1]["elapsed"]) for run in runs if "run" in exists[run.folder] and took[run.folder]]
    shown = tuple(_planned(run, out / run.folder, exists[run.folder], took[run.folder], known) for run in runs)
    left = [one.seconds for one in shown if not one.trained]
    whole = None if None in left else sum(second for second in left if second is not None)
    return Preview(plan.title, str(out), shown, whole)


def _exists(folder: Path) -> tuple[str, ...]:
    return tuple(part for part in PARTS if manifest_of(folder / part))


def _planned(
    run: PlannedRun,
    folder: Path,
    exists: tuple[str, ...],
    took: Sequence[dict[str, float]],
    known: Sequence[tuple[PlannedRun, float]],
) -> Planned:
    begun = int(took[-1]["step"]) if took and "run" not in exists and plan_of(folder / "run") else 0
    elapsed = took[-1]["elapsed"] if took else None
    seconds = elapsed if "run" in exists else _rest(run, known, elapsed if begun and elapsed else 0.0)
    return Planned(folder.name, run.label, run.seed, exists, begun, seconds)


def _rest(run: PlannedRun, known: Sequence[tuple[PlannedRun, float]], elapsed: float) -> float | None:
    """Estimated from the finished runs of the same system, else from all; less the time already spent."""
    same = [seconds for other, seconds in known if other.train.model.name == run.train.model.name]
    measured = same or [seconds for _, seconds in known]
    return max(fmean(measured) - elapsed, 0.0) if measured else None
