"""From sheets to scores: planted agreement gives known statistics, whatever the files went through on their way."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
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
from pwae_core.human_eval.ratings.key import KeyItem
from pwae_core.human_eval.ratings.returned_files import PassedOver
from pwae_core.human_eval.sheets.form import RATED
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
    return plan_of(key_of(folder / "out-key"))


def plan_of(key: list[KeyItem]) -> filling.Rate:
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


@pytest.mark.parametrize(
    ("encoding", "comment"),
    [
        *[("cp1252", one) for one in ("très étrange é", "schön und gut", "größer", "mañana, ¿no?", "Ça va")],
        *[("gbk", one) for one in ("不通顺，有点怪", "回答ok", "ok吗", "怪", "這句話很奇怪")],
        ("gb18030", "ok👍"),
    ],
)
def test_letters_of_windows_and_of_china_in_a_comment(folder: Path, encoding: str, comment: str) -> None:
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), plan(folder))
    rows = [{name: row[name] for name in ("item", *RATED)} | {"comment": comment} for row in rows]
    write_csv(folder / "one.csv", rows, encoding, ";")
    report = score(folder, [folder / "one.csv"], out=folder / "scores")
    comments = artifacts.load(folder / "scores", "human-eval-scores").table("comments.parquet").to_pylist()
    assert report.comments == len(comments) == 28
    assert {one["comment"] for one in comments} == {comment}


def test_a_comment_that_a_spreadsheet_takes_for_a_formula(folder: Path) -> None:
    path = folder / "out/annotator-1.xlsx"
    fill_all(folder)
    book = openpyxl.load_workbook(path)
    page = book.worksheets[-1]
    assert page.cell(1, page.max_column).value == "comment"
    page.cell(2, page.max_column).value = "=-too long"
    book.save(path)
    score(folder, [path], out=folder / "scores")
    comments = artifacts.load(folder / "scores", "human-eval-scores").table("comments.parquet").to_pylist()
    assert "=-too long" in [one["comment"] for one in comments]


def remarked(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A row whose remark is under another heading, with words, numbers and dates in columns of the annotator's own."""
    own = {"minutes": 3, "when": "2026-01-02", "unsure": "yes" if number == 5 else "", "": "see above" * (number == 6)}
    return {name: value for name, value in row.items() if name != "comment"} | {"My\nremarks": "odd"} | own


def test_what_is_written_where_it_is_not_kept_is_told(folder: Path) -> None:
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), plan(folder))
    write_csv(folder / "one.csv", [remarked(row, number) for number, row in enumerate(rows)])
    write_csv(folder / "two.csv", [*rows, {"comment": "All in all, rather dull."}, {"no": "Thanks!"}])
    report = score(folder, [folder / "one.csv", folder / "two.csv"], out=folder / "scores")
    assert report.unread == [
        "one.csv, column I (My remarks)",
        "one.csv, column L (unsure)",
        "one.csv, column M (no heading)",
        "two.csv, column A (no)",
        "two.csv, row 30 (comment)",
    ]
    assert score(folder, [folder / "one.csv", folder / "two.csv"], out=folder / "scores").unread == report.unread
    assert score(folder, fill_all(folder)).unread == []


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
        "29 of 84 cells are unrated (34.5%); the numbers are computed from the others.",
        "There is only one annotator, so there is no agreement to measure.",
        FEW,
    ]


