"""From sheets to scores: planted agreement gives known statistics, whatever the files went through on their way."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import filling
import judged
import openpyxl
import pytest
from browser import ESCAPE, RIGHT, chromium
from filling import csv_rows, fill_csv, fill_xlsx, key_of, planted, write_csv

from pwae_core import artifacts
from pwae_core.config.human_eval import HumanEvalConfig, HumanEvalScoreConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, ConfigError, EmptyResultError, InputError
from pwae_core.human_eval.ratings.agreement import ALL_EQUAL
from pwae_core.human_eval.ratings.gathering import KeyItem
from pwae_core.human_eval.sheets.sheet import RATED
from pwae_core.stages.human_eval_export import human_eval_export
from pwae_core.stages.human_eval_score import HumanEvalScoreReport, human_eval_score

SYSTEMS = ("Zebrafinch", "Quokka")
SETTINGS = HumanEvalConfig(contexts=8, annotators=3, history=4, repeats=4)
FEW = "Fewer than 30 contexts: too few for intervals and for the bootstrap's p-values."
QUICK = HumanEvalScoreConfig(resamples=100)
READABILITY = {"Zebrafinch": 1, "Quokka": 2, "ground-truth": 3}
Snapshot = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Exported sheets of three annotators for two systems and the ground truth, 24 items and 4 repeats each."""
    made = judged.make_corpus(tmp_path / "corpus")
    systems = [Named(judged.make_responses(tmp_path / system, system, made)) for system in SYSTEMS]
    human_eval_export(systems, tmp_path / "corpus", tmp_path / "out", SETTINGS)
    return tmp_path


def plan(folder: Path) -> filling.Rate:
    """Readability depends on the system; everybody agrees but for one repeat each.

    Informativeness: half of the 24 items get 1, half 3; annotator 3 says the opposite of 3 items in each half.
    Personalisation: 1 throughout.
    """
    key = key_of(folder / "out-key")
    items = sorted({(one.session_id, one.system) for one in key})
    fickle = {one.annotator: one.item_id for one in key if one.showing == 2}
    number = {pair: place for place, pair in enumerate(items)}

    def readability(item: KeyItem) -> int:
        again = READABILITY[item.system]
        return again % 3 + 1 if item.item_id == fickle[item.annotator] else again

    def informativeness(item: KeyItem) -> int:
        place = number[item.session_id, item.system]
        return (3 if place < 12 else 1) if item.annotator == 3 and place % 12 < 3 else (1 if place < 12 else 3)

    return planted({"readability": readability, "informativeness": informativeness, "personalisation": lambda _: 1})


def fill_all(folder: Path) -> list[Path]:
    paths = [folder / f"out/annotator-{annotator}.xlsx" for annotator in (1, 2, 3)]
    for path in paths:
        fill_xlsx(path, key_of(folder / "out-key"), plan(folder))
    return paths


def score(
    folder: Path, sheets: list[Path], config: HumanEvalScoreConfig = QUICK, **options: Any
) -> HumanEvalScoreReport:
    return human_eval_score(sheets, folder / "out-key", config, **options)


def agreed(report: HumanEvalScoreReport, criterion: str, between: str) -> dict[str, float | None]:
    return {
        one.statistic: one.value for one in report.agreement if (one.criterion, one.between) == (criterion, between)
    }


