"""``pwae human-eval-score`` as users run it: tables, JSON, LaTeX, errors; system names that would be markup."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import judged
import pytest
from altered import resealed
from filling import fill_xlsx, key_of

from pwae_core.human_eval.ratings.key import KeyItem

Pwae = Callable[..., Any]
EVIL = r"[red]50%_\x{y}&=1+1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pwae: Pwae) -> Path:
    """Two systems, five contexts, three annotators, of whom two have filled in their workbooks."""
    made = judged.make_corpus(tmp_path / "corpus")
    for name in ("one", "two"):
        judged.make_responses(tmp_path / name, EVIL if name == "two" else name, made)
    monkeypatch.chdir(tmp_path)
    pwae("human-eval-export", "one", "two", "--corpus", "corpus", "--out", "out", "--contexts", 5).succeeds()

    def rate(item: KeyItem, name: str) -> int:
        return 1 if name == "personalisation" else {"one": 2, EVIL: 1}.get(item.system, 3)

    for annotator in (1, 2):
        fill_xlsx(tmp_path / f"out/annotator-{annotator}.xlsx", key_of(tmp_path / "out-key"), rate)
    return tmp_path


def score(pwae: Pwae, *more: object, sheets: str = "out") -> Any:
    return pwae("human-eval-score", sheets, "--key", "out-key", "--resamples", 50, *more)


def test_tables(pwae: Pwae, folder: Path) -> None:
    printed = score(pwae).succeeds().stdout
    for words in (
        "annotator-1.csv, annotator-1.xlsx",
        "Means over 5 contexts",
        "2.00",
        EVIL,
        "Krippendorff's alpha",
        "1.000",
        "Krippendorff's alpha: not defined: all ratings are the same.",
        f"{EVIL} – one",
        "Fewer than 30 contexts: too few for intervals",
        "0.0625",
        "0.1875",
        "Nothing was rated by annotator 3.",
        "Skipped (the page itself holds no ratings: give the .csv that it saved): out/annotator-1.html, out/annot",
        "Skipped (no sheet): out/INSTRUCTIONS.txt.",
    ):
        assert words in printed, words


def test_what_is_said_of_agreement_is_about_what_is_shown(pwae: Pwae, folder: Path) -> None:
    """With five annotators the pairs are in the JSON alone; some of them gave equal ratings only, all five did not."""
    pwae(
        "human-eval-export", "one", "two", "--corpus", "corpus", "--out", "five", "--contexts", 5, "--annotators", 5
    ).succeeds()
    key = key_of(folder / "five-key")
    for annotator in range(1, 6):

        def rate(item: KeyItem, name: str, largest: bool = annotator == 5) -> int:
            return 1 + largest * (item.system == "one" and name != "personalisation")

        fill_xlsx(folder / f"five/annotator-{annotator}.xlsx", key, rate)
    printed = pwae("human-eval-score", "five", "--key", "five-key", "--resamples", 50).succeeds().stdout
    assert "--json has the agreement of each pair" in printed
    assert "Cohen's kappa" not in printed
    assert "Fleiss' kappa: not defined: all ratings are the same." in printed


def test_json_has_no_nan_and_comes_back_from_the_artifact(pwae: Pwae, folder: Path) -> None:
    report = score(pwae, "--out", "scores", "--json").succeeds().json
    assert report["annotators"] == [1, 2]
    assert {"path": "out/INSTRUCTIONS.txt", "why": "no sheet"} in report["passed_over"]
    assert {one["value"] for one in report["agreement"] if one["criterion"] == "personalisation"} == {1, None}
    again = score(pwae, "--out", "scores", "--json").succeeds().json
    assert again == report | {"standing": True}
    assert "(scores already existed)" in score(pwae, "--out", "scores").succeeds().stdout
    score(pwae, "--out", "scores", "--seed", 8).fails(6, "already exists, made differently (config seed: 7, now 8).")


def test_latex(pwae: Pwae, folder: Path) -> None:
    assert score(pwae, "--as-latex").succeeds().stdout == "\n".join(
        [
            r"\begin{tabular}{lrrr}",
            r"\toprule",
            r"Model & Readability & Informativeness & Personalisation \\",
            r"\midrule",
            r"{[}red]50\%\_\textbackslash{}x\{y\}\&=1+1 & $1.00$ & $1.00$ & $1.00$ \\",
            r"one & $2.00$ & $2.00$ & $1.00$ \\",
            r"ground-truth & $3.00$ & $3.00$ & $1.00$ \\",
            r"\bottomrule",
            r"\end{tabular}",
            "",
            r"\begin{tabular}{lrrr}",
            r"\toprule",
            r"Agreement & Readability & Informativeness & Personalisation \\",
            r"\midrule",
            r"Raw agreement & $1.00$ & $1.00$ & $1.00$ \\",
            r"Fleiss' $\kappa$ & $1.00$ & $1.00$ & -- \\",
            r"Krippendorff's $\alpha$ & $1.00$ & $1.00$ & -- \\",
            r"Gwet's AC1 & -- & -- & $1.00$ \\",
            r"Gwet's AC2 & $1.00$ & $1.00$ & -- \\",
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def test_problems_are_lines_on_stderr(pwae: Pwae, folder: Path) -> None:
    (folder / "bad.csv").write_text(
        "item,readability,informativeness,personalisation\n"
        + key_of(folder / "out-key")[0].item_id
        + ",7,\x1b[31mno,\n\x1b]0;owned\x07,1,1,1\n"
    )
    result = score(pwae, "--out", "scores", sheets="bad.csv")
    result.fails(4, "The sheets cannot be scored: correct the 3 problems told above and run the command again.")
    assert result.stderr.splitlines()[:-1] == [
        "bad.csv, row 2, column B (readability): '7' is not on the scale. Write one of 1, 2, 3.",
        "bad.csv, row 2, column C (informativeness): '\\x1b[31mno' is not a rating. Write one of 1, 2, 3, or leave the "
        "cell empty.",
        "bad.csv, row 3, column A (item): ']0;owned' is not an item of this key. Copy it from the "
        "sheet, or give the key "
        "of this sheet.",
    ]
    assert not (folder / "scores").exists()


def test_what_is_no_file_is_refused_at_once(pwae: Pwae, folder: Path) -> None:
    score(pwae, sheets="/dev/null").fails(4, "/dev/null is a device, not a file.")
    os.mkfifo("pipe")
    score(pwae, sheets="pipe").fails(4, "pipe is a pipe, not a file. Save its output to a file, and name that file.")


def test_other_errors(pwae: Pwae, folder: Path) -> None:
    score(pwae, sheets="nowhere").fails(4, "nowhere does not exist.")
    score(pwae, "--against", "nobody").fails(3, "against: 'nobody' is not one of the systems:")
    score(pwae, "--resamples", 0).fails(3, "resamples: Input should be greater than or equal to 1 (got 0).")
    pwae("human-eval-score", "out", "--key", "corpus").fails(6, "corpus holds corpus", "expected human-eval-key")


def test_a_key_that_does_not_say_what_its_sheets_ask(pwae: Pwae, folder: Path) -> None:
    """As those were that earlier versions wrote."""
    resealed(folder / "out-key/manifest.json", lambda note: note["facts"].pop("words"))
    score(pwae).fails(6, "out-key is a key of an earlier pwae", "Score them with that version.")