def test_fleiss_kappa_of_a_few_items_says_so(folder: Path) -> None:
    """The third annotator soon gave up, so that few items have three ratings."""
    key = key_of(folder / "out-key")
    for annotator in (1, 2, 3):
        rows = fill_csv(folder / f"out/annotator-{annotator}.csv", key, plan(folder))
        first = dict.fromkeys(one.item_id for one in key if one.showing == 1)
        given_up = [row for row in rows if row["item"] in first][4:] if annotator == 3 else []
        for row in given_up:
            row.update(dict.fromkeys(RATED, ""))
        write_csv(folder / f"{annotator}.csv", rows)
    report = score(folder, [folder / f"{annotator}.csv" for annotator in (1, 2, 3)])
    told = ", ".join(f"4 of 24 in {name}" for name in RATED)
    assert report.notes == [
        "60 of 252 cells are unrated (23.8%); the numbers are computed from the others.",
        f"Fleiss' kappa is of the items with the most ratings alone: {told}.",
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
    page["B8"], page["B9"], page["B10"], page["B11"] = None, "mine", first.item_id, first.item_id
    book.save(path)
    assert problems(folder, path) == [
        "annotator-2.xlsx, Items, row 3, column F (readability): '4' is not on the scale. Write one of 1, 2, 3.",
        "annotator-2.xlsx, Items, row 4, column G (informativeness): 'good' is not a rating. Write one of 1, 2, 3, or "
        "leave the cell empty.",
        "annotator-2.xlsx, Items, row 5, column H (personalisation): '=1+0' is a formula. Write the rating itself: "
        "0, 1.",
        "annotator-2.xlsx, Items, row 6, column F (readability): '2.5' is not a rating. Write one of 1, 2, 3, or leave "
        "the cell empty.",
        "annotator-2.xlsx, Items, row 7, column G (informativeness): 'True' is not a rating. Write one of 1, 2, 3, or "
        "leave the cell empty.",
        f"annotator-2.xlsx, Items, row 10, column B (item), and likewise in 1 more row: item {first.item_id} is "
        "annotator 1's, the items above it are annotator 2's. Put each annotator's rows into a file of their own.",
        "annotator-2.xlsx, Items, row 8, column B (item): there are ratings without an item. Copy it from the sheet "
        "that was sent out.",
        "annotator-2.xlsx, Items, row 9, column B (item): 'mine' is not an item of this key. Copy it "
        "from the sheet, or "
        "give the key of this sheet.",
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
        "other.csv has no row with the columns' names (item, readability, informativeness, personalisation): it is not "
        "a filled-in sheet. Leave it out, or give the file that was filled in.",
        "twice.csv, row 1: the columns B and C are both called readability. Keep one.",
    ]


def test_files_that_are_no_sheets(folder: Path) -> None:
    (folder / "old.dat").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    (folder / "cut.xlsx").write_bytes((folder / "out/annotator-1.xlsx").read_bytes()[:3000])
    (folder / "cut.json").write_text('[{"data": {"item": "x"')
    (folder / "other.json").write_text('[{"name": "x"}]')
    for name, words in (
        ("old.dat", "is an old workbook (.xls), or has a password. Save it as .xlsx without one."),
        ("cut.xlsx", "is a damaged workbook (BadZipFile). Save it again as .xlsx."),
        ("cut.json", "is damaged JSON. Export it again, or as CSV."),
        ("other.json", "has no task with an item of a sheet. Export the project as JSON, JSON-MIN, CSV or TSV."),
        ("nowhere.csv", "does not exist."),
    ):
        with pytest.raises(InputError) as caught:
            score(folder, [folder / name])
        assert str(caught.value) == f"{folder / name} {words}"
    with pytest.raises(EmptyResultError, match="No cell of these sheets is rated"):
        score(folder, [folder / "out"])
    with pytest.raises(InputError, match=r"None of the files is a sheet: .*INSTRUCTIONS.txt \(no sheet\)"):
        score(folder, [folder / "out/INSTRUCTIONS.txt"])


def test_what_is_passed_over_is_named(folder: Path) -> None:
    fill_all(folder)
    back = folder / "returned"
    (back / "ann3").mkdir(parents=True)
    shutil.copy(folder / "out/annotator-1.xlsx", back)
    shutil.copy(folder / "out/annotator-3.xlsx", back / "ann3")
    (back / "annotator-2.ods").write_bytes(b"PK")
    report = score(folder, [back], out=folder / "scores")
    assert report.passed_over == [
        PassedOver(str(back / "ann3"), "a folder: give it too"),
        PassedOver(str(back / "annotator-2.ods"), "save it as .xlsx, and give that file"),
    ]
    (back / "later.html").touch()
    again = score(folder, [back], out=folder / "scores")
    assert again.standing
    assert [Path(one.path).name for one in again.passed_over] == ["ann3", "annotator-2.ods", "later.html"]
    assert score(folder, [back, back / "ann3"]).annotators == [1, 3]


# Sheets of another export --------------------------------------------------------------------------------------------


def test_the_wrong_key(folder: Path) -> None:
    with pytest.raises(ArtifactError, match=r"corpus holds corpus .* expected human-eval-key"):
        human_eval_score(fill_all(folder), folder / "corpus", QUICK)


def later(folder: Path, **changes: object) -> Path:
    """Another export beside the first one, with sheets that are filled in."""
    systems = [Named(folder / system) for system in SYSTEMS]
    human_eval_export(systems, folder / "corpus", folder / "later", SETTINGS.model_copy(update=changes))
    for path in (folder / "later").glob("*.xlsx"):
        fill_xlsx(path, key_of(folder / "later-key"), lambda *_: 1)
    return folder / "later"


@pytest.mark.parametrize("changes", [{}, {"contexts": 4, "repeats": 0}, {"annotators": 1}, {"seed": 8}], ids=str)
def test_sheets_of_another_export_are_refused(folder: Path, changes: dict[str, Any]) -> None:
    """A pilot with the later key, the later sheets with the pilot's, both together; by settings or by salt alone."""
    first, second = fill_all(folder)[0], later(folder, **changes) / "annotator-1.xlsx"
    exports = [key_of(folder / f"{name}-key")[0].item_id[:4] for name in ("out", "later")]
    (folder / "mixed").mkdir()
    shutil.copy(first, folder / "mixed/a.xlsx")
    shutil.copy(second, folder / "mixed/b.xlsx")
    for sheets, key, (strange, own) in (
        ([first], "later-key", exports),
        ([second], "out-key", exports[::-1]),
        ([folder / "mixed"], "out-key", exports[::-1]),
        ([folder / "mixed"], "later-key", exports),
    ):
        heard = Heard()
        with pytest.raises(InputError, match="correct the problem told above"):
            human_eval_score(sheets, folder / key, QUICK, progress=heard)
        assert len(heard.lines) == 1
        assert (
            f"the item is of the export {strange}, the key is that of {own}. Leave the file out, or give the"
            in heard.lines[0]
        )


def test_sheets_from_before_a_replaced_export(folder: Path) -> None:
    """With other settings they are refused; the first command again, and they are of its key."""
    paths = [path.rename(folder / path.name) for path in fill_all(folder)]
    systems = [Named(folder / system) for system in SYSTEMS]
    for path in (folder / "out").iterdir():
        path.unlink()
    human_eval_export(systems, folder / "corpus", folder / "out", SETTINGS.model_copy(update={"seed": 8}), force=True)
    assert len(problems(folder, *paths)) == 3
    human_eval_export(systems, folder / "corpus", folder / "out", SETTINGS, force=True)
    check_planted(score(folder, paths))


def test_a_row_of_another_export_among_its_own(folder: Path) -> None:
    key = key_of(folder / "out-key")
    rows = fill_csv(folder / "out/annotator-1.csv", key, plan(folder))
    other = csv_rows(later(folder) / "annotator-1.csv")
    write_csv(folder / "a.csv", [*rows[:5], rows[5] | {"item": other[5]["item"]}, *rows[6:]])
    told = problems(folder, folder / "a.csv")
    assert len(told) == 1
    assert told[0].startswith("a.csv, row 7, column B (item): the item is of the export ")


# Texts ---------------------------------------------------------------------------------------------------------------


def test_rows_of_which_only_some_columns_were_sorted_are_refused(folder: Path) -> None:
    """Items and ratings stay, texts move: whoever filled this in rated something else."""
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), plan(folder))
    for name in ("response", "conversation", "earlier utterances"):
        moved = sorted(row[name] for row in rows)
        away = sum(row[name] != text for row, text in zip(rows, moved, strict=True))
        write_csv(folder / "a.csv", [row | {name: text} for row, text in zip(rows, moved, strict=True)])
        (told,) = problems(folder, folder / "a.csv")
        assert (
            f"({name}), and likewise in {away - 1} more rows: this is not the text that was sent out with the item"
            in told
        )
        assert told.endswith(f"if texts are only misspelt, empty the column {name}.")
        write_csv(folder / "a.csv", [row | {name: ""} for row in rows])
        score(folder, [folder / "a.csv"])