def check_planted(report: HumanEvalScoreReport) -> None:
    """What ``plan`` planted, worked out by hand."""
    means = {(one.system, one.criterion): one for one in report.means}
    for system, value in READABILITY.items():
        one = means[system, "readability"]
        assert (one.mean, one.low, one.high, one.contexts, one.ratings) == (value, None, None, 8, 24)
        assert means[system, "personalisation"].mean == 1
    perfect = {"raw_agreement": 1, "fleiss_kappa": 1, "krippendorff_alpha": 1, "gwet_ac2": 1}
    assert agreed(report, "readability", "all") == pytest.approx(perfect)
    expected = {
        "raw_agreement": 20 / 24,
        "fleiss_kappa": 2 / 3,
        "krippendorff_alpha": 1 - (4 / 24) / (2 * 36 * 36 / (72 * 71)),
        "gwet_ac2": (20 / 24 - 5 / 12) / (7 / 12),
    }
    assert agreed(report, "informativeness", "all") == pytest.approx(expected)
    for between, kappa in (("1-2", 1), ("1-3", 0.5), ("2-3", 0.5)):
        assert agreed(report, "informativeness", between)["cohen_kappa"] == pytest.approx(kappa)
        assert agreed(report, "informativeness", between)["cohen_kappa_linear"] == pytest.approx(kappa)
    same = agreed(report, "personalisation", "all")
    assert same == {"raw_agreement": 1, "fleiss_kappa": None, "krippendorff_alpha": None, "gwet_ac1": 1}
    assert {one.note for one in report.agreement if one.value is None} == {ALL_EQUAL}
    for annotator in (1, 2, 3):
        own = agreed(report, "readability", f"{annotator}-{annotator}")
        assert own["raw_agreement"] == 0.75
    differences = {(one.criterion, one.system, one.other): one for one in report.comparisons}
    one = differences["readability", "Quokka", "Zebrafinch"]
    assert (one.difference, one.low, one.high, one.contexts) == (1, None, None, 8)
    assert (one.p, one.p_holm) == (2 / 2**8, 3 * 2 / 2**8)
    alike = differences["personalisation", "Quokka", "ground-truth"]
    assert (alike.difference, alike.p, alike.p_holm) == (0, 1, 1)


def test_planted_agreement_gives_the_known_statistics(folder: Path) -> None:
    report = score(folder, fill_all(folder))
    check_planted(report)
    assert report.systems == ["Quokka", "Zebrafinch", "ground-truth"]
    assert [(one.annotator, one.files, one.items, one.rated, one.unrated) for one in report.sheets] == [
        (number, (f"annotator-{number}.xlsx",), 28, 84, 0) for number in (1, 2, 3)
    ]
    assert report.notes == [FEW]
    assert "NaN" not in json.dumps(asdict(report), allow_nan=False)


def test_a_folder_of_everything_that_was_sent_out_and_back(folder: Path) -> None:
    """The untouched text files beside the filled workbooks add nothing and disturb nothing."""
    fill_all(folder)
    report = score(folder, [folder / "out"])
    check_planted(report)
    assert report.sheets[0].files == ("annotator-1.csv", "annotator-1.xlsx")
    check_planted(score(folder, sorted((folder / "out").iterdir())))


DIALECTS = [
    ("utf-8-sig", ","),
    ("utf-8", ";"),
    ("gb18030", ";"),
    ("utf-16", "\t"),
    ("utf-16-le", "\t"),
    ("utf-16-be", ","),
    ("utf-8", "|"),
]


@pytest.mark.parametrize(("encoding", "delimiter"), DIALECTS)
def test_text_files_as_programs_save_them(folder: Path, encoding: str, delimiter: str) -> None:
    """Reordered columns, an extra one, shuffled rows, other names, ratings typed at will."""
    rate, source = plan(folder), random.Random(1)
    spelled: list[Callable[[Any], str]] = [
        str,
        "{}.0".format,
        " {} ".format,
        lambda n: chr(ord("０") + n),
        "{},0".format,
    ]
    for annotator in (1, 2, 3):
        rows = fill_csv(
            folder / f"out/annotator-{annotator}.csv",
            key_of(folder / "out-key"),
            lambda item, name: source.choice(spelled)(rate(item, name)),
        )
        source.shuffle(rows)
        names = list(rows[0])
        source.shuffle(names)
        reordered = [{"评论": "好，=1+1", **{name: row[name] for name in names}} for row in rows]
        path = folder / f"renamed {'abc'[annotator - 1]}.csv"
        write_csv(path, reordered, encoding, delimiter)
    check_planted(score(folder, sorted(folder.glob("renamed *"))))


