"""``pwae human-eval-export``: from the responses of several systems to a blinded sheet per annotator, and a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pwae_core import artifacts
from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.data.responses import FROM_CORPUS, Named, ResponseSet, align, complete, only_real, read_responses
from pwae_core.errors import ArtifactError, InputError
from pwae_core.files import hash_strings, to_json
from pwae_core.human_eval.blinding.candidates import candidates
from pwae_core.human_eval.blinding.codes import shares, sheet_part
from pwae_core.human_eval.blinding.dealing import deal
from pwae_core.human_eval.blinding.delivery import (
    EXPORTED,
    check_apart,
    check_replaceable,
    compare,
    finish,
    hashes,
    restore,
    staged,
)
from pwae_core.human_eval.blinding.drawing import Drawn, draw
from pwae_core.human_eval.blinding.histories import Histories, draw_histories
from pwae_core.human_eval.blinding.key import EXPORT, KIND, SALT, WORDS
from pwae_core.human_eval.blinding.pairing import make_pairs
from pwae_core.human_eval.blinding.placement import (
    CHECK,
    GROUND_TRUTH,
    Item,
    fingerprint,
    new_salt,
)
from pwae_core.human_eval.sheets.csv_file import to_csv
from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.html_page import Code, to_html
from pwae_core.human_eval.sheets.key_items import key_items
from pwae_core.human_eval.sheets.label_studio import CONFIG_FILE, interface, to_tasks
from pwae_core.human_eval.sheets.readable_text import CUT
from pwae_core.human_eval.sheets.sheet import INSTRUCTIONS_FILE, Sheet, instructions_text, make_sheets
from pwae_core.human_eval.sheets.words import Words, read_words
from pwae_core.human_eval.sheets.xlsx_file import to_xlsx
from pwae_core.progress import SILENT, Progress


@dataclass(frozen=True)
class HumanEvalReport:
    """What was exported. All systems answer ``common`` contexts, some of which could not be judged.

    ``export``: the letters with which all item ids of this export begin; ``replaced``: those of the export whose key
    was replaced, or "".
    """

    sheets: str
    key: str
    export: str
    mode: str
    language: str
    systems: list[str]
    contexts: int
    common: int
    without_history: int
    without_reference: int
    overlapping: int
    judged: int  # responses, or pairs of them
    items: int  # in the longest sheet, repeats and checks included; in the shortest, fewest
    fewest: int
    repeats: int
    checks: int  # in each sheet
    annotators: int
    raters: int  # of each item
    cut: int  # items of a sheet with a text that was too long for its cell
    files: list[str]
    changed: list[str]  # files that are not as they were exported: filled in, most likely
    standing: bool
    replaced: str = ""


@dataclass(frozen=True)
class Sources:
    """The inputs and the settings. ``sets`` are in the order of the systems' names."""

    sets: tuple[ResponseSet, ...]
    corpus: artifacts.Artifact
    config: HumanEvalConfig
    words: Words

    @property
    def plan(self) -> artifacts.Plan:
        """The plan of the key. The words are one of its inputs, whatever their file is called."""
        config = self.config.model_dump(mode="json") | {"language": self.words.language}
        inputs = {f"responses/{one.system}": one.fingerprint for one in self.sets}
        inputs |= {"corpus": self.corpus.fingerprint, WORDS: hash_strings([self.words.model_dump_json()])}
        return artifacts.Plan(KIND, config, inputs)

    @property
    def form(self) -> Form:
        return Form(self.words, self.config.mode, self.config.ties)

    @property
    def draws(self) -> str:
        """The key of the draw of contexts, samples and histories, which can be reproduced."""
        return f"seed {self.config.seed}"

    def secret(self, salt: str) -> str:
        """The key of order and ids: ``salt``, and everything that distinguishes this export from others."""
        return hash_strings([salt, to_json(self.plan.to_dict()).decode()])


@dataclass(frozen=True)
class Export:
    """Everything that is written: the key's rows and facts, and the annotators' files."""

    items: pa.Table
    facts: Mapping[str, Any]
    files: Mapping[str, bytes]


