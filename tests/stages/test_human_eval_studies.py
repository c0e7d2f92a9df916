"""Studies from export to scores: in Chinese, of pairs, with attention checks and completion codes, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import judged
import openpyxl
import pytest
from browser import ESCAPE, RIGHT, Browser, chromium
from filling import csv_rows, key_of, write_csv
from forms import CHINESE, PAIRS

from pwae_core import artifacts
from pwae_core.config.human_eval import HumanEvalConfig, HumanEvalScoreConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, ConfigError, EmptyResultError, InputError
from pwae_core.human_eval.ratings.completion import FITS, OTHER, UNFINISHED, UNKNOWN
from pwae_core.human_eval.ratings.key import KeyItem
from pwae_core.human_eval.sheets.form import Form
from pwae_core.human_eval.sheets.words import shipped
from pwae_core.stages.human_eval_export import HumanEvalReport, human_eval_export
from pwae_core.stages.human_eval_score import human_eval_score

SYSTEMS = ("Zebrafinch", "Quokka")
QUICK = HumanEvalScoreConfig(resamples=50)
Answer = Callable[[KeyItem, str], int]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus and the responses of two systems."""
    folder = tmp_path_factory.mktemp("study")
    made = judged.make_corpus(folder / "corpus")
    for system in SYSTEMS:
        judged.make_responses(folder / system, system, made)
    return folder


def export(study: Path, out: Path, **settings: Any) -> HumanEvalReport:
    config = HumanEvalConfig.make({"contexts": 6, "annotators": 2, "history": 3, **settings})
    return human_eval_export([Named(study / system) for system in SYSTEMS], study / "corpus", out, config)


def fill(out: Path, form: Form, answer: Answer, annotators: tuple[int, ...] = (1, 2)) -> list[Path]:
    """The text files as they come back: the item and what is answered, under the heads of the sheet's language."""
    key, paths = key_of(out.with_name(f"{out.name}-key")), []
    for annotator in annotators:
        own = [item for item in key if item.annotator == annotator]
        asked = {name: form.head(name) for name in form.rated}
        rows = [
            {form.head("item"): item.item_id, **{head: answer(item, name) for name, head in asked.items()}}
            for item in own
        ]
        paths.append(out.with_name(f"{out.name}-{annotator}.csv"))
        write_csv(paths[-1], rows)
    return paths


def prefer(system: str) -> Answer:
    """Chooses ``system`` wherever it stands, else sees no difference; knows the answers of checks."""

    def answer(item: KeyItem, name: str) -> int:
        return item.expected.get(name) or {item.system: 1, item.other: 2}.get(system, 0)

    return answer


def attentive(item: KeyItem, name: str) -> int:
    return item.expected.get(name, 1 if name == "personalisation" else 2)


def test_a_chinese_study(study: Path, tmp_path: Path) -> None:
    report = export(study, tmp_path / "out", language="zh", label_studio=True)
    assert report.language == "zh-CN"
    book = openpyxl.load_workbook(tmp_path / "out/annotator-1.xlsx")
    assert book.sheetnames == ["说明", "条目"]
    assert [cell.value for cell in book["条目"][1]][5:] == ["可读性\n(1-3)", "信息量\n(1-3)", "个性化\n(0-1)", "备注"]
    (tmp_path / "out/INSTRUCTIONS.txt").read_text("utf-8").index("您会看到什么")
    interface = (tmp_path / "out/label-studio.xml").read_text("utf-8")
    assert not [words for words in re.findall('(?:<Header value|hint)="(.*?)"', interface) if words.isascii()]
    scored = human_eval_score(fill(tmp_path / "out", CHINESE, attentive), tmp_path / "out-key", QUICK)
    assert {one.mean for one in scored.means if one.criterion == "readability"} == {2}
    page = book["条目"]
    page["F2"] = "3 = 好"
    book.save(tmp_path / "back.xlsx")
    assert human_eval_score([tmp_path / "back.xlsx"], tmp_path / "out-key", QUICK).sheets[0].rated == 1
    page["F2"] = "好"
    book.save(tmp_path / "back.xlsx")
    with pytest.raises(InputError):
        human_eval_score([tmp_path / "back.xlsx"], tmp_path / "out-key", QUICK)