def test_windows_letters_in_a_comment(folder: Path) -> None:
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), plan(folder))
    rows = [{name: row[name] for name in ("item", *RATED)} | {"comment": "très étrange é"} for row in rows]
    write_csv(folder / "one.csv", rows, "cp1252", ";")
    report = score(folder, [folder / "one.csv"], out=folder / "scores")
    comments = artifacts.load(folder / "scores", "human-eval-scores").table("comments.parquet").to_pylist()
    assert report.comments == len(comments) == 28
    assert {one["comment"] for one in comments} == {"très étrange é"}


def test_a_workbook_with_hidden_and_moved_columns(folder: Path) -> None:
    paths = fill_all(folder)
    for path in paths:
        book = openpyxl.load_workbook(path)
        page = book["Items"]
        page.insert_cols(2, 2)
        page.insert_rows(1)
        page["B2"] = "checked"
        for letter in "EFGHI":
            page.column_dimensions[letter].hidden = True
        page.title = "工作表1"
        book.save(path.with_name(f"{path.stem[-1]}-back.xlsx"))
    check_planted(score(folder, sorted((folder / "out").glob("*-back.xlsx"))))


def test_half_filled_sheets_are_counted(folder: Path) -> None:
    key = key_of(folder / "out-key")
    rows = fill_csv(folder / "out/annotator-1.csv", key, plan(folder))
    for row in rows[:5]:
        row["personalisation"] = " "
    write_csv(folder / "half.csv", rows[:20])
    report = score(folder, [folder / "half.csv"])
    one = report.sheets[0]
    assert (one.missing, one.rated, one.unrated) == (8, 55, 29)
    assert report.annotators == [1]
    assert report.agreement == [found for found in report.agreement if found.between == "1-1"]
    assert report.notes == [
        "Nothing was rated by annotator 2, 3.",
        "29 of 84 cells are unrated (34.5%); the numbers rest on the others.",
        "One annotator alone: there is no agreement to measure.",
        FEW,
    ]


def test_two_files_of_one_annotator_are_one(folder: Path) -> None:
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), plan(folder))
    write_csv(folder / "monday.csv", rows[:15])
    write_csv(folder / "tuesday.csv", rows[13:])
    report = score(folder, [folder / "tuesday.csv", folder / "monday.csv"])
    assert report.sheets[0] == replace(
        report.sheets[0], files=("monday.csv", "tuesday.csv"), missing=0, rated=84, unrated=0
    )


