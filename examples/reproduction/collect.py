"""Gathers what the study has so far: ``python examples/reproduction/collect.py reproduction benchmarks/reproduction``.

Of every complete run under WORK its totals (``results.parquet``) and validations (``curves.parquet``); of every table,
the systems against PersonaWAE and other bases, over the seeds that both have (``comparisons.parquet``); what
they rest on (``study.json``); and some answers of Table 2's systems, on corpora whose licence allows it
(``answers.parquet``). No other text of a corpus is in any of them. What is in RESULTS already and no longer under WORK
is kept, so that runs may be made on several machines.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tables import STUDY, fuller, merged, read_study, write

from pwae_core.artifacts import Artifact, load
from pwae_core.config.experiment import PlannedRun, planned_runs, read_plan
from pwae_core.config.train import TrainConfig
from pwae_core.errors import ArtifactError, PwaeError
from pwae_core.metrics import comparisons, persona
from pwae_core.metrics.table import Scores
from pwae_core.models import MODELS
from pwae_core.schemas import DIFFERENCES, TIMING, TOTALS
from pwae_core.stages.persona_scores import REAL
from pwae_core.text.tokenize import detokenise
from pwae_core.training.timing import timings

TRIALS, SEED = 10_000, 7
BASE, PAPER_BASE = "PersonaWAE", "PersonaWAE (paper preset)"
EVERY = ()
CONTRASTS: dict[str, dict[str, tuple[str, ...]]] = {
    "table2": {BASE: EVERY, "Seq2Seq": EVERY, "CVAE": ("DiaWAE-GMD",)},
    "table3": {BASE: EVERY, "PersonaWAE K=2": ("PersonaWAE K=1",)},
    "table4": {BASE: EVERY, "PersonaWAE w/o fusion": ("PersonaWAE w/o prior",)},
    "selection": {base: (f"{base}, selected by likelihood",) for base in (BASE, "DiaWAE-GMD")},
    "paper": {PAPER_BASE: EVERY},
}
"""By table, by base: what is compared with it. Other tables: everything with PersonaWAE."""
PLACE = [pa.field(name, pa.string(), nullable=False) for name in ("corpus", "split")]
LABELLED = [pa.field(name, pa.string(), nullable=False) for name in ("table", "system", "label")]
SEEDED = pa.field("seed", pa.int64(), nullable=False)
VALUES = [TOTALS.field(name) for name in ("value", "low", "high", "contexts", "signature")]
MEASURE = pa.field("measure", pa.string(), nullable=False)
RESULTS = pa.schema([*PLACE, *LABELLED, SEEDED, MEASURE, *VALUES])
CURVES = pa.schema([*PLACE, LABELLED[-1], SEEDED, pa.field("step", pa.int64()), MEASURE, TOTALS.field("value")])
COMPARED = pa.schema(
    [*PLACE, LABELLED[0], LABELLED[-1], DIFFERENCES.field("base"), MEASURE, pa.field("seeds", pa.int64())]
    + [field for field in DIFFERENCES if field.name not in ("system", "base", "metric")]
)
ANSWERS = pa.schema(
    [*PLACE, LABELLED[-1], SEEDED, pa.field("context", pa.int64(), nullable=False)]
    + [pa.field(name, pa.list_(pa.string())) for name in ("utterances", "real", "answers")]
)
QUOTED, CONTEXTS, ANSWERED = ("chitchat", "cped"), 4, 3
"""The corpora whose licence allows their text here; how many contexts, the first of the test split; their answers."""
Key = tuple[str, int]
"""A label and a seed."""
TESTED = ("corpus", "split", "table", "base")
"""What is tested, and corrected, together."""
FACTS_OF_CORPUS = ("counts", "overlap", "split_by", "split_rule", "tokenizer", "out_of_vocabulary")
FACTS_OF_RUN = ("parameters", "steps", "epochs", "best_step", "ended", "valid")
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
FAMILIES = {
    "scores": comparisons.FAMILIES,
    "answers": (persona.OF_ANSWERS,),
    "swaps": (persona.OF_SWAPS, persona.OF_LIKELIHOODS),
}
"""Of the tests: what was scored on the same contexts is tested together, and corrected by family."""


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


def plans(work: Path) -> dict[str, dict[str, PlannedRun]]:
    """By table, by folder: the runs that the script has planned so far."""
    found: dict[str, dict[str, PlannedRun]] = {}
    names = {name: model.display_name for name, model in MODELS.items()}
    for path in sorted((work / "plans").glob("*-seeds-*.toml")):
        table = found.setdefault(path.name.partition("-seeds-")[0], {})
        table |= {run.folder: run for run in planned_runs(read_plan(path, {}), names)}
    return found


def made(work: Path) -> Iterator[Made]:
    """The runs that are complete, with what is measured of them. Of others, stderr tells what is wrong."""
    planned = plans(work)
    for runs in sorted(work.glob("*/*/runs")):
        split, corpus = runs.parent.name, runs.parent.parent.name
        for table, of_table in planned.items():
            for name, run in of_table.items():
                try:
                    found = _artifacts(runs / name, run)
                except PwaeError as error:
                    print(f"{runs / name} is left out: {error}", file=sys.stderr)
                    continue
                if found:
                    yield Made(corpus, split, table, run, **found)


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


def result_rows(one: Made) -> Iterator[dict[str, Any]]:
    """The totals of a run; those of the real responses, the ceiling, under their own label and no seed (0)."""
    told = {"table": one.table, "system": one.planned.train.model.name}
    for artifact in (one.scores, one.persona, one.diagnosis):
        for total in artifact.table("totals.parquet").to_pylist() if artifact else ():
            real = total.pop("system") == REAL
            own = {**one.place, "table": "", "system": "", "label": REAL, "seed": 0} if real else {**told, **one.key}
            yield {**own, "measure": total.pop("metric"), **total}


def curve_rows(one: Made) -> Iterator[dict[str, Any]]:
    """What every validation of a run measured."""
    for row in one.run.table("log.parquet").to_pylist():
        if row["split"] == "valid":
            yield {**one.key, "step": row["step"], "measure": row["name"], "value": row["value"]}


def answer_rows(one: Made) -> Iterator[dict[str, Any]]:
    """What a run of Table 2 said to the first contexts."""
    if one.corpus not in QUOTED or one.table != "table2":
        return
    answered = one.responses.table("responses.parquet").slice(0, CONTEXTS).to_pylist()
    for number, row in enumerate(answered):
        said = {"utterances": row["context"], "real": row["references"], "answers": row["responses"][:ANSWERED]}
        yield {**one.key, "context": number} | {name: [*map(detokenise, texts)] for name, texts in said.items()}


def compared_rows(runs: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """The tests of each corpus, split and table."""
    for place in dict.fromkeys((one.corpus, one.split) for one in runs):
        here = [one for one in runs if (one.corpus, one.split) == place]
        for table in dict.fromkeys(one.table for one in here):
            told = dict(zip(("corpus", "split", "table"), (*place, table), strict=True))
            for base, against in CONTRASTS.get(table, {BASE: EVERY}).items():
                of_table = [one for one in here if one.table == table]
                others = [one for one in of_table if one.planned.label in against] if against else of_table
                yield from _compared([*others, *(one for one in here if one.planned.label == base)], base, told)


def _compared(runs: Sequence[Made], base: str, place: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    labels: dict[str, dict[int, Made]] = {}
    for one in runs:
        labels.setdefault(one.planned.label, {})[one.planned.seed] = one
    shared = {label: sorted(own.keys() & labels.get(base, {}).keys()) for label, own in labels.items() if label != base}
    for group, families in FAMILIES.items():
        metrics = [metric for family in families for metric in family]
        scored = _same_contexts(
            {(label, seed): _scores(one, group, metrics) for label, own in labels.items() for seed, one in own.items()}
        )
        pairs = [
            {name: [scored[name, seed] for seed in own] for name in (label, base)}
            for label, own in shared.items()
            if own
        ]
        made = [one for pair in pairs for one in comparisons.compare(pair, base, TRIALS, SEED, families)]
        for found in comparisons.corrected(made, families):
            row = asdict(found)
            told = {"label": row.pop("system"), "base": row.pop("base"), "measure": row.pop("metric")}
            yield {**place, **told, "seeds": len(shared[found.system]), **row}


def _scores(one: Made, group: str, metrics: Sequence[str]) -> dict[str, dict[str, float]]:
    """By metric, by context."""
    artifact = one.scores if group == "scores" else one.persona
    scored = artifact.table("scores.parquet").to_pylist()
    found: dict[str, dict[str, float]] = {}
    for row in scored:
        if row["metric"] in metrics and row["system"] != REAL:
            found.setdefault(row["metric"], {})[row["session_id"]] = row["value"]
    return found


def _same_contexts(runs: Mapping[Key, Mapping[str, Mapping[str, float]]]) -> dict[Key, Scores]:
    """The metrics that all have, over the contexts that any has; NaN where one has none."""
    metrics = [metric for metric in next(iter(runs.values())) if all(metric in run for run in runs.values())]
    contexts = sorted({context for run in runs.values() for metric in metrics for context in run[metric]})
    return {
        key: Scores({m: np.array([run[m].get(context, np.nan) for context in contexts]) for m in metrics}, {})
        for key, run in runs.items()
    }


def study(work: Path, runs: Sequence[Made]) -> dict[str, Any]:
    """What the numbers rest on."""
    told: dict[str, Any] = {"corpora": {}, "runs": {}}
    for one in runs:
        place = f"{one.corpus}/{one.split}"
        corpus = load(work / place / "corpus", "corpus")
        told["corpora"][place] = _facts(corpus, FACTS_OF_CORPUS) | {"inputs": corpus.manifest["inputs"]}
        told["runs"][f"{place}/{one.planned.folder}"] = _facts(one.run, FACTS_OF_RUN) | {
            "environment": one.run.manifest["environment"],
            "seconds": _seconds(one.run.folder),
            "config": one.run.config,
        }
    return told


def _seconds(run: Path) -> float | None:
    """How long the training took, of all times that it went on; None where its clock is no longer there."""
    lines = timings(run / TIMING)
    return lines[-1]["elapsed"] if lines else None


def _facts(artifact: Artifact, names: Sequence[str]) -> dict[str, Any]:
    facts = {name: artifact.facts[name] for name in names if name in artifact.facts}
    return {"fingerprint": artifact.fingerprint, "pwae": artifact.manifest["pwae"], **facts}


def main() -> None:
    parser = argparse.ArgumentParser(description="Gather the results of the reproduction study.")
    parser.add_argument("work", type=Path, help="the folder in which run.sh works")
    parser.add_argument("results", type=Path, help="the folder of the results")
    given = parser.parse_args()
    try:
        collect(given.work, given.results)
    except PwaeError as error:
        sys.exit(str(error))


def collect(work: Path, out: Path) -> None:
    """Writes what is under ``work`` into the results at ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    runs = list(made(work))
    seeds = ("corpus", "split", "label", "seed")
    compared = fuller(out / "comparisons.parquet", list(compared_rows(runs)), COMPARED, TESTED)
    tables = {
        "results": ([row for one in runs for row in result_rows(one)], RESULTS, seeds),
        "curves": ([row for one in runs for row in curve_rows(one)], CURVES, seeds),
        "answers": ([row for one in runs for row in answer_rows(one)], ANSWERS, seeds),
        "comparisons": (compared, COMPARED, TESTED),
    }
    for name, (rows, schema, keys) in tables.items():
        write(out / f"{name}.parquet", merged(out / f"{name}.parquet", rows, schema, keys))
    path = out / STUDY
    known = read_study(path)
    told = {part: {**known[part], **found} for part, found in study(work, runs).items()}
    write(path, json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    print(f"{out}: {len(runs)} complete runs under {work}")


if __name__ == "__main__":
    main()
