"""Tables of others' scores stand in Table 2 with intervals and tests; what is wrong in one is named by file and row."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from judged import make_corpus, make_responses

SESSIONS = [f"c{number}#0" for number in range(40)]
Rows = Sequence[tuple[Any, ...]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    judged = make_corpus(folder / "corpus", 40)
    for system in ("One", "Two"):
        make_responses(folder / system, system, judged)
    return folder


def table(values: Callable[[int], float], systems: Sequence[str] = ("One", "Two"), metric: str = "BERTScore") -> Rows:
    """The second system's scores are one higher in every context."""
    return [
        (system, session, metric, values(number) + place)
        for place, system in enumerate(systems)
        for number, session in enumerate(SESSIONS)
    ]


def write_csv(path: Path, rows: Rows, header: str = "system,session,metric,value") -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


def write(path: Path, rows: Rows) -> Path:
    """In the format of the file's name."""
    frame = pd.DataFrame(list(rows), columns=["system", "session", "metric", "value"])
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in frame.to_dict("records")), encoding="utf-8")
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["s.csv", "s.tsv", "s.jsonl", "s.parquet", "s.csv.gz"])
def test_every_form_of_table_has_totals_intervals_and_tests(
    pwae: Callable[..., Any], folder: Path, tmp_path: Path, name: str
) -> None:
    given = write(tmp_path / name, table(lambda number: number / 10))
    command = ("evaluate", folder / "One", folder / "Two", "--scores", given, "--compare", "--resamples", 50, "--json")
    report = pwae(*command).succeeds().json
    one, two = (system["totals"]["BERTScore"] for system in report["systems"])
    assert one["value"] == pytest.approx(1.95)
    assert two["low"] - one["low"] == pytest.approx(1)  # the same draws
    assert one["low"] < one["value"] < one["high"]
    assert one["signature"].startswith(f"BERTScore|from:{name}-")
    (compared,) = [row for row in report["comparisons"] if row["metric"] == "BERTScore"]
    assert compared["difference"] == pytest.approx(1)
    assert compared["randomisation_holm"] == compared["randomisation"] < 0.001


