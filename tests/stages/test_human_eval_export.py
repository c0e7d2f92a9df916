"""From responses to sheets and key: complete, reproducible, with ids that no other export has, and blind."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import judged
import openpyxl
import pyarrow.parquet as pq
import pytest
from forms import ENGLISH

from pwae_core import artifacts
from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError
from pwae_core.human_eval.sheets.csv_file import armed
from pwae_core.human_eval.sheets.readable_text import readable
from pwae_core.stages import human_eval_export as human_eval_export_module
from pwae_core.stages.human_eval_export import HumanEvalReport, human_eval_export
from pwae_core.text.tokenize import detokenise

SYSTEMS = ("Zebrafinch", "Quokka")
HISTORY = ENGLISH.head("history")
SMALL = HumanEvalConfig(contexts=8, annotators=2, history=4)
Snapshot = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus and the responses of two systems."""
    made = judged.make_corpus(tmp_path / "corpus")
    for system in SYSTEMS:
        judged.make_responses(tmp_path / system, system, made)
    return tmp_path


def export(folder: Path, config: HumanEvalConfig = SMALL, out: str = "out", **options: Any) -> HumanEvalReport:
    systems = [Named(folder / system) for system in SYSTEMS]
    return human_eval_export(systems, folder / "corpus", folder / out, config, **options)