@pytest.mark.parametrize(
    ("saved", "read"), [("gbk", "gbk"), ("cp1252", "cp1252"), ("utf-8", "cp1252"), ("utf-8", "gbk")]
)
def test_texts_that_lost_letters_are_taken(folder: Path, saved: str, read: str) -> None:
    """A spreadsheet opens the text file in the wrong encoding, or saves it in a poorer one."""
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), plan(folder))
    names = ("item", "conversation", "earlier utterances", "response", *RATED)
    for row in rows:
        for name in names[1:4]:
            row[name] = row[name].encode(saved, "replace").decode(read, "replace").replace("\n", "\r\n") + " "
    write_csv(folder / "a.csv", [{name: row[name] for name in names} for row in rows])
    assert score(folder, [folder / "a.csv"]).sheets[0].rated == 84


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "gbk", "cp932", "big5", "cp949", "cp1251"])
def test_text_files_that_a_spreadsheet_saves_in_the_encoding_of_its_country(folder: Path, encoding: str) -> None:
    rows = fill_csv(folder / "out/annotator-1.csv", key_of(folder / "out-key"), plan(folder))
    write_csv(folder / "a.csv", rows)
    text = (folder / "a.csv").read_text("utf-8-sig")
    (folder / "a.csv").write_bytes(text.encode(encoding, "replace"))
    assert score(folder, [folder / "a.csv"]).sheets[0].rated == 84


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
    with pytest.raises(ArtifactError, match=r"already exists, made differently \(config resamples: 100, now 50\)"):
        score(folder, paths, HumanEvalScoreConfig(resamples=50), out=folder / "scores")
    score(folder, paths, out=folder / "scores", force=True)
    assert snapshot(folder / "scores") == before


