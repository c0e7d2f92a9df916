"""From responses to sheets and key: complete, reproducible, safe against kills, and blind."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import judged
import openpyxl
import pyarrow.parquet as pq
import pytest
from scipy import stats

from pwae_core import artifacts
from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError
from pwae_core.human_eval.blinding import placement
from pwae_core.human_eval.sheets.csv_file import armed
from pwae_core.human_eval.sheets.readable_text import readable
from pwae_core.stages.human_eval_export import HumanEvalReport, human_eval_export
from pwae_core.text.tokenize import detokenise

SYSTEMS = ("Zebrafinch", "Quokka")
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
        systems=["Quokka", "Zebrafinch", "ground-truth"],
        contexts=8,
        common=30,
        without_history=0,
        without_reference=0,
        items=24,
        repeats=0,
        annotators=2,
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
    given = ("no", "item", "conversation", "history", "response")
    assert cells == [[armed(row[column]) for column in given] for row in csv_rows(folder, 1)]


def test_page_and_tasks_hold_the_same_in_the_same_order(folder: Path) -> None:
    """So nothing can be read off them that the sheet does not tell."""
    export(folder, SMALL.model_copy(update={"label_studio": True}))
    given = ("no", "item", "conversation", "history", "response")
    for annotator in (1, 2):
        rows = [{column: armed(row[column]) for column in given} for row in csv_rows(folder, annotator)]
        rows = [row | {"no": int(row["no"])} for row in rows]
        page = (folder / f"out/annotator-{annotator}.html").read_text("utf-8")
        found = re.search(r'<script type="application/json" id="data">(.*)</script>', page)
        assert found is not None
        data = json.loads(found[1])
        assert data["items"] == rows
        assert [sorted(item) for item in data["items"]] == [sorted(given)] * len(rows)
        tasks = json.loads((folder / f"out/annotator-{annotator}.label-studio.json").read_text("utf-8"))
        assert tasks == [{"data": row} for row in rows]


def test_the_history_is_the_responders_and_the_same_for_every_system(folder: Path) -> None:
    export(folder)
    said = defaultdict(set)
    for row in pq.read_table(folder / "corpus/histories.parquet").to_pylist():
        said[f"user{row['user'] - 1}"].add(f"• {readable(row['tokens'])}")
    of_item = {row["item_id"]: row for row in key_rows(folder)}
    shown = defaultdict(set)
    for annotator in (1, 2):
        for row in csv_rows(folder, annotator):
            entry = of_item[row["item"]]
            shown[entry["session_id"]].add((row["conversation"], row["history"]))
            assert len(row["history"].splitlines()) == 4
            assert set(row["history"].splitlines()) <= said[entry["user_id"]]
    assert len(shown) == 8
    assert all(len(different) == 1 for different in shown.values())


def test_the_same_bytes_again_whatever_the_order_of_the_systems(folder: Path, snapshot: Snapshot) -> None:
    export(folder)
    systems = [Named(folder / system) for system in reversed(SYSTEMS)]
    human_eval_export(systems, folder / "corpus", folder / "again", SMALL, key=folder / "elsewhere/key")
    assert snapshot(folder / "again") == snapshot(folder / "out")
    assert snapshot(folder / "elsewhere/key") == snapshot(folder / "out-key")
    export(folder, SMALL.model_copy(update={"seed": 8}), out="other")
    assert snapshot(folder / "other")["annotator-1.csv"] != snapshot(folder / "out")["annotator-1.csv"]


def test_the_seed_alone_does_not_undo_the_blinding(folder: Path) -> None:
    """Other responses, same seed: another order. Who has only the sheets and the seed cannot reconstruct it."""
    export(folder)
    made = judged.Judged(folder / "corpus", pq.read_table(folder / "corpus/test.parquet").to_pylist(), {})
    judged.make_responses(folder / "changed", SYSTEMS[0], made, samples=5)
    systems = [Named(folder / "changed"), Named(folder / SYSTEMS[1])]
    human_eval_export(systems, folder / "corpus", folder / "other", SMALL)
    order, other = ([row["session_id"] for row in key_rows(folder, key)] for key in ("out-key", "other-key"))
    assert order != other


def test_repeats_have_two_ids_in_the_key(folder: Path) -> None:
    assert export(folder, SMALL.model_copy(update={"repeats": 3})).items == 27
    for annotator in (1, 2):
        twice = Counter((row["system"], row["session_id"]) for row in key_rows(folder) if row["annotator"] == annotator)
        assert sorted(twice.values()) == [1] * 21 + [2] * 3


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
    with pytest.raises(ArtifactError, match=r"stands, made differently \(config seed: 7, now 8\)"):
        export(folder, SMALL.model_copy(update={"seed": 8}))
    assert snapshot(folder) == before


def test_force_replaces_untouched_sheets_and_their_key(folder: Path, snapshot: Snapshot) -> None:
    export(folder)
    export(folder, SMALL.model_copy(update={"annotators": 1}), force=True)
    export(folder, SMALL.model_copy(update={"annotators": 1}), out="fresh")
    assert snapshot(folder / "out") == snapshot(folder / "fresh")
    assert snapshot(folder / "out-key") == snapshot(folder / "fresh-key")


def test_a_folder_of_something_else_is_left_alone(folder: Path, snapshot: Snapshot) -> None:
    (folder / "out").mkdir()
    (folder / "out/thesis.txt").write_text("mine")
    before = snapshot(folder)
    for force in (False, True):
        with pytest.raises(ArtifactError, match=r"holds thesis\.txt, which is no sheet of this key"):
            export(folder, force=force)
    assert snapshot(folder) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.data.responses import Named
from pwae_core.stages.human_eval_export import human_eval_export

folder, when, force = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "force"
fsync, rename, count = os.fsync, Path.rename, 0

def counted(function):
    def call(*arguments):
        global count
        count += 1
        if count == when:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return call

os.fsync, Path.rename = counted(fsync), counted(rename)
systems = [Named(folder / system) for system in ("Zebrafinch", "Quokka")]
config = HumanEvalConfig(contexts=8, annotators=2 if force else 1, history=4)
human_eval_export(systems, folder / "corpus", folder / "out", config, force=force)
print(count)
"""