def test_in_table_2_from_evaluate_or_beside_it(pwae: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    given = write_csv(tmp_path / "s.csv", table(lambda number: number / 10))
    systems = [f"{name}={folder / name}" for name in ("One", "Two")]
    pwae("evaluate", *systems, "--out", tmp_path / "plain").succeeds()
    shown = pwae("evaluate", *systems, "--scores", given, "--compare", "--out", tmp_path / "scores").succeeds().stdout
    assert "Other metrics" in shown
    stands = pwae("evaluate", *systems, "--scores", given, "--compare", "--out", tmp_path / "scores")
    assert "already existed" in stands.succeeds().stdout
    made = []
    for name, options in (("scores", ()), ("plain", ("--scores", given))):
        out = tmp_path / f"{name}.html"
        paths = ("report", folder / "One", folder / "Two", folder / "corpus", tmp_path / name, "--out", out)
        pwae(*paths, "--markdown", tmp_path / f"{name}.md", *options).succeeds()
        made.append((tmp_path / f"{name}.md").read_text().partition("Table 2")[2].partition("\n#")[0])
    assert "BERTScore" in made[0]
    assert "1.9500" in made[0]
    assert made[0] == made[1]
    assert "Differences" in (tmp_path / "scores.md").read_text()


def test_scores_of_some_contexts_and_some_systems(pwae: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    some = [row for row in table(float, ("One",)) if row[1] not in SESSIONS[:3]]
    given = write_csv(tmp_path / "s.csv", some)
    command = ("evaluate", folder / "One", folder / "Two", "--scores", given, "--compare")
    report = pwae(*command, "--json").succeeds().json
    assert report["systems"][0]["totals"]["BERTScore"]["contexts"] == 37
    assert "BERTScore" not in report["systems"][1]["totals"]
    assert "BERTScore" not in {row["metric"] for row in report["comparisons"]}
    assert "BERTScore: no score of One for 3 contexts." in report["notes"]
    pwae(*command).succeeds()


def test_a_report_says_which_scores_it_lacks(pwae: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    some = [row for row in table(float) if row[0] == "Two" or row[1] not in SESSIONS[:3]]
    given = write_csv(tmp_path / "s.csv", some)
    systems = [f"{name}={folder / name}" for name in ("One", "Two")]
    pwae("evaluate", *systems, "--out", tmp_path / "scores").succeeds()
    written = ("--out", tmp_path / "r.html", "--markdown", tmp_path / "r.md")
    pwae("report", tmp_path / "scores", "--scores", given, *written).succeeds()
    table_2 = (tmp_path / "r.md").read_text().partition("Table 2")[2].partition("\n#")[0]
    assert "BERTScore: no score of One for 3 contexts." in table_2
    assert "no score of Two" not in table_2


def test_what_no_context_has_of_both_is_not_compared_and_said_so(
    pwae: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    apart = [row for row in table(float) if (row[1] in SESSIONS[:20]) == (row[0] == "One")]
    given = write_csv(tmp_path / "s.csv", apart)
    command = ("evaluate", folder / "One", folder / "Two", "--scores", given, "--compare", "--resamples", 50)
    report = pwae(*command, "--json").succeeds().json
    assert "BERTScore" not in {row["metric"] for row in report["comparisons"]}
    assert "Two and One are not compared in BERTScore: no context has it for every seed of both." in report["notes"]
    assert "nan" not in pwae(*command).succeeds().stdout


def test_contexts_that_common_leaves_out_are_no_strangers(
    pwae: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    few = [{"session_id": session, "responses": [["tea"]] * 4} for session in SESSIONS[:35]]
    (tmp_path / "few.jsonl").write_text("\n".join(map(json.dumps, few)))
    given = write_csv(tmp_path / "s.csv", table(float, ("One",)))
    command = ("evaluate", folder / "One", tmp_path / "few.jsonl", "--corpus", folder / "corpus", "--scores", given)
    report = pwae(*command, "--common", "--json").succeeds().json
    assert report["systems"][0]["totals"]["BERTScore"]["contexts"] == 35
    left_out = [(system, session, "Rare", 1) for system, session, *_ in table(float, ("One",))[35:]]
    more = ("--scores", write_csv(tmp_path / "rare.csv", left_out))
    report = pwae(*command, *more, "--common", "--json").succeeds().json
    assert "Rare" not in report["systems"][0]["totals"]
    assert report["notes"][-1] == "Rare: no score of One for 35 contexts."


def test_seeds_are_averaged_where_each_has_scores(pwae: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    given = write_csv(tmp_path / "s.csv", table(float, ("Ours (1)", "Ours (2)")))
    one = write_csv(tmp_path / "one.csv", table(float, ("Ours (1)",), "Half"))
    seeds = [f"Ours={folder / name}" for name in ("One", "Two")]
    report = pwae("evaluate", *seeds, "--scores", given, "--scores", one, "--json").succeeds().json
    assert report["seeds"][0]["spread"]["BERTScore"]["mean"] == pytest.approx(20)
    assert "Half" not in report["seeds"][0]["spread"]
    assert "Ours" in pwae("evaluate", *seeds, "--scores", given, "--scores", one).succeeds().stdout


GOOD = ("One", "c0#0", "B", 1)
WRONG: list[tuple[Rows, str]] = [
    ([GOOD, ("Tow", "c0#0", "B", 1)], "row 2: there is no system 'Tow'. Use one of One, Two."),
    ([GOOD, ("One", "c99#0", "B", 1)], "row 2: One has no answer to session 'c99#0'."),
    ([GOOD, ("Two", "c0#0", "B", 1), GOOD], "row 3: B of One in session 'c0#0' was given before"),
    ([("One", "c0#0", "B", "nan")], "row 1: value is nan. Leave out the row"),
    ([("One", "c0#0", "B", "-inf")], "row 1: value is -inf."),
    ([("One", "c0#0", "B", "high")], "row 1: value is 'high', expected a number"),
    ([("One", "c0#0", "B", "1_5")], "row 1: value is '1_5', expected a number"),
    ([("One", "c0#0", "B", "")], "row 1: value is missing. Leave out the row of a context that has no score."),
    ([("One", "c0#0", "B", "1e308")], "row 1: value is 1e+308, which is beyond 1e+100. Scale the scores."),
    ([("One", "c0#0", "B", "-1e101")], "row 1: value is -1e+101, which is beyond"),
    ([("", "c0#0", "B", 1)], "row 1: system is empty or not text"),
    ([("One", "", "B", 1)], "row 1: session is empty"),
    ([("One", "c0#0", "", 1)], "row 1: metric is empty"),
    ([("One", "c0#0", "BLEU-F1 ", 1)], "row 1: metric 'BLEU-F1 ' is the name of one of pwae's own metrics."),
    ([("One", "c0#0", "Bert ", 1)], "row 1: metric 'Bert ' is not a valid metric name"),
    ([("One", "c0#0", "BLEU-F1", 1)], "row 1: metric 'BLEU-F1' is the name of one of pwae's own metrics."),
    ([("One", "c0#0", "personalisation", 1)], "is the name of one of pwae's own metrics."),
    ([("One", "c0#0", "a|b", 1)], "is not a valid metric name"),
    ([("One", "c0#0", "\x1b[31mred", 1)], "is not a valid metric name"),
    ([("One", "c0#0", "x" * 41, 1)], "is not a valid metric name"),
    ([], "holds no scores. A table of scores has the columns system, session, metric and value."),
    ([("One", "c0#0", "B")], "row 1 has 3 fields, expected 4"),
]


@pytest.mark.parametrize(("rows", "words"), WRONG)
def test_what_is_wrong_in_a_table_is_one_line(
    pwae: Callable[..., Any], folder: Path, tmp_path: Path, rows: Rows, words: str
) -> None:
    given = write_csv(tmp_path / "s.csv", rows)
    command = ("evaluate", folder / "One", folder / "Two", "--scores", given, "--out", tmp_path / "out")
    pwae(*command).fails(4, str(given), words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("s.csv", b"", "holds no scores"),
        ("s.csv", b"a,b\n1,2\n", "row 1: there is no system among 'a', 'b'. A table of scores has the columns"),
        ("s.csv", b"System,Session,Metric,Value\nOne,c,B,1\n", "there is no system among 'System', 'Session'"),
        ("s.csv", b"system, session,metric,value\nOne,c,B,1\n", "there is no session among 'system', ' session'"),
        ("s.csv", b"system;session;metric;value\nOne;c;B;0,5\n", "value is '0,5', expected a number with a decimal"),
        ("s.csv", b"system,session,metric,value,value\nOne,c0#0,B,1,2\n", "two columns 'value'"),
        ("s.csv", b"system,session,metric,value\nOne,c\xff,B,1\n", "line 2 is not UTF-8"),
        ("s.jsonl", b'{"system": "One", "session": "c0#0", "metric": "B", "value": NaN}', "value is nan"),
        ("s.jsonl", b'{"system": "One", "session": "c0#0", "metric": "B", "value": true}', "value is True, expected"),
        (
            "s.jsonl",
            b'{"system": "One", "session": "c0#0", "metric": "B", "value": null}',
            "value is missing. Leave out",
        ),
        (
            "s.jsonl",
            b'{"system": ["One"], "session": "c0#0", "metric": "B", "value": 1}',
            "system is empty or not text",
        ),
        ("s.jsonl", b'{"system": "One", "session": "c0#0", "metric": "B", "value": 1}\nnonsense', "line 2"),
        ("s.xlsx", b"PK\x03\x04\xff", "is a ZIP archive or an Excel workbook. Unpack it"),
        ("s.parquet", b"nonsense", "is not a readable Parquet file"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(
    pwae: Callable[..., Any], folder: Path, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    pwae("evaluate", folder / "One", "--scores", tmp_path / name).fails(4, str(tmp_path / name), words)


def test_tables_that_do_not_go_together(pwae: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    one, two = (write_csv(tmp_path / name, [GOOD]) for name in ("one.csv", "two.csv"))
    command = ("evaluate", folder / "One", folder / "Two")
    pwae(*command, "--scores", one, "--scores", two).fails(4, f"{two}, row 1: B of One also comes from {one}")
    pwae(*command, "--scores", tmp_path / "none.csv").fails(4, "none.csv")
    pwae("report", folder / "One", folder / "corpus", "--scores", one, "--out", tmp_path / "r.html").fails(
        4, "one.csv: --scores needs scores of 'pwae evaluate' beside it. Give those too."
    )
    pwae(*command, "--out", tmp_path / "scores").succeeds()
    stranger = write_csv(tmp_path / "s.csv", [("Three", "c0#0", "B", 1)])
    pwae("report", tmp_path / "scores", "--scores", stranger, "--out", tmp_path / "r.html").fails(
        4, "row 1: there is no system 'Three'. Use one of One, Two."
    )
    assert not (tmp_path / "r.html").exists()


def test_a_report_does_not_replace_scores_by_others(pwae: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    """Not in silence, if the metric has the same name; the same table again changes nothing."""
    one, two = (write_csv(tmp_path / name, table(float)[level:]) for level, name in enumerate(("one.csv", "two.csv")))
    scores = tmp_path / "scores"
    pwae("evaluate", folder / "One", folder / "Two", "--scores", one, "--out", scores).succeeds()
    command = ("report", folder / "One", folder / "Two", folder / "corpus", scores, "--out", tmp_path / "r.html")
    pwae(*command, "--scores", two).fails(4, f"{two}, row 1: BERTScore of One also comes from {scores}")
    assert not (tmp_path / "r.html").exists()
    pwae(*command, "--scores", one).succeeds()


def test_text_of_a_table_is_never_markup(pwae: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    given = write_csv(tmp_path / "s.csv", [("One", session, "<b>&amp;", 1) for session in SESSIONS])
    pwae("evaluate", folder / "One", "--scores", given, "--out", tmp_path / "scores").succeeds()
    pwae("report", folder / "One", folder / "corpus", tmp_path / "scores", "--out", tmp_path / "r.html").succeeds()
    page = (tmp_path / "r.html").read_text()
    assert "<b>&amp;</th>" not in page
    assert "&lt;b&gt;&amp;amp;" in page