class Heard:
    """A listener that remembers what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        self.lines.append(message)

    def task(self, label: str, total: int | None = None) -> Any:
        from pwae_core.progress import SILENT

        return SILENT.task(label, total)


def problems(folder: Path, *sheets: Path) -> list[str]:
    heard, before = Heard(), set(folder.iterdir())
    with pytest.raises(InputError, match=r"The sheets cannot be scored: correct the .*problems? told above"):
        score(folder, list(sheets), out=folder / "scores", progress=heard)
    assert set(folder.iterdir()) == before
    return heard.lines


def test_every_problem_is_told_by_sheet_row_and_column(folder: Path) -> None:
    path = folder / "out/annotator-2.xlsx"
    fill_xlsx(path, key_of(folder / "out-key"), plan(folder))
    book = openpyxl.load_workbook(path)
    page = book["Items"]
    first = key_of(folder / "out-key")[0]
    page["F3"], page["G4"], page["H5"], page["F6"], page["G7"] = 4, "good", "=1+0", "2.5", True
    page["B8"], page["B9"], page["B10"] = None, "mine", first.item_id
    book.save(path)
    assert problems(folder, path) == [
        "annotator-2.xlsx, Items, row 3, column F (readability): '4' is not on the scale. Write one of 1, 2, 3.",
        "annotator-2.xlsx, Items, row 4, column G (informativeness): 'good' is no rating. Write one of 1, 2, 3, or "
        "leave the cell empty.",
        "annotator-2.xlsx, Items, row 5, column H (personalisation): '=1+0' is a formula. Write the rating itself: "
        "0, 1.",
        "annotator-2.xlsx, Items, row 6, column F (readability): '2.5' is no rating. Write one of 1, 2, 3, or leave "
        "the cell empty.",
        "annotator-2.xlsx, Items, row 7, column G (informativeness): 'True' is no rating. Write one of 1, 2, 3, or "
        "leave the cell empty.",
        "annotator-2.xlsx, Items, row 8, column B (item): the item is missing beside ratings. Copy it from the sheet "
        "that was sent out.",
        "annotator-2.xlsx, Items, row 9, column B (item): 'mine' is no item of this key. Copy it from the sheet, or "
        "give the key of this sheet.",
        f"annotator-2.xlsx, Items, row 10, column B (item): item {first.item_id} is annotator 1's, the items above it "
        "are annotator 2's. Put each annotator's rows into a file of their own.",
    ]


def test_contradictions_are_named_with_both_places(folder: Path) -> None:
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), lambda *_: 1)
    write_csv(folder / "a.csv", rows)
    rows[2]["readability"] = 3
    write_csv(folder / "b.csv", rows[2:])
    assert problems(folder, folder / "a.csv", folder / "b.csv") == [
        f"b.csv, row 2, column F (readability): item {rows[2]['item']} is rated 3 here and 1 in a.csv, row 4, column F "
        "(readability). Keep one of them."
    ]


def test_columns_that_are_missing_or_doubled(folder: Path) -> None:
    rows = csv_rows(folder / "out/annotator-1.csv")
    write_csv(folder / "less.csv", [{k: v for k, v in row.items() if k != "informativeness"} for row in rows])
    (folder / "twice.csv").write_text("item,readability,Readability (1-3),informativeness,personalization\n")
    (folder / "other.csv").write_text("name,value\na,1\n")
    assert problems(folder, folder / "less.csv", folder / "twice.csv", folder / "other.csv") == [
        "less.csv, row 1: the column informativeness is missing. Put it back from the sheet.",
        "other.csv has no row with the columns' names (item, readability, informativeness, personalisation): it is no "
        "filled sheet.",
        "twice.csv, row 1: the columns B and C are both called readability. Keep one.",
    ]


def test_files_that_are_no_sheets(folder: Path) -> None:
    (folder / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    (folder / "cut.xlsx").write_bytes((folder / "out/annotator-1.xlsx").read_bytes()[:3000])
    (folder / "nothing").mkdir()
    for name, words in (
        ("old.xls", "is neither XLSX nor CSV, or has a password. Save it as .xlsx without one."),
        ("cut.xlsx", "is a damaged workbook (BadZipFile). Save it again as .xlsx."),
        ("nothing", "holds no .xlsx or .csv file."),
        ("nowhere.csv", "does not exist."),
    ):
        with pytest.raises(InputError) as caught:
            score(folder, [folder / name])
        assert str(caught.value) == f"{folder / name} {words}"
    with pytest.raises(EmptyResultError, match="No cell of these sheets is rated"):
        score(folder, [folder / "out"])
    with pytest.raises(InputError, match="None of the files is a sheet"):
        score(folder, [folder / "out/INSTRUCTIONS.txt"])


def test_the_wrong_key(folder: Path) -> None:
    paths = fill_all(folder)
    with pytest.raises(ArtifactError, match=r"corpus holds corpus .* expected human-eval-key"):
        human_eval_score(paths, folder / "corpus", QUICK)
    systems = [Named(folder / system) for system in SYSTEMS]
    human_eval_export(systems, folder / "corpus", folder / "later", SETTINGS.model_copy(update={"seed": 8}))
    heard = Heard()
    with pytest.raises(InputError, match="correct the 84 problems told above"):
        human_eval_score(paths, folder / "later-key", QUICK, progress=heard)
    assert len(heard.lines) == 84


def test_the_unblinded_ratings_are_kept(folder: Path, snapshot: Snapshot) -> None:
    paths = fill_all(folder)
    report = score(folder, paths, out=folder / "scores")
    kept = artifacts.load(folder / "scores", "human-eval-scores")
    ratings = kept.table("ratings.parquet").to_pylist()
    assert len(ratings) == 3 * 28 * 3
    rate, items = plan(folder), {one.item_id: one for one in key_of(folder / "out-key")}
    assert all(row["rating"] == rate(items[row["item_id"]], row["criterion"]) for row in ratings)
    assert {name: value for name, value in kept.manifest["inputs"].items() if name.startswith("responses/")} == {
        f"responses/{system}": artifacts.load(folder / system, "responses").fingerprint for system in SYSTEMS
    }
    assert kept.table("means.parquet").to_pylist() == [asdict(one) for one in report.means]
    assert kept.table("agreement.parquet").to_pylist() == [asdict(one) for one in report.agreement]
    assert kept.table("comparisons.parquet").to_pylist() == [asdict(one) for one in report.comparisons]
    before = snapshot(folder / "scores")
    assert score(folder, paths[::-1], out=folder / "scores") == replace(report, standing=True)
    with pytest.raises(ArtifactError, match=r"stands, made differently \(config resamples: 100, now 50\)"):
        score(folder, paths, HumanEvalScoreConfig(resamples=50), out=folder / "scores")
    score(folder, paths, out=folder / "scores", force=True)
    assert snapshot(folder / "scores") == before


def test_one_system_against_the_others(folder: Path) -> None:
    paths = fill_all(folder)
    report = score(folder, paths, HumanEvalScoreConfig(resamples=50, against="Zebrafinch"))
    one = report.comparisons[0]
    assert (one.system, one.other, one.difference, one.p_holm) == ("Zebrafinch", "Quokka", -1, 2 * 2 / 2**8)
    assert len(report.comparisons) == 6
    with pytest.raises(ConfigError, match="against: 'Zebra' is none of the systems: Quokka, Zebrafinch, ground-truth"):
        score(folder, paths, HumanEvalScoreConfig(against="Zebra"))


def test_annotators_who_use_the_page(folder: Path) -> None:
    """One page filled in by keys in a real browser, beside two workbooks."""
    rate, paths = plan(folder), fill_all(folder)[:2]
    own = {item.item_id: item for item in key_of(folder / "out-key") if item.annotator == 3}
    keys = "".join("".join(str(rate(item, name)) for name in RATED) + RIGHT for item in own.values())
    with chromium(folder) as browser:
        browser.resize(1280, 800)
        browser.open(folder / "out/annotator-3.html")
        browser.press(ESCAPE + keys)
        assert browser.text("#progress-text") == "28 of 28 rated"
        browser.click("#save")
        saved = browser.downloaded("annotator-3-ratings.csv")
    check_planted(score(folder, [*paths, saved]))


def test_label_studio_s_export(folder: Path) -> None:
    """Its CSV: the tasks' fields and the choices as columns, more columns of its own, rows in its own order."""
    files = []
    for annotator in (1, 2, 3):
        rows = fill_csv(folder / f"out/annotator-{annotator}.csv", key_of(folder / "out-key"), plan(folder))
        names = ("conversation", "history", "item", "no", "response", *RATED, "comment")
        more = {"id": 7, "annotator": 1, "annotation_id": 9, "created_at": "2020-01-01T00:00:00Z", "lead_time": 3.25}
        files.append(folder / f"project-{annotator}.csv")
        write_csv(files[-1], [more | {name: row[name] for name in names} for row in rows[::-1]], "utf-8")
    check_planted(score(folder, files))


def test_nothing_is_lost_on_the_way_through_libreoffice(folder: Path) -> None:
    """Filled workbooks saved again; a text file that became a workbook, and then text with semicolons.

    Without being told, LibreOffice takes the text for Latin-1, which spoils Chinese but neither items nor ratings.
    """
    first, second, _ = fill_all(folder)
    back, profile = folder / "back", folder / "profile"
    back.mkdir()
    fill_csv_rows = fill_csv(folder / "out/annotator-3.csv", key_of(folder / "out-key"), plan(folder))
    write_csv(folder / "annotator-3.csv", fill_csv_rows)
    files = [filling.libreoffice(profile, path, "xlsx", back) for path in (first, second)]
    third = filling.libreoffice(profile, folder / "annotator-3.csv", "xlsx", folder)
    files.append(filling.libreoffice(profile, third, "csv:Text - txt - csv (StarCalc):59,34,76", back))
    assert ";item;conversation;history;" in files[2].read_text().splitlines()[0]
    check_planted(score(folder, files))
