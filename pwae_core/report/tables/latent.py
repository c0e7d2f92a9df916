"""What ``pwae diagnose`` found, as tables: what the systems' z says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pwae_core.artifacts import Artifact
from pwae_core.files import to_json
from pwae_core.grammar import counted
from pwae_core.metrics.latent import METRICS
from pwae_core.report.gather import Sources
from pwae_core.report.system_names import apart
from pwae_core.report.tables.averaged import Scored, digits
from pwae_core.report.tables.cell import Cell
from pwae_core.report.tables.comparable_terms import but_seed, effective
from pwae_core.report.tables.paper_tables import row_of, signatures
from pwae_core.report.tables.plain_table import Table, legend, titled
from pwae_core.report.tables.seeds import seeds_averaged

TITLE = "What z says"
MEANING = "BLEU-F1 falls as z says more: read the two together. 'pwae metrics' says what each measure shows."


def what_z_says(sources: Sources) -> list[Table]:
    """A table for each set of terms, with a row for each system. Seeds are averaged."""
    groups: dict[bytes, list[tuple[Artifact, Scored]]] = {}
    for one in sources.diagnoses:
        scored = _scored(sources, one)
        groups.setdefault(to_json(_terms(one, scored)), []).append((one, scored))
    places = apart([group[0][0].folder for group in groups.values()])
    return [_table(group, where) for group, where in zip(groups.values(), places, strict=True)]


def _terms(diagnosis: Artifact, scored: Scored) -> dict[str, Any]:
    """What affects a value, apart from the system."""
    corpus, contexts = diagnosis.manifest["inputs"]["corpus"], diagnosis.facts["contexts"]
    return {"corpus": corpus, "contexts": contexts, "signatures": scored.signatures}


def _scored(sources: Sources, diagnosis: Artifact) -> Scored:
    """What was found, traced to the run."""
    rows = diagnosis.table("totals.parquet").to_pylist()
    fingerprint = diagnosis.manifest["inputs"]["run"]
    run = next((run for run in sources.runs if run.fingerprint == fingerprint), None)
    label = _label(sources, fingerprint) or diagnosis.facts["system"]
    return Scored(
        sources.run_names.get(fingerprint, label),
        label,
        {row["metric"]: Cell(row["value"], None, digits(row["metric"])) for row in rows},
        {row["metric"]: row["signature"] for row in rows},
        run,
        fingerprint,
        run.folder if run else diagnosis.folder,
    )


def _label(sources: Sources, run: str) -> str | None:
    """The name that was given to the run's only responses, or under which they were scored."""
    known = {**sources.scored_as, **sources.given}
    own = [one.fingerprint for one in sources.responses if sources.made_by[one.fingerprint] == run]
    return known.get(own[0]) if len(own) == 1 else None


def _table(group: Sequence[tuple[Artifact, Scored]], where: str) -> Table:
    systems = seeds_averaged(
        (but_seed([effective(one.run.config)]) if one.run else one.fingerprint, one) for _, one in group
    )
    rows = [row_of(one, one.system, METRICS) for one in systems]
    notes = [f"{counted(group[0][0].facts['contexts'], 'context')} of the validation split."]
    notes += [f"{one.system}: {told}" for diagnosis, one in group for told in diagnosis.facts["warnings"]]
    return Table(
        "latent",
        titled(TITLE, where),
        "System",
        [("", METRICS)],
        rows,
        [*notes, *legend(rows), MEANING],
        signatures(systems, METRICS),
    )