def test_one_system_against_the_others(folder: Path) -> None:
    paths = fill_all(folder)
    report = score(folder, paths, HumanEvalScoreConfig(resamples=50, against="Zebrafinch"))
    one = report.comparisons[0]
    assert (one.system, one.other, one.difference, one.p_holm) == ("Zebrafinch", "Quokka", -1, 2 * 2 / 2**8)
    assert len(report.comparisons) == 6
    told = "against: 'Zebra' is not one of the systems: Quokka, Zebrafinch, ground-truth"
    with pytest.raises(ConfigError, match=told):
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
        assert browser.text("#progress-text") == "28 of 28 finished"
        browser.click("#save")
        saved = browser.downloaded("annotator-3-ratings.csv")
    check_planted(score(folder, [*paths, saved]))


# Label Studio --------------------------------------------------------------------------------------------------------


def label_studio(folder: Path) -> list[dict[str, Any]]:
    """The tasks of annotator 1 as a project exports them, annotated: JSON, as Label Studio writes it."""
    systems = [Named(folder / system) for system in SYSTEMS]
    config = SETTINGS.model_copy(update={"label_studio": True})
    human_eval_export(systems, folder / "corpus", folder / "tasks", config)
    rate = plan_of(key_of(folder / "tasks-key"))
    items = {one.item_id: one for one in key_of(folder / "tasks-key")}
    tasks = json.loads((folder / "tasks/annotator-1.label-studio.json").read_text("utf-8"))
    return [
        {
            "id": number,
            "annotations": [
                {
                    "id": 100 + number,
                    "completed_by": 1,
                    "result": [
                        *(_choice(name, rate(items[task["data"]["item"]], name)) for name in RATED),
                        {"id": "t", "type": "textarea", "from_name": "comment", "value": {"text": [f"so {number}"]}},
                    ],
                    "was_cancelled": False,
                    "created_at": "2024-01-30T02:40:43.893565Z",
                    "lead_time": 8.65,
                }
            ],
            "drafts": [],
            "predictions": [{"result": [_choice("readability", 2)]}],
            "data": task["data"],
            "meta": {},
            "inner_id": number,
        }
        for number, task in enumerate(tasks[::-1], start=1)
    ]


