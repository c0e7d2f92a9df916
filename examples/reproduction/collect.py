"""Gathers what the study has so far: ``python examples/reproduction/collect.py reproduction benchmarks/reproduction``.

Of every complete run under WORK its totals (``results.parquet``), validations (``curves.parquet``) and the scores of
each context (a file for each run in ``scores``); of every table, the systems against PersonaWAE and other bases, over
the seeds that both have (``comparisons.parquet``); what they rest on (``study.json``); and some answers of Table 2's
systems, on corpora whose licence allows it (``answers.parquet``). No other text of a corpus is in any of them. What is
in RESULTS already and no longer under WORK is kept, so that runs may be made on several machines. A pair of systems is
tested again only if one of its runs is new or another one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
from runs import Made, Scored, keep_scores, kept_scores, made, refuse_twice
from tables import STUDY, fuller, grouped, merged, read_study, read_table, remade, standing, write

from pwae_core.artifacts import Artifact, load
from pwae_core.errors import PwaeError
from pwae_core.metrics import comparisons, persona
from pwae_core.metrics.table import Scores
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
SCHEMAS = {"results": RESULTS, "curves": CURVES, "answers": ANSWERS, "comparisons": COMPARED}
RUN = ("corpus", "split", "label", "seed")
QUOTED, CONTEXTS, ANSWERED = ("chitchat", "cped"), 4, 3
"""The corpora whose licence allows their text here; how many contexts, the first of the test split; their answers."""
TESTED = ("corpus", "split", "table", "base")
"""What is corrected together."""
PAIRED = (*TESTED, "label")
FACTS_OF_CORPUS = ("counts", "overlap", "split_by", "split_rule", "tokenizer", "out_of_vocabulary")
FACTS_OF_RUN = ("parameters", "steps", "epochs", "best_step", "ended", "valid")
FAMILIES = (comparisons.FAMILIES, (persona.OF_ANSWERS,), (persona.OF_SWAPS, persona.OF_LIKELIHOODS))
"""Of the tests: what was scored on the same contexts is tested together, and corrected by family."""


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


def compared_rows(
    runs: Sequence[Scored], there: Sequence[Mapping[str, Any]] = (), changed: Set[tuple[Any, ...]] = frozenset()
) -> Iterator[dict[str, Any]]:
    """The tests of each corpus, split and table, not yet corrected. Not of pairs that were tested over as many seeds,
    whose rows are ``there``, and of whose runs none has ``changed``.
    """
    tested = {tuple(row[name] for name in PAIRED): row["seeds"] for row in there}
    for corpus, split, table in dict.fromkeys((one.corpus, one.split, one.table) for one in runs):
        here = [one for one in runs if (one.corpus, one.split) == (corpus, split)]
        for base, against in CONTRASTS.get(table, {BASE: EVERY}).items():
            of_base = {one.seed: one for one in here if one.label == base}
            of_table = [one for one in here if one.table == table and one.seed in of_base and one.label != base]
            for label in dict.fromkeys(one.label for one in of_table if one.label in against or not against):
                own = [one for one in of_table if one.label == label]
                others = [of_base[one.seed] for one in own]
                told = {"corpus": corpus, "split": split, "table": table, "label": label, "base": base}
                seeds = tested.get(tuple(told[name] for name in PAIRED))
                if seeds != len(own) or changed & {one.name for one in (*own, *others)}:
                    yield from (told | row for row in _compared(own, others))


def _compared(own: Sequence[Scored], base: Sequence[Scored]) -> Iterator[dict[str, Any]]:
    """A system, and the base, with the same seeds."""
    for families in FAMILIES:
        scored = _same_contexts([*own, *base], [metric for family in families for metric in family])
        pair = {own[0].label: scored[: len(own)], base[0].label: scored[len(own) :]}
        for found in comparisons.compare(pair, base[0].label, TRIALS, SEED, families):
            row = asdict(found)
            del row["system"]
            yield {"measure": row.pop("metric"), "seeds": len(own), **row}


def _same_contexts(runs: Sequence[Scored], metrics: Sequence[str]) -> list[Scores]:
    """The ``metrics`` that all have, over the contexts that any has; NaN where one has none."""
    there = [metric for metric in metrics if all(metric in one.scores for one in runs)]
    contexts = sorted(set().union(*(one.scores[there].dropna(how="all").index for one in runs)))
    frames = [one.scores.reindex(contexts) for one in runs]
    return [Scores({metric: frame[metric].to_numpy() for metric in there}, {}) for frame in frames]


def corrected_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The tests with Holm's correction, over all systems that are compared with the same base."""
    families = [family for group in FAMILIES for family in group]
    for tests in grouped(rows, TESTED).values():
        made = [comparisons.Comparison(row["label"], row["base"], row["measure"], *_numbers(row)) for row in tests]
        for row, one in zip(tests, comparisons.corrected(made, families), strict=True):
            holm = {"bootstrap_holm": one.bootstrap_holm, "randomisation_holm": one.randomisation_holm}
            yield {**row, **holm}


def _numbers(row: Mapping[str, Any]) -> list[Any]:
    names = [field.name for field in fields(comparisons.Comparison)]
    return [row[name] for name in names if name not in ("system", "base", "metric")]


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
    refuse_twice({one.run.folder: one.name for one in runs})
    changed = keep_scores(runs, out)
    found = {
        "results": [row for one in runs for row in result_rows(one)],
        "curves": [row for one in runs for row in curve_rows(one)],
        "answers": [row for one in runs for row in answer_rows(one)],
    }
    there = {name: read_table(out / f"{name}.parquet", schema) for name, schema in SCHEMAS.items()}
    again = remade(there["results"], found["results"])
    stands = standing(there["comparisons"], again)
    tests = fuller(stands, list(compared_rows(kept_scores(out), stands, changed)), PAIRED, again)
    # The tests first: if this is broken off, the totals still tell the next time which runs were made again.
    tables = {"comparisons": merged([], list(corrected_rows(tests)), COMPARED, ())}
    tables |= {name: merged(there[name], rows, SCHEMAS[name], RUN) for name, rows in found.items()}
    for name, table in tables.items():
        write(out / f"{name}.parquet", table)
    known = read_study(out / STUDY)
    told = {part: {**known[part], **facts} for part, facts in study(work, runs).items()}
    write(out / STUDY, json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    print(f"{out}: {len(runs)} complete runs under {work}")


if __name__ == "__main__":
    main()