def killed(folder: Path, when: int, mode: str = "") -> int:
    code = [sys.executable, "-c", KILLED, str(folder), str(when), mode]
    return subprocess.run(code, capture_output=True, check=False).returncode


@pytest.mark.parametrize("when", [1, 4, 8, 10, 12, 13, 14])
def test_a_killed_export_is_completed_by_the_next(folder: Path, snapshot: Snapshot, when: int) -> None:
    one = SMALL.model_copy(update={"annotators": 1})
    assert killed(folder, when) == -9
    if (folder / "out").exists():
        assert (folder / "out-key/manifest.json").exists(), "sheets without their key"
    export(folder, one)
    export(folder, one, out="fresh")
    assert snapshot(folder / "out") == snapshot(folder / "fresh")
    assert snapshot(folder / "out-key") == snapshot(folder / "fresh-key")
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_the_kills_reach_the_last_step(folder: Path) -> None:
    assert killed(folder, when=14) == -9
    assert (folder / "out-key/manifest.json").exists()
    assert not (folder / "out").exists()


@pytest.mark.parametrize("when", [3, 14, 18, 19, 20, 21])
def test_a_killed_replacement_never_leaves_sheets_of_another_key(folder: Path, when: int, snapshot: Snapshot) -> None:
    export(folder, SMALL.model_copy(update={"annotators": 1}))
    assert killed(folder, when, "force") == -9
    export(folder, force=True)
    assert export(folder).changed == []
    export(folder, out="fresh")
    assert snapshot(folder / "out") == snapshot(folder / "fresh")


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


Features = tuple[object, ...]


def features(path: Path) -> dict[str, Features]:
    """Everything about an item in a workbook but the words: where it stands, its id, its markup, its neighbours."""
    page = xlsx_parts(path)["xl/worksheets/sheet2.xml"].decode()
    markup = {int(number): rest for number, rest in re.findall(r'<row r="(\d+)"(.*?)</row>', page)}
    sheet = openpyxl.load_workbook(path)["Items"]
    found: dict[str, Features] = {}
    seen: Counter[str] = Counter()
    last: dict[str, int] = {}
    for row in range(2, sheet.max_row + 1):
        item, conversation = str(sheet.cell(row, 2).value), str(sheet.cell(row, 3).value)
        styles = tuple(re.findall(r's="(\d+)"', markup[row]))
        gap = row - last.get(conversation, 0)
        letters = item.replace("-", "")
        found[item] = (
            *letters,
            letters[0] < letters[-1],
            styles,
            len(markup[row]) % 7,
            sheet.row_dimensions[row].height,
            row % 2,
            row % 4,
            8 * row // sheet.max_row,
            seen[conversation],
            min(gap // 50, 8),
        )
        seen[conversation] += 1
        last[conversation] = row
    return found


def guesses(train: Iterable[tuple[Features, str]], test: Iterable[tuple[Features, str]]) -> int:
    """How many systems of ``test`` naive Bayes guesses, taught by what the attacker knows of ``train``."""
    counts: Counter[tuple[int, object, str]] = Counter()
    totals: Counter[str] = Counter()
    for values, system in train:
        totals[system] += 1
        counts.update((index, value, system) for index, value in enumerate(values))

    def score(values: Features, system: str) -> float:
        product = 1.0
        for index, value in enumerate(values):
            product *= (counts[index, value, system] + 1) / (totals[system] + 4)
        return product

    return sum(max(totals, key=lambda name: score(values, name)) == system for values, system in test)


def attack(folder: Path) -> float:
    """The probability of guessing so many items right by chance: learnt on half of them, tried on the others."""
    system = {row["item_id"]: row["system"] for row in key_rows(folder)}
    known = [
        (values, system[item]) for n in (1, 2) for item, values in features(folder / f"out/annotator-{n}.xlsx").items()
    ]
    random.Random(0).shuffle(known)
    half = len(known) // 2
    right = guesses(known[:half], known[half:])
    return float(stats.binomtest(right, len(known) - half, 1 / 3, alternative="greater").pvalue)


def test_systems_are_told_apart_at_chance_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = judged.make_corpus(tmp_path / "corpus", sessions=150)
    for system in SYSTEMS:
        judged.make_responses(tmp_path / system, system, made)
    config = HumanEvalConfig(contexts=150, annotators=2, history=3)
    export(tmp_path, config)
    assert attack(tmp_path) > 0.01

    def leak(items: Any, repeats: int, secret: str, annotator: int) -> Any:
        return sorted(items, key=lambda item: (placement.keyed(secret, item.context.session_id), item.system))

    monkeypatch.setattr(placement, "_order", leak)
    export(tmp_path, config, force=True)
    assert attack(tmp_path) < 1e-6, "the attack must find systems that always stand in the same order"