def _choice(name: str, rating: object) -> dict[str, Any]:
    value = {"choices": [str(rating)]}
    return {"id": "q", "type": "choices", "value": value, "origin": "manual", "to_name": "response", "from_name": name}


def minimal(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """JSON_MIN: a flat record per annotation, single choices and texts as they are."""
    records = []
    for task in tasks:
        for annotation in task["annotations"]:
            values = {one["from_name"]: (*one["value"].values(),)[0][0] for one in annotation["result"]}
            own = {"annotator": 1, "annotation_id": annotation["id"], "created_at": annotation["created_at"]}
            records.append(task["data"] | {"id": task["id"]} | values | own | {"updated_at": "", "lead_time": 3.25})
    return records


def as_json(path: Path, tasks: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(tasks, ensure_ascii=False, indent=2), "utf-8")


def as_table(path: Path, tasks: list[dict[str, Any]]) -> None:
    """Columns in alphabetical order, what is not a number quoted; and a column of its own, history."""
    records = [record | {"history": "[]"} for record in minimal(tasks)]
    text = io.StringIO(newline="")
    delimiter = "\t" if path.suffix == ".tsv" else ","
    writer = csv.DictWriter(text, sorted(records[0]), delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows(records)
    path.write_text(text.getvalue(), "utf-8", newline="")


EXPORTS: dict[str, Callable[[Path, list[dict[str, Any]]], None]] = {
    "project.json": as_json,
    "project-min.json": lambda path, tasks: as_json(path, minimal(tasks)),
    "project.csv": as_table,
    "project.tsv": as_table,
    "export.txt": as_json,
}


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_of_label_studio(folder: Path, name: str) -> None:
    EXPORTS[name](folder / name, label_studio(folder))
    report = human_eval_score([folder / name], folder / "tasks-key", QUICK)
    assert (report.sheets[0].files, report.sheets[0].rated, report.comments) == ((name,), 84, 28)
    assert report.unread == []
    assert {one.system: one.mean for one in report.means if one.criterion == "readability"} == READABILITY


def test_tasks_that_nobody_has_annotated_add_nothing(folder: Path) -> None:
    tasks = label_studio(folder)
    tasks[0]["annotations"] = []
    tasks[1]["annotations"][0]["was_cancelled"] = True
    tasks[2]["annotations"][0]["result"] = tasks[2]["annotations"][0]["result"][:1]
    as_json(folder / "tasks/project.json", tasks)
    report = human_eval_score([folder / "tasks"], folder / "tasks-key", QUICK)
    assert report.sheets[0].rated == 84 - 3 - 3 - 2
    assert "annotator-1.label-studio.json" in report.sheets[0].files


def test_what_is_wrong_in_label_studio_s_json_is_told_by_its_place(folder: Path) -> None:
    tasks = label_studio(folder)
    tasks[0]["annotations"] *= 2
    tasks[1]["annotations"].append({"result": [_choice("readability", 9)]})
    tasks[2]["annotations"].append({"result": [_choice("personalisation", "0"), 7, {}]})
    tasks[3]["data"]["response"] = "another"
    tasks[4]["annotations"][0]["result"][0]["value"]["choices"] = ["1", "2"]
    as_json(folder / "p.json", tasks)
    heard = Heard()
    with pytest.raises(InputError, match="correct the 4 problems"):
        human_eval_score([folder / "p.json"], folder / "tasks-key", QUICK, progress=heard)
    assert heard.lines[0] == "p.json, annotation 4 (readability): '9' is not on the scale. Write one of 1, 2, 3."
    assert heard.lines[1].startswith("p.json, annotation 6 (personalisation): item ")
    assert heard.lines[2].startswith("p.json, annotation 8 (readability): '1, 2' is not a rating.")
    assert heard.lines[3].startswith("p.json, annotation 7 (response): this is not the text that was sent out with")


def test_label_studio_s_json_of_another_export(folder: Path) -> None:
    as_json(folder / "p.json", label_studio(folder))
    (told,) = problems(folder, folder / "p.json")
    assert "p.json, annotation 1 (item), and likewise in 27 more rows: the item is of the export" in told


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
