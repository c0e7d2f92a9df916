"""``pwae report``: from runs, responses and scores to one page that shows what the paper shows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwae_core import __version__, files
from pwae_core.artifacts import Artifact
from pwae_core.artifacts.marks import HEAD, UNSEALED, is_sealed_text, seal_text
from pwae_core.artifacts.staging import put, settle
from pwae_core.config.report import DEFAULTS, ReportConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.grammar import counted
from pwae_core.progress import SILENT, Progress
from pwae_core.report.figures import training_curves, user_map
from pwae_core.report.gather import Sources, gather
from pwae_core.report.page import case_chapters, document, figure_chapters, run_chapters, table_chapters
from pwae_core.report.page.document import Section
from pwae_core.report.page.provenance import provenance
from pwae_core.report.page.settings import settings
from pwae_core.report.safe_html import Markup, join, short, tag
from pwae_core.report.system_names import apart
from pwae_core.report.tables import cases, paper_tables
from pwae_core.report.tables.averaged import names, scorings
from pwae_core.report.tables.latent import what_z_says
from pwae_core.report.tables.markdown_latex import to_latex, to_markdown
from pwae_core.report.tables.notes import remade
from pwae_core.report.tables.persona import personalisation
from pwae_core.report.tables.plain_table import Table
from pwae_core.report.tables.preferences import preferences
from pwae_core.report.tables.printed import AUTOMATIC
from pwae_core.training.growing import Growing
from pwae_core.training.runs import Run, choose_device, open_run

MARK = "pwae report"
NAMED = 5
TITLE = 200
BESIDE = ("agreement", "preferences", "differences", "further", "personalisation", "latent")
CAVEAT = (
    "The paper's numbers are printed beside ours for orientation: they were measured on the paper's corpus, {how}. "
    "Compare systems with one another down a column, and ours with the paper's by their order."
)
MEASURED = (
    "with its word vectors and, most likely, with NLTK's BLEU of 2019, which gives other values than today's for the "
    "same answers"
)
JUDGED = "by its annotators"


@dataclass(frozen=True)
class ReportReport:
    """What the page contains and what it lacks; ``out`` and the other files, if asked for."""

    out: str
    markdown: str | None
    latex: str | None
    standing: bool
    sections: Sequence[str]
    systems: Sequence[str]
    notes: Sequence[str]


def report(
    given: Sequence[Named],
    out: Path,
    config: ReportConfig = DEFAULTS,
    *,
    outside: Sequence[Path] = (),
    markdown: Path | None = None,
    latex: Path | None = None,
    device: str = "auto",
    force: bool = False,
    progress: Progress = SILENT,
) -> ReportReport:
    """Writes the page, and the tables as Markdown and LaTeX if asked. ``outside`` are tables of scores from other
    programs.

    Raises InputError, ArtifactError or ConfigError for inputs that a report cannot be made from, ArtifactError if an
    existing file in the way is not a report, or is one of other inputs and must not be replaced.
    """
    sources = gather(given, outside)
    mark = _mark(sources, config)
    missing = [path for path in _asked((out, markdown, latex)) if not _stands(path, mark, force)]
    made = _tables(sources)
    texts = {
        markdown: f"<!-- {mark} {UNSEALED} -->\n\n{to_markdown(made, 'Tables')}".encode("utf-8", "replace"),
        latex: f"% {mark} {UNSEALED}\n{to_latex(made)}".encode("utf-8", "replace"),
        out: _page(sources, made, config, f"{mark} {UNSEALED}", device, progress) if out in missing else b"",
    }
    for path in missing:
        put(path, seal_text(texts[path]), _is_ours)
    facts = _facts_of(out)
    return ReportReport(str(out), _named(markdown), _named(latex), standing=not missing, **facts)


def _asked(paths: Sequence[Path | None]) -> list[Path]:
    """The files to write. Raises ConfigError if two are the same."""
    wanted = [path for path in paths if path]
    for number, path in enumerate(wanted):
        if path.resolve() in [other.resolve() for other in wanted[:number]]:
            raise ConfigError(f"{path} is given twice. Give every file a different name.")
    return wanted


def _named(path: Path | None) -> str | None:
    return str(path) if path else None


def _mark(sources: Sources, config: ReportConfig) -> str:
    made_of = {"pwae": __version__, "inputs": sources.fingerprints, "config": config.model_dump()}
    return f"{MARK} {files.hash_strings([files.to_json(made_of).decode()])}"


def _stands(path: Path, mark: str, force: bool) -> bool:
    """Whether this very report is at ``path``; False if it may be written."""
    settle(path.resolve())
    if not path.exists():
        return False
    if not path.is_file():
        raise ArtifactError(f"{path} is not a file. Give the name of one.")
    if not _is_ours(path.resolve()):
        raise ArtifactError(
            f"{path} exists and was not made by 'pwae report', or was changed since. Choose another name."
        )
    if force:
        return False
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    if mark.encode() not in head:
        raise ArtifactError(
            f"{path} already exists, made from other inputs or settings. Choose another name, or --force to replace it."
        )
    return True


def _is_ours(path: Path) -> bool:
    return is_sealed_text(path, MARK)


def _facts_of(out: Path) -> dict[str, Any]:
    """What a page says about itself, so that an existing page is reported like a new one."""
    text = out.read_text(encoding="utf-8")
    found = re.search(rf'<script type="application/json" id="{document.FACTS}">(.*?)</script>', text, re.S)
    if not found:
        raise ArtifactError(f"{out} is damaged. Make it again with --force.")
    facts: dict[str, Any] = json.loads(found.group(1))
    return facts


def _tables(sources: Sources) -> list[Table]:
    """Table 2 for each set of terms, what the paper does not measure, then Tables 3 and 4."""
    found = scorings(sources)
    compared = [one for one in sources.scores if one.facts.get("comparisons")]
    made: list[Table | None] = [paper_tables.table_2(one, everything=not number) for number, one in enumerate(found)]
    made += [paper_tables.agreement(one, where) for one, where in _placed(sources.human)]
    for one, where in _placed(sources.preferences):
        made += preferences(one, names(sources, one), where)
    for one, where in _placed(compared):
        made += paper_tables.differences(one, names(sources, one), where)
    made += [paper_tables.further(one) for one in found]
    made += personalisation(sources)
    made += what_z_says(sources)
    made += [paper_tables.table_3(one.systems, one.label) for one in found]
    made += [paper_tables.table_4(one.systems, one.label) for one in found]
    return [one for one in made if one]


def _placed(made: Sequence[Artifact]) -> list[tuple[Artifact, str]]:
    return list(zip(made, apart([one.folder for one in made]), strict=True))


def _page(
    sources: Sources, made: Sequence[Table], config: ReportConfig, mark: str, device: str, progress: Progress
) -> bytes:
    notes = [*sources.aside, *remade(sources), *_advice(sources, made)]
    run = _main_run(sources, config, device)
    sections = [
        *_table_sections(made, settings(sources)),
        *_case_sections(sources, run, config, progress),
        *(_inside(sources, run, config) if run else []),
        *_training(sources),
        Section("provenance", "Provenance", "Provenance", provenance(sources.artifacts)),
    ]
    systems = [one.system for one in sources.responses] or list(dict.fromkeys(map(_system, sources.runs)))
    facts = {"sections": [one.name for one in sections], "systems": systems, "notes": notes}
    title, lead = short(config.title, TITLE) or _title(sources), _lead(sources, made, notes)
    return document.render(title, lead, sections, mark, facts, refresh=config.refresh)


def _title(sources: Sources) -> str:
    """The systems, without their variants; if there are too many, how many more are on the page."""
    own = [str(one.facts["system"]) if one.facts else one.system for one in sources.responses]
    runs = [*map(_system, sources.runs), *own, *(one.system for one in sources.growing)]
    names = list(dict.fromkeys(name.partition(" w/o ")[0] for name in runs))
    everyone = {one.system for one in sources.responses} | {*sources.run_names.values()}
    more = f" and {len(everyone) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more or "Scores"


def _system(run: Artifact) -> str:
    return str(run.facts["system"])


def _advice(sources: Sources, made: Sequence[Table]) -> list[str]:
    """What is not on the page, and which command would add it."""
    keys = {one.key for one in made}
    advice = []
    if not sources.scores:
        advice.append("No scores: 'pwae evaluate RESPONSES --embeddings VECTORS --out SCORES', and give SCORES too.")
    if sources.scores and "table-3" not in keys:
        advice.append("Table 3 needs runs with several --components, their responses, and scores of all of them.")
    if sources.scores and "table-4" not in keys:
        advice.append("Table 4 needs runs with --without prior or --without fusion, their responses and scores.")
    if not sources.responses:
        advice.append("No responses: 'pwae sample RUN --out RESPONSES', and give RESPONSES too.")
    if not sources.runs:
        advice.append("No run: give one for Table 6, latent codes, the map of users and training curves.")
    if not sources.persona:
        how = "'pwae persona-scores RESPONSES --corpus CORPUS --out DIR'"
        advice.append(f"No automatic measures of personalisation: {how}.")
    if sources.runs and not sources.diagnoses:
        advice.append("Not what z says: 'pwae diagnose RUN --out DIR', of a run that has a z.")
    if not (sources.human or sources.preferences):
        advice.append("No human columns: 'pwae human-eval-export', then 'pwae human-eval-score'.")
    return advice


def _lead(sources: Sources, made: Sequence[Table], notes: Sequence[str]) -> Markup:
    counts = [
        counted(len(sources.runs), "run"),
        counted(len(sources.growing), "unfinished run"),
        counted(len(sources.responses), "set of responses", "sets of responses"),
        counted(len(sources.scores), "scoring"),
        counted(sources.corpus.rows("test.parquet") if sources.corpus else 0, "test session"),
    ]
    parts = [told.partition(" ") for told in counts]
    shown = [tag("li", tag("b", number), name) for number, _, name in parts if number != "0"]
    advice = tag("details", tag("summary", "What is not on this page"), tag("ul", *(tag("li", n) for n in notes)))
    compared = {column for one in made if one.has_printed for column in one.columns}
    how = MEASURED if compared & {*AUTOMATIC} else JUDGED
    caveat = tag("p", CAVEAT.format(how=how), class_="lead") if compared else None
    return join([caveat, tag("ul", *shown, class_="facts"), advice if notes else None])


def _table_sections(made: Sequence[Table], beside: Markup) -> list[Section]:
    """Tables 2, 3 and 4; ``beside``, what a reader must know about the runs, is put under the first of them."""
    groups = {
        "table-2": ("Table 2", "The systems compared"),
        "table-3": ("Table 3", "How many components"),
        "table-4": ("Table 4", "What personalisation adds"),
    }
    sections: list[Section] = []
    for key, (name, heading) in groups.items():
        own = [one for one in made if one.key == key or (key == "table-2" and one.key in BESIDE)]
        body = [table_chapters.table(one) for one in own] + [
            table_chapters.plotted(one) for one in own if key == "table-3"
        ]
        body += [beside] if own and not sections else []
        if own:
            sections.append(Section(key, name, heading, join(body)))
    return sections


def _main_run(sources: Sources, config: ReportConfig, device: str) -> Run | None:
    """The run that is examined in detail: the first PersonaWAE, otherwise the nearest to it."""
    runs = run_chapters.ranked(sources.runs)
    return open_run(runs[0].folder, choose_device(device), config.checkpoint) if runs else None


def _case_sections(sources: Sources, run: Run | None, config: ReportConfig, progress: Progress) -> list[Section]:
    histories = cases.read_histories(sources.corpus) if sources.corpus else None
    sections = []
    if sources.responses and config.cases:
        sections += case_chapters.table_5(cases.table_5(sources.responses, histories, config), config)
    if run and sources.corpus and histories and config.contexts and user_map.uses_users(run.model):
        found = cases.table_6(run, sources.corpus, histories, config, progress)
        name = short(sources.run_names[run.artifact.fingerprint], figure_chapters.NAME)
        sections += case_chapters.table_6(name, found, config)
    return sections


def _inside(sources: Sources, run: Run, config: ReportConfig) -> list[Section]:
    codes = run_chapters.latent_codes(sources, run, sources.corpus, config) if sources.corpus else []
    return codes + run_chapters.users(sources.run_names[run.artifact.fingerprint], run, sources.corpus, config)


def _training(sources: Sources) -> list[Section]:
    runs: list[Artifact | Growing] = [*sources.runs, *sources.growing]
    if not runs:
        return []
    labels = [sources.run_names[run.fingerprint] for run in sources.runs]
    labels += [f"{one.system} ({one.folder.name}, until iteration {one.step:,})" for one in sources.growing]
    shown, further = training_curves.panels(list(zip(labels, runs, strict=True)))
    return [Section("training", "Training", "How training went", figure_chapters.training(shown, further, labels))]