def human_eval_export(
    responses: Sequence[Named],
    corpus: Path,
    out: Path,
    config: HumanEvalConfig,
    key: Path | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> HumanEvalReport:
    """Writes the annotators' files into ``out`` and the key into ``key`` (None: beside it, at ``<out>-key``).

    The key is complete before the sheets appear, so no sheet is ever without its key; rerunning a killed export adds
    the sheets. A file that has changed since it was exported is never replaced, not even with ``force``. The salt of an
    existing key is used again, so the same command makes the same bytes.
    """
    key = key or out.absolute().with_name(f"{out.absolute().name}-key")
    check_apart(out, key)
    sources = _read(responses, corpus, config)
    made = artifacts.standing(key, sources.plan, force)
    before = _facts_before(key)
    finish(out, before.get(EXPORTED, {}))
    if made is None:
        report = _report(_make(sources, out, key, before, progress), out, standing=False)
        if before.get(EXPORT, report.export) != report.export:
            report = replace(report, replaced=before[EXPORT])
            progress.say(
                f"The export whose item ids begin with {report.replaced} was replaced, and so was its key. If its "
                "sheets have been sent, copy the new key elsewhere and repeat the earlier command with --force."
            )
        return report
    missing = compare(out, made.facts[EXPORTED]).missing
    if missing:
        restore(out, _export(sources, made.facts[SALT], progress).files, missing)
    return _report(made, out, standing=not missing)


def _report(made: artifacts.Artifact, out: Path, standing: bool) -> HumanEvalReport:
    facts = dict(made.facts)
    exported = facts.pop(EXPORTED)
    del facts[SALT], facts[WORDS]
    changed = list(compare(out, exported).changed)
    return HumanEvalReport(
        sheets=str(out), key=str(made.folder), files=sorted(exported), changed=changed, standing=standing, **facts
    )


def _read(responses: Sequence[Named], corpus: Path, config: HumanEvalConfig) -> Sources:
    words = read_words(config.language)
    whole = artifacts.load(corpus, "corpus")
    sets = [_read_one(named, whole) for named in responses]
    aligned = align(sets, common=True).sets
    for one in aligned:
        if one.system == CHECK:
            raise InputError(f"{one.source} is called {CHECK!r}, as the attention checks are. Name it: NAME=PATH.")
        if config.ground_truth and one.system == GROUND_TRUTH:
            raise InputError(
                f"{one.source} is called {GROUND_TRUTH!r}, as the real responses are. Name it: NAME=PATH, "
                "or leave the real responses out with --no-ground-truth."
            )
    return Sources(tuple(sorted(aligned, key=lambda one: one.system)), whole, config, words)


def _read_one(named: Named, corpus: artifacts.Artifact) -> ResponseSet:
    one = read_responses(named.path, tokenizer=corpus.config["tokenizer"], system=named.system)
    if one.facts is not None:
        artifacts.same_vocabulary(artifacts.load(named.path, "responses"), corpus)
        return one
    gaps = any(not value for column in FROM_CORPUS for value in one.table[column].to_pylist())
    return only_real(complete(one, corpus) if gaps else one, corpus)


def _export(sources: Sources, salt: str, progress: Progress) -> Export:
    config, secret = sources.config, sources.secret(salt)
    found = candidates({one.system: one.table for one in sources.sets})
    histories = _histories(sources.corpus)
    histories.check_known((one.context for one in found), sources.corpus.folder)
    drawn = draw(found, histories.speaking, config, sources.draws)
    shown = draw_histories(drawn, histories, config.history, sources.draws)
    items = make_pairs(drawn.items, config.pairs) if config.mode == "pairs" else drawn.items
    placed = deal(items, shown, config, secret)
    sheets = make_sheets(placed, shown, sources.form)
    facts = _facts(sources, drawn, items, sheets)
    facts |= {EXPORT: fingerprint(secret), SALT: salt, WORDS: sources.words.model_dump(mode="json")}
    return Export(key_items(placed, sheets), facts, _files(sheets, config, salt, progress))


def _histories(corpus: artifacts.Artifact) -> Histories:
    users = corpus.table("users.parquet", ["user", "user_id"]).to_pydict()
    said = corpus.table("histories.parquet", ["user", "conversation_id", "turn", "tokens"])
    return Histories(dict(zip(users["user_id"], users["user"], strict=True)), said)


def _facts(sources: Sources, drawn: Drawn, items: Sequence[Item], sheets: Sequence[Sheet]) -> dict[str, Any]:
    config = sources.config
    return {
        "mode": config.mode,
        "language": sources.words.language,
        "systems": [one.system for one in sources.sets] + [GROUND_TRUTH] * config.ground_truth,
        "contexts": config.contexts,
        "common": drawn.common,
        "without_history": drawn.without_history,
        "without_reference": drawn.without_reference,
        "overlapping": drawn.overlapping,
        "items": max(len(sheet.rows) for sheet in sheets),
        "fewest": min(len(sheet.rows) for sheet in sheets),
        "judged": len(items),
        "repeats": config.repeats,
        "checks": config.checks,
        "annotators": config.annotators,
        "raters": config.raters_each,
        "cut": max(sum(CUT in " ".join(row.texts(one.form).values()) for row in one.rows) for one in sheets),
    }


def _files(sheets: Sequence[Sheet], config: HumanEvalConfig, salt: str, progress: Progress) -> dict[str, bytes]:
    form = sheets[0].form
    files = {INSTRUCTIONS_FILE: instructions_text(form).encode()}
    if config.label_studio:
        files[CONFIG_FILE] = interface(form)
    with progress.task("Writing sheets", len(sheets)) as task:
        for sheet in sheets:
            files[f"{sheet.name}.csv"] = to_csv(sheet)
            files[f"{sheet.name}.xlsx"] = to_xlsx(sheet)
            if config.page:
                files[f"{sheet.name}.html"] = to_html(sheet, _code(sheet, salt) if config.completion_code else None)
            if config.label_studio:
                files[f"{sheet.name}.label-studio.json"] = to_tasks(sheet)
            task.advance()
    return files


def _code(sheet: Sheet, salt: str) -> Code:
    scales = {one.name: one.ratings for one in sheet.form.criteria}
    return Code(sheet_part(salt, sheet.annotator), shares(salt, (row.item for row in sheet.rows), scales))


def _make(sources: Sources, out: Path, key: Path, before: Mapping[str, Any], progress: Progress) -> artifacts.Artifact:
    """The sheets are ready before the key and are moved into place after it, so none is ever without its key."""
    replaced = before.get(EXPORTED, {})
    check_replaceable(out, replaced)
    made = _export(sources, before.get(SALT) or new_salt(), progress)
    with staged(out, made.files, replaced) as put_there:
        with artifacts.draft(key, sources.plan) as draft:
            draft.write("items.parquet", made.items)
            draft.facts = {**made.facts, EXPORTED: hashes(made.files)}
        put_there()
    return artifacts.load(key, KIND)


def _facts_before(key: Path) -> Mapping[str, Any]:
    try:
        return artifacts.load(key, KIND).facts
    except ArtifactError:
        return {}