def test_a_translation_right_to_left(study: Path, tmp_path: Path) -> None:
    """Its file may be called anything and stand anywhere; its words, changed, make another export."""
    own = tmp_path / "own.toml"
    text = shipped("en").replace('direction = "ltr"', 'direction = "rtl"').replace('language = "en"', 'language = "ar"')
    own.write_text(text.replace('save = "Save"', 'save = "</script><b>&amp;"'), encoding="utf-8")
    export(study, tmp_path / "out", language=str(own))
    page = (tmp_path / "out/annotator-1.html").read_text("utf-8")
    assert '<html lang="ar" dir="rtl">' in page
    assert page.count("</script>") == 2
    assert openpyxl.load_workbook(tmp_path / "out/annotator-1.xlsx").worksheets[1].sheet_view.rightToLeft
    assert str(tmp_path) not in str(artifacts.load(tmp_path / "out-key", "human-eval-key").manifest)
    own.rename(tmp_path / "renamed.toml")
    assert export(study, tmp_path / "out", language=str(tmp_path / "renamed.toml")).standing
    (tmp_path / "renamed.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ArtifactError, match="made differently"):
        export(study, tmp_path / "out", language=str(tmp_path / "renamed.toml"))


def test_a_study_of_pairs(study: Path, tmp_path: Path) -> None:
    report = export(study, tmp_path / "out", mode="pairs")
    assert (report.mode, report.judged, report.items) == ("pairs", 18, 18), "six contexts, three pairs"
    paths = fill(tmp_path / "out", PAIRS, prefer("Quokka"))
    scored = human_eval_score(paths, tmp_path / "out-key", QUICK, out=tmp_path / "scores")
    found = {(one.system, one.other): one for one in scored.preferences if one.criterion == "better"}
    assert set(found) == {("Quokka", "Zebrafinch"), ("Quokka", "ground-truth"), ("Zebrafinch", "ground-truth")}
    won, tied = found["Quokka", "ground-truth"], found["Zebrafinch", "ground-truth"]
    assert (won.wins, won.ties, won.losses, won.win_rate, won.p, won.p_holm) == (6, 0, 0, 1, 2 / 2**6, 3 * 2 / 2**6)
    assert (tied.wins, tied.ties, tied.losses, tied.win_rate, tied.p) == (0, 6, 0, 0.5, 1)
    assert scored.systems == ["Quokka", "Zebrafinch", "ground-truth"]
    assert scored.means == scored.comparisons == []
    assert {one.value for one in scored.agreement if one.statistic == "krippendorff_alpha"} == {1}
    kept = artifacts.load(tmp_path / "scores", "human-eval-preferences")
    assert len(kept.table("choices.parquet")) == 2 * 18 * 2
    again = human_eval_score(paths, tmp_path / "out-key", QUICK, out=tmp_path / "scores")
    assert again.standing
    assert again.preferences == scored.preferences


def test_preferences_are_in_the_report_and_in_latex(pwae: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    export(study, tmp_path / "out", mode="pairs")
    paths = fill(tmp_path / "out", PAIRS, prefer("Quokka"))
    command = ("human-eval-score", *paths, "--key", tmp_path / "out-key", "--out", tmp_path / "scores")
    latex = pwae(*command, "--as-latex").succeeds().stdout
    assert "better & Quokka -- Zebrafinch & 6/0/0 & $1.00$ [0.61, 1.00] &" in latex, "Wilson's, which is not symmetric"
    assert "Agreement & Better & Person" in latex
    pwae("report", tmp_path / "scores", "--out", tmp_path / "r.html", "--markdown", tmp_path / "r.md").succeeds()
    tables = (tmp_path / "r.md").read_text("utf-8")
    (row,) = [line for line in tables.splitlines() if line.startswith("| Quokka – ground")]
    assert "6/0/0; 6/0/0" in row
    assert row.count("1.000** [0.610, 1.000]") + row.count("1.000 [0.610, 1.000]") == 2, row
    assert "## Agreement between the annotators" in tables
    assert "too few for intervals" in tables, "what the study's own report warns of"
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "Preferences between two systems" in page
    assert "[0.610, 1.000]" in page


def test_named_pairs_without_ties(study: Path, tmp_path: Path) -> None:
    report = export(study, tmp_path / "out", mode="pairs", pairs=["Quokka=ground-truth"], ties=False, label_studio=True)
    assert report.judged == 6
    assert 'value="0"' not in (tmp_path / "out/label-studio.xml").read_text("utf-8")
    paths = fill(tmp_path / "out", PAIRS, prefer("nobody"))
    with pytest.raises(InputError):
        human_eval_score(paths, tmp_path / "out-key", QUICK)
    for wrong, told in ((["Quokka"], "does not name two systems"), (["Quokka=Emu"], "'Emu' is not one of the systems")):
        with pytest.raises(ConfigError, match=told):
            export(study, tmp_path / "other", mode="pairs", pairs=wrong)
    with pytest.raises(ConfigError, match="only with --mode pairs"):
        export(study, tmp_path / "other", pairs=["Quokka=ground-truth"])


def careless(know: Answer) -> Answer:
    """As ``know``, but annotator 2 answers every check wrong."""

    def answer(item: KeyItem, name: str) -> int:
        right = know(item, name)
        if item.annotator == 1 or name not in item.expected:
            return right
        return 0 if name == "personalisation" else 3 - right

    return answer


@pytest.mark.parametrize("mode", ["ratings", "pairs"])
def test_attention_checks_are_scored_apart(study: Path, tmp_path: Path, mode: str) -> None:
    """Annotator 2 answers them all wrong, and everything else as annotator 1 does."""
    report = export(study, tmp_path / "out", mode=mode, checks=4)
    assert report.items == 18 + 4
    form, know = (PAIRS, prefer("Quokka")) if mode == "pairs" else (Form(PAIRS.words), attentive)

    paths = fill(tmp_path / "out", form, careless(know))
    scored = human_eval_score(paths, tmp_path / "out-key", QUICK, out=tmp_path / "scores")
    assert [(one.checks, one.answered, one.passed, one.failed) for one in scored.attention] == [
        (4, 4, 4, False),
        (4, 4, 0, True),
    ]
    assert "attention-check" not in scored.systems
    assert scored.notes[0] == (
        "Annotator 2 passed 0 of 4 attention checks, less than 75%. Their ratings count; --exclude-inattentive leaves "
        "them out."
    )
    assert {one.value for one in scored.agreement if one.statistic == "raw_agreement"} == {1}, "of results alone"
    kind, name = ("human-eval-preferences", "choices") if mode == "pairs" else ("human-eval-scores", "ratings")
    table = artifacts.load(tmp_path / "scores", kind).table(f"{name}.parquet").to_pylist()
    assert "attention-check" not in str(table)
    assert len(table) == 2 * 18 * len(form.rated)
    strict = QUICK.model_copy(update={"exclude_inattentive": True})
    assert human_eval_score(paths, tmp_path / "out-key", strict).annotators == [1]
    with pytest.raises(EmptyResultError, match="passed the attention checks"):
        human_eval_score(paths[1:], tmp_path / "out-key", strict)


@pytest.mark.parametrize("changes", [{"mode": "pairs"}, {"language": "zh"}], ids=str)
def test_sheets_of_an_export_that_asks_otherwise(
    pwae: Callable[..., Any], study: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Their columns are others too; their ids still say whose they are."""
    export(study, tmp_path / "out")
    export(study, tmp_path / "later", **changes)
    own, strange = (key_of(tmp_path / f"{name}-key")[0].item_id[:4] for name in ("out", "later"))
    write_csv(tmp_path / "later/semicolons.csv", csv_rows(tmp_path / "later/annotator-1.csv"), delimiter=";")
    for name in ("annotator-1.csv", "annotator-1.xlsx", "semicolons.csv"):
        heard = pwae("human-eval-score", tmp_path / "later" / name, "--key", tmp_path / "out-key").fails(4)
        assert heard.stderr.splitlines()[0] == (
            f"{name}: its items are of the export {strange}, the key is that of {own}. Leave the file out, or give the "
            "key of its export."
        )


def test_unrated_cells_are_those_that_the_numbers_lack(study: Path, tmp_path: Path) -> None:
    """Not those of checks, nor those of an annotator who is left out."""
    export(study, tmp_path / "out", checks=4)
    checks = {item.item_id for item in key_of(tmp_path / "out-key") if item.expected}
    paths = fill(tmp_path / "out", Form(PAIRS.words), careless(attentive))
    for path in paths:
        rows = csv_rows(path)
        for row in rows:
            row["informativeness"] = "" if row["item"] in checks else row["informativeness"]
        write_csv(path, rows)
    assert not any("unrated" in note for note in human_eval_score(paths, tmp_path / "out-key", QUICK).notes)
    for path, count in zip(paths, (2, 5), strict=True):
        rows = csv_rows(path)
        for row in [row for row in rows if row["item"] not in checks][:count]:
            row["readability"] = ""
        write_csv(path, rows)
    for excluded, told in ((False, "7 of 108 cells are unrated (6.5%)"), (True, "2 of 54 cells are unrated (3.7%)")):
        config = QUICK.model_copy(update={"exclude_inattentive": excluded})
        notes = human_eval_score(paths, tmp_path / "out-key", config).notes
        assert f"{told}; the numbers are computed from the others." in notes


def test_settings_without_effect_are_refused(study: Path, tmp_path: Path) -> None:
    export(study, tmp_path / "pairs", mode="pairs", checks=2)
    paths = fill(tmp_path / "pairs", PAIRS, prefer("Quokka"))
    with pytest.raises(ConfigError, match=r"^permutations: has no effect on choices: .* Leave it out\.$"):
        human_eval_score(paths, tmp_path / "pairs-key", HumanEvalScoreConfig(permutations=99))
    export(study, tmp_path / "out")
    paths = fill(tmp_path / "out", Form(PAIRS.words), attentive)
    for changes in ({"exclude_inattentive": True}, {"check_threshold": 0.5}):
        (name,) = changes
        with pytest.raises(ConfigError, match=rf"^{name}: has no effect on sheets without .* Leave it out\.$"):
            human_eval_score(paths, tmp_path / "out-key", QUICK.model_copy(update=changes))
    (tmp_path / "codes.txt").write_text("BBBB-CCCC-DDDD")
    with pytest.raises(ConfigError, match=r"^codes: the pages of this export show none\. Leave it out\.$"):
        human_eval_score(paths, tmp_path / "out-key", QUICK, codes=tmp_path / "codes.txt")


@pytest.mark.parametrize("mode", ["ratings", "pairs"])
def test_every_remark_is_kept(study: Path, tmp_path: Path, mode: str) -> None:
    """Those on checks, and those of an annotator who is left out."""
    export(study, tmp_path / "out", mode=mode, checks=4)
    form, know = (PAIRS, prefer("Quokka")) if mode == "pairs" else (Form(PAIRS.words), attentive)
    paths = fill(tmp_path / "out", form, careless(know))
    for path in paths:
        write_csv(path, [row | {form.head("comment"): "odd"} for row in csv_rows(path)])
    strict = QUICK.model_copy(update={"exclude_inattentive": True})
    scored = human_eval_score(paths, tmp_path / "out-key", strict, out=tmp_path / "scores")
    kind = "human-eval-preferences" if mode == "pairs" else "human-eval-scores"
    comments = artifacts.load(tmp_path / "scores", kind).table("comments.parquet").to_pylist()
    assert scored.comments == len(comments) == 2 * (18 + 4)


def test_contexts_are_those_that_somebody_rated(study: Path, tmp_path: Path) -> None:
    export(study, tmp_path / "out")
    paths = fill(tmp_path / "out", Form(PAIRS.words), attentive)
    sessions = {item.item_id: item.session_id for item in key_of(tmp_path / "out-key")}
    (first, *_) = sorted(sessions.values())
    for path in paths:
        write_csv(path, [row for row in csv_rows(path) if sessions[row["item"]] == first])
    scored = human_eval_score(paths, tmp_path / "out-key", QUICK)
    assert {one.contexts for one in scored.means} == {scored.contexts} == {1}


def test_nothing_in_the_files_tells_a_check(study: Path, tmp_path: Path) -> None:
    export(study, tmp_path / "out", checks=3, label_studio=True)
    for path in (tmp_path / "out").iterdir():
        if path.suffix != ".xlsx":
            assert not re.search("check|expected", path.read_text("utf-8").split('id="data">')[-1].split("<script>")[0])


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser")) as made:
        yield made


def test_a_chinese_page_by_keyboard_to_its_completion_code(study: Path, tmp_path: Path, browser: Browser) -> None:
    export(study, tmp_path / "out", language="zh", mode="pairs", contexts=2, completion_code=True)
    page = tmp_path / "out/annotator-1.html"
    browser.resize(390, 844, mobile=True)
    browser.open(page)
    browser.press(ESCAPE)
    assert browser.run("return [document.documentElement.lang, document.dir]") == ["zh-CN", "ltr"]
    browser.press(("12" + RIGHT) * 5 + "1")
    assert not browser.shown("#done")
    assert browser.text("#progress-text") == "已完成 5 / 6"
    browser.press("0")
    shown = re.search("完成码：([A-Z-]+)", browser.text("#done"))
    assert shown is not None
    assert shown[1] not in page.read_text("utf-8")
    browser.click("#save")
    saved = browser.downloaded("annotator-1-ratings.csv")
    assert saved.read_text("utf-8-sig").startswith('"序号","条目","更好","更像本人","备注"')
    other = ("X" if shown[1][-1] != "X" else "Z").join(shown[1].rsplit(shown[1][-1], 1))
    (tmp_path / "codes.txt").write_text(f"worker 7: {shown[1].lower()}\n{other}\nBBBB-CCCC-DDDD\n")
    scored = human_eval_score([saved], tmp_path / "out-key", QUICK, codes=tmp_path / "codes.txt")
    assert [(one.code, one.annotator, one.verdict) for one in scored.codes] == [
        (shown[1], 1, FITS),
        (other, 1, OTHER),
        ("BBBB-CCCC-DDDD", None, UNKNOWN),
    ]
    assert [one.code for one in scored.sheets] == [shown[1], None]
    (tmp_path / "none.txt").write_text("worker,code\n7,done\n")
    with pytest.raises(InputError, match=r"none\.txt has no completion code"):
        human_eval_score([saved], tmp_path / "out-key", QUICK, codes=tmp_path / "none.txt")
    rows = saved.read_text("utf-8-sig").splitlines()
    saved.with_name("cut.csv").write_text("\n".join(rows[:-1]), encoding="utf-8")
    scored = human_eval_score([saved.with_name("cut.csv")], tmp_path / "out-key", QUICK, codes=tmp_path / "codes.txt")
    assert [one.verdict for one in scored.codes] == [UNFINISHED, UNFINISHED, UNKNOWN]
