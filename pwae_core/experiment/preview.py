"""``pwae experiment --dry-run``: what exists, what would be made, and roughly how long it takes. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pwae_core.artifacts import Plan
from pwae_core.artifacts.notes import manifest_of, plan_of
from pwae_core.config.experiment import ExperimentConfig, PlannedRun
from pwae_core.experiment.checks import check, difference_of, parts_of, refuse_other_plans, runs_of
from pwae_core.experiment.results import refuse_others
from pwae_core.files import is_vacant
from pwae_core.schemas import TIMING
from pwae_core.training.timing import timings

MADE_OF = {"responses": "run", "scores": "responses", "persona-scores": "responses", "diagnosis": "run"}


@dataclass(frozen=True)
class Planned:
    """One run. ``exists``: its finished parts that will be kept; ``in_the_way``: those damaged or not made by pwae.

    ``begun``: iterations done so far in a training that was cut off or is still going on. ``seconds``: how long the
    training took, or how much longer it is likely to take; None if unknown.
    """

    folder: str
    label: str
    seed: int
    exists: tuple[str, ...]
    in_the_way: tuple[str, ...]
    begun: int
    seconds: float | None

    @property
    def trained(self) -> bool:
        return "run" in self.exists


@dataclass(frozen=True)
class Preview:
    """The runs. ``seconds``: the training time that remains; None unless it is known for every run."""

    title: str
    out: str
    runs: tuple[Planned, ...]
    seconds: float | None


@dataclass(frozen=True)
class _Found:
    """What exists of a run (see ``Planned``). ``elapsed``: seconds of training so far, None if unknown."""

    run: PlannedRun
    exists: tuple[str, ...]
    in_the_way: tuple[str, ...]
    begun: int
    elapsed: float | None


def preview(plan: ExperimentConfig, out: Path, *, device: str = "auto", force: bool = False) -> Preview:
    """Looks at ``out`` and at the plan's inputs. Raises what ``experiment`` would raise before its first run."""
    runs = runs_of(plan)
    refuse_others(out)
    inputs = check(plan, runs, device)
    if not force:
        refuse_other_plans(plan, runs, out, inputs)
    found = [_find(run, out / run.folder, parts_of(plan, run, inputs, out / run.folder)) for run in runs]
    known = [(one.run, one.elapsed) for one in found if "run" in one.exists and one.elapsed is not None]
    shown = tuple(_planned(one, known) for one in found)
    left = [one.seconds for one in shown if not one.trained]
    whole = None if None in left else sum(second for second in left if second is not None)
    return Preview(plan.title, str(out), shown, whole)


def _find(run: PlannedRun, folder: Path, parts: Sequence[Plan]) -> _Found:
    again = _made_again(folder, parts)
    exists = tuple(part.kind for part in parts if part.kind not in again and manifest_of(folder / part.kind))
    took = [] if "run" in again else timings(folder / "run" / TIMING)
    begun = int(took[-1]["step"]) if took and "run" not in exists and plan_of(folder / "run") else 0
    elapsed = took[-1]["elapsed"] if took and (begun or "run" in exists) else None
    return _Found(run, exists, _in_the_way(folder, parts), begun, elapsed)


def _made_again(folder: Path, parts: Sequence[Plan]) -> set[str]:
    """The parts that another plan made, and the parts made from those."""
    again: set[str] = set()
    for part in parts:
        if MADE_OF.get(part.kind) in again or difference_of(folder / part.kind, part):
            again.add(part.kind)
    return again


def _in_the_way(folder: Path, parts: Sequence[Plan]) -> tuple[str, ...]:
    def blocked(place: Path) -> bool:
        return not (is_vacant(place) or manifest_of(place) or plan_of(place))

    return tuple(part.kind for part in parts if blocked(folder if folder.is_file() else folder / part.kind))


def _planned(found: _Found, known: Sequence[tuple[PlannedRun, float]]) -> Planned:
    run = found.run
    seconds = found.elapsed if "run" in found.exists else _rest(run, known, found.elapsed or 0.0)
    return Planned(run.folder, run.label, run.seed, found.exists, found.in_the_way, found.begun, seconds)


def _rest(run: PlannedRun, known: Sequence[tuple[PlannedRun, float]], elapsed: float) -> float | None:
    """Seconds of training left: the mean of finished runs of the same system, else of all, minus ``elapsed``.

    None if no run is finished.
    """
    same = [seconds for other, seconds in known if other.train.model.name == run.train.model.name]
    measured = same or [seconds for _, seconds in known]
    return max(fmean(measured) - elapsed, 0.0) if measured else None