@pytest.mark.parametrize("given", [("references",), ("references", "context", "context_user_ids", "user_id")])
@pytest.mark.parametrize("alone", [True, False])
def test_the_real_response_is_what_the_corpus_says_not_the_first_reference(
    folder: Path, given: tuple[str, ...], alone: bool
) -> None:
    """Whether or not the file gives everything else too, and a system beside it has one reference."""
    test = artifacts.load(folder / "corpus", "corpus").table("test.parquet").to_pylist()
    rows = [
        {"session_id": one["session_id"], "responses": [["so", "it", "is"]]}
        | {name: {**one, "references": [["what", "somebody", "said"], one["response"]]}[name] for name in given}
        for one in test
    ]
    (folder / "theirs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    systems = [Named(folder / SYSTEMS[0]), Named(folder / "theirs.jsonl")][alone:]
    human_eval_export(systems, folder / "corpus", folder / "out", SMALL)
    said = {one["session_id"]: one["response"] for one in test}
    real = [row for row in key_rows(folder) if row["system"] == "ground-truth"]
    assert len(real) == 16
    assert all(row["response"] == said[row["session_id"]] for row in real)


def key_rows(folder: Path, key: str = "out-key") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = artifacts.load(folder / key, "human-eval-key").table("items.parquet").to_pylist()
    return rows


def csv_rows(folder: Path, annotator: int, out: str = "out") -> list[dict[str, str]]:
    text = (folder / out / f"annotator-{annotator}.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_report_says_what_stands_where(folder: Path) -> None:
    report = export(folder)
    assert report == HumanEvalReport(
        sheets=str(folder / "out"),
        key=str(folder / "out-key"),
        export=key_rows(folder)[0]["item_id"][:4],
        mode="ratings",
        language="en",
        systems=["Quokka", "Zebrafinch", "ground-truth"],
        contexts=8,
        common=30,
        without_history=0,
        without_reference=0,
        overlapping=report.overlapping,
        judged=24,
        items=24,
        fewest=24,
        repeats=0,
        checks=0,
        annotators=2,
        raters=2,
        cut=0,
        files=["INSTRUCTIONS.txt", *(f"annotator-{n}.{kind}" for n in (1, 2) for kind in ("csv", "html", "xlsx"))],
        changed=[],
        standing=False,
    )
    assert report.files == sorted(path.name for path in (folder / "out").iterdir())
    assert export(folder) == replace(report, standing=True)


def test_the_key_reconstructs_every_item(folder: Path) -> None:
    export(folder)
    answers = {
        system: {
            row["session_id"]: row["responses"]
            for row in pq.read_table(folder / system / "responses.parquet").to_pylist()
        }
        for system in SYSTEMS
    }
    sessions = {row["session_id"]: row for row in pq.read_table(folder / "corpus/test.parquet").to_pylist()}
    key = key_rows(folder)
    assert Counter((row["annotator"], row["system"]) for row in key) == {
        (annotator, system): 8 for annotator in (1, 2) for system in (*SYSTEMS, "ground-truth")
    }
    for row in key:
        truth = [sessions[row["session_id"]]["response"]]
        assert row["response"] in answers.get(row["system"], {}).get(row["session_id"], truth)
        assert row["user_id"] == sessions[row["session_id"]]["user_id"]
    for annotator in (1, 2):
        own = {row["item_id"]: row for row in key if row["annotator"] == annotator}
        sheet = csv_rows(folder, annotator)
        assert [row["item"] for row in sheet] == [row["item_id"] for row in own.values()]
        for row in sheet:
            entry = own[row["item"]]
            assert armed(row["response"]) == detokenise(entry["response"])
            context = sessions[entry["session_id"]]["context"]
            assert row["conversation"].splitlines() == [
                f"A: {detokenise(context[0])}",
                f"B: {detokenise(context[1])}",
                "→ B responds",
            ]


def test_workbook_and_csv_hold_the_same(folder: Path) -> None:
    export(folder)
    items = openpyxl.load_workbook(folder / "out/annotator-1.xlsx")["Items"]
    cells = [[str(cell.value) for cell in row[:5]] for row in items.iter_rows(min_row=2)]
    given = ("no", "item", "conversation", HISTORY, "response")
    assert cells == [[armed(row[column]) for column in given] for row in csv_rows(folder, 1)]


def test_page_and_tasks_hold_the_same_in_the_same_order(folder: Path) -> None:
    """So nothing can be read off them that the sheet does not tell."""
    export(folder, SMALL.model_copy(update={"label_studio": True}))
    given = ("no", "item", "conversation", "history", "response")
    for annotator in (1, 2):
        rows = [{column: armed(row[ENGLISH.head(column)]) for column in given} for row in csv_rows(folder, annotator)]
        rows = [row | {"no": int(row["no"])} for row in rows]
        page = (folder / f"out/annotator-{annotator}.html").read_text("utf-8")
        found = re.search(r'<script type="application/json" id="data">(.*)</script>', page)
        assert found is not None
        data = json.loads(found[1])
        assert data["items"] == rows
        assert [sorted(item) for item in data["items"]] == [sorted(given)] * len(rows)
        tasks = json.loads((folder / f"out/annotator-{annotator}.label-studio.json").read_text("utf-8"))
        renamed = [{"responder_history" if k == "history" else k: v for k, v in row.items()} for row in rows]
        assert tasks == [{"data": row} for row in renamed]


def test_the_history_is_the_responders_and_the_same_for_every_system(folder: Path) -> None:
    export(folder)
    said = defaultdict(set)
    for row in pq.read_table(folder / "corpus/histories.parquet").to_pylist():
        said[f"user{row['user'] - 1}"].add(f"• {readable(row['tokens'], ENGLISH.words.marks)}")
    of_item = {row["item_id"]: row for row in key_rows(folder)}
    shown = defaultdict(set)
    for annotator in (1, 2):
        for row in csv_rows(folder, annotator):
            entry = of_item[row["item"]]
            shown[entry["session_id"]].add((row["conversation"], row[HISTORY]))
            assert len(row[HISTORY].splitlines()) == 4
            assert set(row[HISTORY].splitlines()) <= said[entry["user_id"]]
    assert len(shown) == 8
    assert all(len(different) == 1 for different in shown.values())


def test_the_same_bytes_again_whatever_the_order_of_the_systems(folder: Path, snapshot: Snapshot) -> None:
    """The salt is read from the key that stands; with ``force`` too."""
    export(folder)
    before = snapshot(folder / "out"), snapshot(folder / "out-key")
    shutil.rmtree(folder / "out")
    systems = [Named(folder / system) for system in reversed(SYSTEMS)]
    human_eval_export(systems, folder / "corpus", folder / "out", SMALL)
    assert (snapshot(folder / "out"), snapshot(folder / "out-key")) == before
    human_eval_export(systems, folder / "corpus", folder / "out", SMALL, force=True)
    assert (snapshot(folder / "out"), snapshot(folder / "out-key")) == before
    export(folder, SMALL.model_copy(update={"seed": 8}), force=True)
    assert ids(folder).isdisjoint(
        row.split('"')[3] for row in before[0]["annotator-1.csv"].decode().split("\r\n")[1:-1]
    )
    export(folder, force=True)
    assert (snapshot(folder / "out"), snapshot(folder / "out-key")) == before, "an export that was replaced comes back"


def ids(folder: Path, key: str = "out-key") -> set[str]:
    return {row["item_id"] for row in key_rows(folder, key)}


def test_whoever_reruns_the_command_elsewhere_gets_another_key(folder: Path) -> None:
    """The same contexts, texts and inputs; other ids, another order, another salt."""
    export(folder)
    export(folder, out="elsewhere")
    one, two = key_rows(folder), key_rows(folder, "elsewhere-key")
    assert ids(folder).isdisjoint(ids(folder, "elsewhere-key"))
    content = ("system", "session_id", "response", "conversation", "history")
    assert [row["session_id"] for row in one] != [row["session_id"] for row in two]
    first, second = ({tuple(str(row[name]) for name in content) for row in rows} for rows in (one, two))
    assert first == second


SETTINGS = {
    "mode": "pairs",
    "pairs": (SYSTEMS,),
    "ties": False,
    "language": "zh",
    "contexts": 7,
    "annotators": 3,
    "raters": 1,
    "together": False,
    "history": 3,
    "sample": "first",
    "ground_truth": False,
    "repeats": 2,
    "checks": 2,
    "completion_code": True,
    "page": False,
    "label_studio": True,
    "seed": 8,
}


def test_no_two_exports_have_an_id_in_common(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if the salt were the same: every setting, and every input, makes other ids."""
    assert set(SETTINGS) == set(HumanEvalConfig.model_fields), "a new setting must be tried here too"
    monkeypatch.setattr(human_eval_export_module, "new_salt", lambda: "s" * 64)
    export(folder)
    found = [ids(folder)]
    for name, value in SETTINGS.items():
        with_it = {"mode": "pairs"} if name == "pairs" else {}
        export(folder, SMALL.model_copy(update={name: value, **with_it}), out=name)
        found.append(ids(folder, f"{name}-key"))
    human_eval_export([Named(folder / SYSTEMS[0])], folder / "corpus", folder / "one", SMALL)
    found.append(ids(folder, "one-key"))
    for one, two in combinations(found, 2):
        assert one.isdisjoint(two)
    assert len({next(iter(one))[:4] for one in found}) == len(found)


def test_the_salt_is_in_the_key_alone(folder: Path) -> None:
    report = export(folder, SMALL.model_copy(update={"label_studio": True}))
    salt = artifacts.load(folder / "out-key", "human-eval-key").facts["salt"]
    assert len(salt) == 64
    assert salt not in str(report)
    for path in (folder / "out").iterdir():
        for data in xlsx_parts(path).values() if path.suffix == ".xlsx" else [path.read_bytes()]:
            assert salt.encode() not in data


def test_the_seed_draws_the_same_contexts_for_other_systems(folder: Path) -> None:
    """What is shown can be drawn again; a system more or less does not change it."""
    export(folder)
    human_eval_export([Named(folder / SYSTEMS[0])], folder / "corpus", folder / "one", SMALL)
    one, two = ({row["session_id"] for row in key_rows(folder, key)} for key in ("out-key", "one-key"))
    assert len(one & two) >= 6, "but for those that would show what the other system says"
    export(folder, SMALL.model_copy(update={"seed": 8}), out="other")
    assert {row["session_id"] for row in key_rows(folder, "other-key")} != one


def test_repeats_have_two_ids_in_the_key(folder: Path) -> None:
    assert export(folder, SMALL.model_copy(update={"repeats": 3})).items == 27
    for annotator in (1, 2):
        twice = Counter((row["system"], row["session_id"]) for row in key_rows(folder) if row["annotator"] == annotator)
        assert sorted(twice.values()) == [1] * 21 + [2] * 3


def test_each_item_stands_in_as_many_sheets_as_it_has_raters(folder: Path) -> None:
    report = export(folder, SMALL.model_copy(update={"annotators": 5, "raters": 2}))
    assert (report.fewest, report.items, report.raters) == (9, 12, 2), "8 contexts twice over 5 sheets, 3 systems each"
    assert set(Counter((row["system"], row["session_id"]) for row in key_rows(folder)).values()) == {2}
    for annotator in range(1, 6):
        own = Counter(row["session_id"] for row in key_rows(folder) if row["annotator"] == annotator)
        assert set(own.values()) == {3}


def test_filled_sheets_are_reported_and_never_replaced(folder: Path, snapshot: Snapshot) -> None:
    export(folder)
    (folder / "out/annotator-1.csv").write_text("ratings")
    (folder / "out/annotator-2.xlsx").unlink()
    report = export(folder)
    assert (report.standing, report.changed) == (False, ["annotator-1.csv"])
    assert (folder / "out/annotator-1.csv").read_text() == "ratings"
    assert (folder / "out/annotator-2.xlsx").exists()
    before = snapshot(folder)
    with pytest.raises(ArtifactError, match=r"annotator-1\.csv has changed since it was exported"):
        export(folder, SMALL.model_copy(update={"seed": 8}), force=True)
    with pytest.raises(ArtifactError, match=r"already exists, made differently \(config seed: 7, now 8\)"):
        export(folder, SMALL.model_copy(update={"seed": 8}))
    assert snapshot(folder) == before


def test_force_replaces_untouched_sheets_and_their_key_and_says_which(folder: Path) -> None:
    first = export(folder)
    before = ids(folder)
    report = export(folder, SMALL.model_copy(update={"annotators": 1}), force=True)
    assert (first.replaced, report.replaced) == ("", first.export)
    assert export(folder, SMALL.model_copy(update={"annotators": 1}), force=True).replaced == ""
    assert sorted(path.name for path in (folder / "out").iterdir()) == report.files
    assert {row["item"] for row in csv_rows(folder, 1)} == ids(folder)
    assert before.isdisjoint(ids(folder))


def test_a_folder_of_something_else_is_left_alone(folder: Path, snapshot: Snapshot) -> None:
    (folder / "out").mkdir()
    (folder / "out/thesis.txt").write_text("mine")
    before = snapshot(folder)
    for force in (False, True):
        with pytest.raises(ArtifactError, match=r"holds thesis\.txt, which is not a sheet of this key"):
            export(folder, force=force)
    assert snapshot(folder) == before


# Blinding, attacked -------------------------------------------------------------------------------------------------


def xlsx_parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_no_file_tells_a_name(folder: Path) -> None:
    """No system, user, session, source path or seed stands in any byte of what the annotators get."""
    export(folder, SMALL.model_copy(update={"label_studio": True}))
    secrets = [*SYSTEMS, "ground-truth", "truth", "human-eval", "pwae", "corpus", str(folder), "user0", "user1"]
    secrets += [row["session_id"] for row in key_rows(folder)]
    for path in (folder / "out").iterdir():
        parts = xlsx_parts(path) if path.suffix == ".xlsx" else {"": path.read_bytes()}
        for name, data in {**parts, "name": path.name.encode()}.items():
            text = data.decode("utf-8").casefold()
            found = [secret for secret in secrets if secret.casefold() in text]
            assert found == [], (path.name, name)


def test_sheets_differ_in_their_items_only(folder: Path) -> None:
    export(folder)
    one, two = (xlsx_parts(folder / f"out/annotator-{n}.xlsx") for n in (1, 2))
    assert one.keys() == two.keys()
    differing = {name for name in one if one[name] != two[name]}
    assert differing == {"xl/worksheets/sheet2.xml", "xl/sharedStrings.xml"}
    for annotator in (1, 2):
        with zipfile.ZipFile(folder / f"out/annotator-{annotator}.xlsx") as archive:
            assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert not any(info.comment or info.extra for info in archive.infolist())
            assert archive.comment == b""


def test_shared_strings_stand_in_the_order_of_the_sheet(folder: Path) -> None:
    """An index into the string table could tell the order in which systems were read."""
    export(folder)
    page = xlsx_parts(folder / "out/annotator-1.xlsx")["xl/worksheets/sheet2.xml"].decode()
    indices = [int(number) for number in re.findall(r't="s"><v>(\d+)</v>', page)]
    first_seen = list(dict.fromkeys(indices))
    assert first_seen == sorted(first_seen)
