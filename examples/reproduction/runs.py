"""The complete runs of the study and the scores of their answers, for the scripts beside this."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from tables import read_table, write

from pwae_core.artifacts import Artifact, load
from pwae_core.config.experiment import PlannedRun, planned_runs, read_plan
from pwae_core.config.train import TrainConfig
from pwae_core.errors import ArtifactError, PwaeError
from pwae_core.models import MODELS
from pwae_core.stages.persona_scores import REAL

SCORES = "scores"
"""The folder in the results that has a file for each run."""
NAMES = {name: model.display_name for name, model in MODELS.items()}
ARTIFACTS = {
    "run": "run",
    "responses": "responses",
    "scores": "scores",
    "persona": "persona-scores",
    "diagnosis": "diagnosis",
}
READ = {"run": ("log.parquet",), "diagnosis": ("totals.parquet",)}
READ |= dict.fromkeys(("scores", "persona"), ("totals.parquet", "scores.parquet"))
MADE_OF = {"responses": "run", "scores": "responses", "persona": "responses", "diagnosis": "run"}
KEY = ("corpus", "split", "table", "label", "seed")


@dataclass(frozen=True)
class Made:
    """A complete run. ``diagnosis`` is of those systems only that have a z."""

    corpus: str
    split: str
    table: str
    planned: PlannedRun
    run: Artifact
    responses: Artifact
    scores: Artifact
    persona: Artifact
    diagnosis: Artifact | None

    @property
    def place(self) -> dict[str, str]:
        return {"corpus": self.corpus, "split": self.split}

    @property
    def key(self) -> dict[str, Any]:
        return {**self.place, "label": self.planned.label, "seed": self.planned.seed}

    @property
    def name(self) -> tuple[Any, ...]:
        return tuple(self.key.values())


@dataclass(frozen=True)
class Scored:
    """What the answers of a run were given: ``scores`` is (contexts, measures), with NaN if a context has no such
    score.
    """

    corpus: str
    split: str
    table: str
    label: str
    seed: int
    scores: pd.DataFrame

    @property
    def name(self) -> tuple[Any, ...]:
        return self.corpus, self.split, self.label, self.seed


def made(work: Path) -> Iterator[Made]:
    """The runs that are complete, with what is measured of them. Of others, stderr tells what is wrong."""
    for path in sorted(work.glob("*/*/plans/*.toml")):
        corpus, split = path.parts[-4:-2]
        for run in planned_runs(read_plan(path, {}), NAMES):
            folder = path.parents[1] / "runs" / path.stem / run.folder
            try:
                found = _artifacts(folder, run)
            except PwaeError as error:
                print(f"{folder} is left out: {error}", file=sys.stderr)
                continue
            if found:
                yield Made(corpus, split, path.stem.rpartition("-")[0], run, **found)


def _artifacts(folder: Path, planned: PlannedRun) -> dict[str, Artifact | None]:
    """What a run has made, by part; nothing while it is not complete. Raises ArtifactError for what is damaged, was
    trained by another plan, or was measured of another run.
    """
    latent = MODELS[planned.train.model.name].latent
    kinds = ARTIFACTS if latent else {part: kind for part, kind in ARTIFACTS.items() if part != "diagnosis"}
    if not all((folder / kind / "manifest.json").exists() for kind in kinds.values()):
        return {}
    found = {part: load(folder / kind, kind) for part, kind in kinds.items()}
    for part, one in found.items():
        for name in READ.get(part, ()):
            one.path(name)
    if TrainConfig.make(found["run"].config) != planned.train:
        raise ArtifactError("it was trained by another plan.")
    for part, source in MADE_OF.items():
        if part in found and found[source].fingerprint not in found[part].manifest["inputs"].values():
            raise ArtifactError(f"{kinds[part]} was not made of the {kinds[source]} beside it. Run run.sh again.")
    return {"diagnosis": None, **found}


def scores_file(results: Path, corpus: str, split: str, table: str, run: PlannedRun) -> Path:
    """Where the results keep the scores of a run."""
    return results / SCORES / f"{corpus}-{split}-{table}-{run.folder}.parquet"


def keep_scores(runs: Sequence[Made], results: Path) -> set[tuple[Any, ...]]:
    """Writes the scores of each run into the results: later runs are compared with it, on this machine or another.
    Returns the runs whose scores were not there, or were others.
    """
    (results / SCORES).mkdir(parents=True, exist_ok=True)
    changed = set()
    for one in runs:
        rows = pd.concat([part.table("scores.parquet").to_pandas() for part in (one.scores, one.persona)])
        rows = rows[rows["system"] != REAL]
        frame = rows.pivot(index="session_id", columns="metric", values="value").sort_index().reset_index()
        told = pd.DataFrame({**one.key, "table": one.table}, index=frame.index)[list(KEY)]
        path = scores_file(results, one.corpus, one.split, one.table, one.planned)
        before = path.read_bytes() if path.exists() else None
        write(path, pa.Table.from_pandas(pd.concat([told, frame], axis=1), preserve_index=False))
        if path.read_bytes() != before:
            changed.add(one.name)
    return changed


def kept_scores(results: Path) -> list[Scored]:
    """The scores of all runs that the results have."""
    found = {}
    for path in sorted((results / SCORES).glob("*.parquet")):
        frame = pd.DataFrame(read_table(path)).set_index("session_id")
        told = frame.iloc[0][list(KEY)]
        found[path] = Scored(*told[list(KEY[:-1])], int(told["seed"]), frame.drop(columns=list(KEY)))
    refuse_twice({path: one.name for path, one in found.items()})
    return list(found.values())


def refuse_twice(files: Mapping[Path, tuple[Any, ...]]) -> None:
    """Ends the script if two files are of the same run (corpus, split, label, seed): its mean would count it twice."""
    first: dict[tuple[Any, ...], Path] = {}
    for path, run in files.items():
        if (other := first.setdefault(run, path)) != path:
            sys.exit(f"{other} and {path} are the same run: {run[2]}, seed {run[3]}. Remove one of them.")
