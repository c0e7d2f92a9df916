"""The report: what is on it, when it is written again, what it refuses."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from filling import fill_csv, key_of, write_csv
from judged import Judged, make_corpus, make_responses

from pwae_core import artifacts
from pwae_core.artifacts import Plan
from pwae_core.artifacts.notes import write_plan
from pwae_core.config.evaluate import EvaluateConfig
from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.config.report import ReportConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.stages.evaluate import evaluate
from pwae_core.stages.human_eval_export import human_eval_export
from pwae_core.stages.human_eval_score import human_eval_score
from pwae_core.stages.report import ReportReport, report

QUICK = ReportConfig(cases=3, contexts=2, users=2, samples=2, points=20)


@pytest.fixture(scope="module")
def work(made: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Named]:
    """Two runs, their responses, and the scores of both."""
    from conftest import run_pwae

    folder = tmp_path_factory.mktemp("work")
    for name in ("personawae", "seq2seq"):
        run_pwae("sample", getattr(made, name), "--out", folder / name, "--samples", 3, "--device", "cpu").succeeds()
    scores = folder / "scores"
    run_pwae(
        "evaluate", folder / "personawae", folder / "seq2seq", "--embeddings", made.vectors, "--out", scores
    ).succeeds()
    paths = [made.personawae, made.seq2seq, folder / "personawae", folder / "seq2seq", scores]
    return [Named(path) for path in paths]


def make(given: list[Named], out: Path, **options: Any) -> ReportReport:
    return report(given, out, options.pop("config", QUICK), device="cpu", **options)


def test_the_whole_page(work: list[Named], tmp_path: Path) -> None:
    made = make(work, tmp_path / "new" / "report.html", markdown=tmp_path / "t.md", latex=tmp_path / "t.tex")
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert made.sections == ["Table 2", "Table 5", "Table 6", "Latent codes", "Users", "Training", "Provenance"]
    assert made.systems == ["PersonaWAE", "Seq2Seq"]
    assert made.standing is False
    assert page.count('<article class="case">') == 3 + 2
    needs = "Table 4 needs runs with --without prior or --without fusion, their responses and scores."
    assert needs in made.notes
    assert "0.4542" in page  # printed in the paper
    assert "Table 2" in (tmp_path / "t.md").read_text(encoding="utf-8")
    assert r"\begin{tabular}" in (tmp_path / "t.tex").read_text(encoding="utf-8")


def test_a_title_of_one_s_own_is_only_text(work: list[Named], tmp_path: Path) -> None:
    title = "<b>Tea\u202e & \x1b[31mtables"
    make(work, tmp_path / "r.html", config=QUICK.model_copy(update={"title": title, "contexts": 0, "cases": 0}))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    (heading,) = re.findall("<h1>(.*?)</h1>", page)
    assert heading.startswith("&lt;b&gt;Tea")
    assert heading.endswith("tables")
    assert f"<title>{heading}</title>" in page
    assert not {"\u202e", "\x1b"} & set(page)


def test_a_watch_of_finished_runs_makes_the_page_of_a_report_and_ends(work: list[Named], tmp_path: Path) -> None:
    from conftest import run_pwae

    less = ("--cases", 0, "--table6-contexts", 0, "--points", 20, "--device", "cpu")
    watched = run_pwae("report", work[0].path, *less, "--watch", "--out", tmp_path / "a.html").succeeds().stdout
    assert watched == f"{tmp_path / 'a.html'}: all runs are finished\n"
    lines = run_pwae("report", work[0].path, *less, "--watch", "--json", "--out", tmp_path / "a.html").succeeds().stdout
    assert [json.loads(line)["out"] for line in lines.splitlines()] == [str(tmp_path / "a.html")]
    run_pwae("report", work[0].path, *less, "--out", tmp_path / "b.html").succeeds()
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_nothing_in_it_comes_from_elsewhere(work: list[Named], tmp_path: Path) -> None:
    make(work, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href|action)=[\"'](?!#)", page)
    assert not re.search(r"https?://|@import|url\(|style=", page)
    assert page.count("<script>") == 1
    assert "default-src 'none'" in html.unescape(page)


def test_it_stands_until_inputs_or_settings_change(work: list[Named], tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    first = make(work, out)
    before = out.read_bytes()
    again = make(work, out, markdown=tmp_path / "t.md")
    assert asdict(again) == asdict(first) | {"markdown": str(tmp_path / "t.md")}
    assert make(work, out, markdown=tmp_path / "t.md").standing
    assert out.read_bytes() == before
    with pytest.raises(ArtifactError, match=r"r\.html already exists, made from other inputs or settings\. .*--force"):
        make(work[:1], out)
    with pytest.raises(ArtifactError, match="made from other inputs or settings"):
        make(work, out, config=ReportConfig(seed=8))
    make(work, out, force=True)
    assert out.read_bytes() == before


def test_what_is_not_a_report_is_never_replaced(work: list[Named], tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("<p>mine</p>")
    said = r"mine\.html exists and was not made by 'pwae report', or was changed since\. Choose another name\."
    with pytest.raises(ArtifactError, match=said):
        make(work, mine, force=True)
    with pytest.raises(ArtifactError, match=r"is not a file\. Give the name of one\."):
        make(work, tmp_path)
    with pytest.raises(ArtifactError, match="was not made by"):
        make(work, tmp_path / "r.html", latex=mine)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.html"]


def test_a_page_or_a_table_that_somebody_has_edited_is_not_replaced_and_not_believed(
    work: list[Named], tmp_path: Path
) -> None:
    made = {"out": tmp_path / "r.html", "markdown": tmp_path / "t.md", "latex": tmp_path / "t.tex"}
    make(work, **made)
    for path in made.values():
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"0", b"1", 1) if path.suffix == ".html" else whole + b"mine\n")
        for force in (True, False):
            with pytest.raises(ArtifactError, match=f"{path.name} exists and was not made by .* changed since"):
                make(work, **made, force=force)
        path.write_bytes(whole)
    assert make(work, **made).standing


def test_a_page_is_written_where_a_link_leads_and_the_link_stays(work: list[Named], tmp_path: Path) -> None:
    (tmp_path / "r.html").symlink_to(tmp_path / "real.html")
    make(work, tmp_path / "r.html")
    make(work, tmp_path / "r.html", force=True)
    assert (tmp_path / "r.html").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "real.html"]


def test_nothing_is_written_before_everything_is_computed(work: list[Named], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such device"):
        report(work, tmp_path / "r.html", QUICK, markdown=tmp_path / "t.md", latex=tmp_path / "t.tex", device="moon")
    assert not list(tmp_path.iterdir())


def test_two_files_of_one_name_are_refused(work: list[Named], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"r\.html is given twice\. Give every file a different name\."):
        make(work, tmp_path / "r.html", markdown=tmp_path / "x" / ".." / "r.html")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def experiments(judged: Judged, tmp_path: Path) -> list[Named]:
    """Two folders, as of experiments, with a PersonaWAE each, and what people say about that of table2."""
    folders = [tmp_path / table / "personawae-seed7" for table in ("table2", "table4")]
    for samples, folder in enumerate(folders, 3):
        make_responses(folder / "responses", "PersonaWAE", judged, samples=samples)
        evaluate([Named(folder / "responses", "PersonaWAE")], EvaluateConfig(samples=3), out=folder / "scores")
    sheets, key = tmp_path / "sheets", tmp_path / "sheets-key"
    config = HumanEvalConfig(contexts=5, annotators=1, history=3)
    human_eval_export([Named(folders[0] / "responses")], judged.corpus, sheets, config)
    rows = fill_csv(sheets / "annotator-1.csv", key_of(key), lambda item, _: int(item.system == "PersonaWAE"))
    write_csv(tmp_path / "filled.csv", [row | {"readability": 2, "informativeness": 3} for row in rows])
    human_eval_score([tmp_path / "filled.csv"], key, out=tmp_path / "human")
    return [Named(tmp_path / name) for name in ("table2", "table4", "human")]


def ours(markdown: Path) -> dict[str, str]:
    """The own rows of the first table: the last cell, by name."""
    first = markdown.read_text(encoding="utf-8").split("\n## ")[1]
    rows = [[cell.strip().replace("\\", "") for cell in line.split("|")[1:-1]] for line in first.splitlines()]
    return {row[0]: row[-1] for row in rows if row[1:2] == ["ours"]}


def test_systems_of_one_name_are_told_apart_and_people_judged_one(experiments: list[Named], tmp_path: Path) -> None:
    made = make(experiments, tmp_path / "r.html", markdown=tmp_path / "t.md")
    assert made.systems == ["PersonaWAE (table2)", "PersonaWAE (table4)"]
    assert ours(tmp_path / "t.md") == {
        "PersonaWAE (table2)": "1.00",
        "PersonaWAE (table4)": "",
        "ground-truth": "0.00",
    }


def test_the_heading_counts_every_system_that_it_does_not_name(tmp_path: Path) -> None:
    """Seven systems, of which two are variants of one that is named."""
    judged = make_corpus(tmp_path / "corpus")
    names = ["A", "B", "A w/o prior", "C", "A w/o fusion", "D", "E", "F"]
    given = [Named(make_responses(tmp_path / f"r{n}", name, judged)) for n, name in enumerate(names)]
    make(given, tmp_path / "r.html")
    make(given[:5], tmp_path / "few.html")
    assert "<h1>A, B, C, D, E and 3 more</h1>" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<h1>A, B, C</h1>" in (tmp_path / "few.html").read_text(encoding="utf-8")


def test_names_can_be_given(experiments: list[Named], tmp_path: Path) -> None:
    mine = Named(tmp_path / "table4/personawae-seed7/responses", "Mine")
    made = make([*experiments, mine], tmp_path / "r.html", markdown=tmp_path / "t.md")
    assert made.systems == ["PersonaWAE", "Mine"]
    assert list(ours(tmp_path / "t.md")) == ["PersonaWAE", "Mine", "ground-truth"]


def test_responses_alone_make_a_page_that_says_what_is_missing(tmp_path: Path) -> None:
    judged = make_corpus(tmp_path / "corpus")
    path = make_responses(tmp_path / "a", "Mine", judged)
    made = make([Named(path)], tmp_path / "r.html")
    assert made.sections == ["Table 5", "Provenance"]
    assert [note.split(":")[0] for note in made.notes] == [
        "No scores",
        "No run",
        "No automatic measures of personalisation",
        "No human columns",
    ]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not any(words in page for words in ("in the training split", "really says", "The paper's numbers are"))


def test_the_paper_s_numbers_are_spoken_of_where_they_are_printed(experiments: list[Named], tmp_path: Path) -> None:
    def said(given: list[Named], out: Path) -> str:
        make(given, out)
        found = re.search('<p class="lead">(.*?)</p>', out.read_text(encoding="utf-8"))
        return html.unescape(found[1]) if found else ""

    judged = said(experiments[2:], tmp_path / "human.html")
    assert "on the paper's corpus, by its annotators. Compare" in judged
    everything = said(experiments, tmp_path / "all.html")
    assert "with its word vectors and, most likely, with NLTK's BLEU of 2019" in everything


def test_a_run_alone_makes_one_too(made: Any, tmp_path: Path) -> None:
    report_ = make([Named(made.seq2seq)], tmp_path / "r.html")
    assert report_.sections == ["Training", "Provenance"]
    assert report_.systems == ["Seq2Seq"]


@pytest.fixture(scope="module")
def latent_runs(made: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from conftest import run_pwae

    folder = tmp_path_factory.mktemp("latent")
    runs = {"cvae": "cvae", "another-cvae": "cvae", "dialogwae-gmp": "dialogwae-gmp"}
    for seed, (run, name) in enumerate(runs.items()):
        settings = (f"model.name={name}", "max_steps=2", "validate_every=2", f"seed={seed}")
        run_pwae(*made.train(folder / run, *settings)).succeeds()
    return {run: folder / run for run in runs}


def headings(page: Path, chapter: str) -> list[str]:
    body = re.search(rf'<section id="{chapter}">(.*?)</section>', page.read_text(encoding="utf-8"), re.S)
    assert body
    return re.findall("<h3><bdi>(.*?)</bdi></h3>", body[1])


def test_the_codes_of_every_system_that_has_some(made: Any, latent_runs: dict[str, Path], tmp_path: Path) -> None:
    """Each system once, PersonaWAE first, the others as given."""
    given = [made.seq2seq, *(latent_runs[run] for run in ("dialogwae-gmp", "cvae", "another-cvae")), made.personawae]
    make([Named(path) for path in given], tmp_path / "r.html")
    expected = ["PersonaWAE", "DiaWAE-GMD", "CVAE (cvae)"]
    assert headings(tmp_path / "r.html", "latent") == expected
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.count("Mean weights π of the personalisation GMD") == 2
    assert page.count("Mean weights π of the context GMD") == 1
    assert page.count("Mean weight w_u of the user") == 2


def test_curves_of_folders_of_one_name_are_told_apart(latent_runs: dict[str, Path], made: Any, tmp_path: Path) -> None:
    for run in ("cvae", "another-cvae"):
        shutil.copytree(latent_runs[run], tmp_path / run / "run")
    given = [tmp_path / "cvae", tmp_path / "another-cvae", made.corpus]
    make([Named(path) for path in given], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "CVAE (another-cvae)" in page
    training = page[page.index('<section id="training">') :]
    assert "CVAE (run)" not in training
    assert "<bdi>another-cvae</bdi>" in page[page.index('<section id="provenance">') :]


def test_a_cvae_alone_has_codes_and_users(latent_runs: dict[str, Path], tmp_path: Path) -> None:
    made = make([Named(latent_runs["cvae"])], tmp_path / "r.html")
    assert made.sections == ["Table 6", "Latent codes", "Users", "Training", "Provenance"]
    assert "component 3 likeliest" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_what_a_person_really_says_stands_beside_the_answers(judged: Judged, tmp_path: Path) -> None:
    path = make_responses(tmp_path / "a", "Mine", judged)
    make([Named(path), Named(judged.corpus)], tmp_path / "r.html", config=ReportConfig(cases=30, history=15))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    cases = re.findall(r'<article class="case">(.*?)</article>', page, re.S)
    assert len(cases) == len(judged.sessions) == 30
    from pwae_core.text.tokenize import detokenise

    by_id = {session["session_id"]: session for session in judged.sessions}
    for case in cases:
        session = by_id[re.search(r'class="id">(.*?)<', case)[1]]  # type: ignore[index]
        quoted = re.findall(r"<li><bdi[^>]*>(.*?)</bdi></li>", case.partition("<aside ")[2])
        own = {detokenise(tokens) for tokens in judged.said[session["user_id"]]}
        assert quoted
        assert own.issuperset(quoted)
        assert detokenise(session["response"]) not in quoted


def test_of_several_references_a_case_shows_what_was_really_said(judged: Judged, tmp_path: Path) -> None:
    """Beside a system that has one reference."""
    rows = [
        {"session_id": one["session_id"], "responses": [["so"]], "references": [["paraphrased"], one["response"]]}
        for one in judged.sessions
    ]
    (tmp_path / "theirs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ours, theirs = make_responses(tmp_path / "a", "Mine", judged), tmp_path / "theirs.jsonl"
    made = make([Named(ours), Named(theirs), Named(judged.corpus)], tmp_path / "r.html", config=ReportConfig(cases=30))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Table 5" in made.sections
    assert page.count('<article class="case">') == 30
    assert "paraphrased" not in page


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return make_corpus(tmp_path / "corpus")


def test_the_command_prints_what_is_on_the_page(pwae: Callable[..., Any], work: list[Named], tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    options = ["--cases", 2, "--contexts", 1, "--points", 20, "--device", "cpu", "--out", out]
    printed = pwae("report", *(one.path for one in work), *options).succeeds().stdout
    assert "Table 2, Table 5, Table 6" in printed
    assert "No human columns" in printed
    again = pwae("report", *(one.path for one in work), *options, "--json").succeeds().json
    assert again["standing"] is True
    assert json.loads(json.dumps(again))["systems"] == ["PersonaWAE", "Seq2Seq"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 4, ["Nothing to report at nowhere"]),
        (["{run}", "--points", "3"], 3, ["points: Input should be greater than or equal to 20"]),
        (["{run}", "--device", "moon"], 3, ["there is no such device"]),
    ],
)
def test_errors_are_one_line(
    pwae: Callable[..., Any], made: Any, tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    given = [one.format(run=made.seq2seq) for one in arguments]
    pwae("report", *given, "--out", tmp_path / "r.html").fails(code, *words)
    assert not list(tmp_path.iterdir())


def test_a_run_that_trains_is_shown_as_far_as_its_log_goes(made, tmp_path, snapshot):
    run = artifacts.load(made.personawae, "run")
    folder = tmp_path / "runs" / "now"
    folder.mkdir(parents=True)
    write_plan(folder, Plan("run", run.config, run.manifest["inputs"]).unfinished())
    lines = (run.folder / "log.jsonl").read_text().splitlines()
    (folder / "log.jsonl").write_text(f'{lines[0]}\n{lines[1]}\n{{"step": 9, "ep')
    before = snapshot(folder)
    first = report([Named(tmp_path / "runs")], tmp_path / "a.html")
    assert (first.sections, snapshot(folder)) == (["Training", "Provenance"], before)
    page = (tmp_path / "a.html").read_text()
    assert f"PersonaWAE (now, until iteration {json.loads(lines[1])['step']:,})" in page
    assert report([Named(folder), Named(made.seq2seq)], tmp_path / "b.html").sections[-2:] == ["Training", "Provenance"]

    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(ArtifactError, match="made from other inputs or settings"):
        report([Named(folder)], tmp_path / "a.html")
    assert not report([Named(folder)], tmp_path / "a.html", force=True).standing


def test_scores_of_other_answers_than_those_on_the_page_are_told(
    made: Any, work: list[Named], pwae: Any, tmp_path: Path
) -> None:
    """As after answers were drawn again, or a run trained again."""
    again, numbered, scores = tmp_path / "again", tmp_path / "numbered", work[4].path
    pwae("sample", made.seq2seq, "--out", again, "--samples", 2, "--device", "cpu").succeeds()
    seeds = [f"PersonaWAE={work[2].path}", f"PersonaWAE={again}", f"Seq2Seq={work[3].path}"]
    pwae("evaluate", *seeds, "--first", 2, "--out", numbered).succeeds()
    given = [made.personawae, made.seq2seq, again, scores]
    pwae("persona-scores", work[3].path, "--corpus", made.corpus, "--out", tmp_path / "persona").succeeds()
    plain = QUICK.model_copy(update={"cases": 0, "contexts": 0})

    def told(*paths: Path) -> list[str]:
        found = make([Named(one) for one in paths], tmp_path / "r.html", config=plain, force=True)
        return [note for note in found.notes if "on this page" in note]

    stale = "The scores of Seq2Seq are of other answers than those on this page. Score these too."
    assert told(*given) == [stale]
    assert told(*given, tmp_path / "persona") == [stale, stale.replace("scores", "measures of personalisation", 1)]
    assert html.escape(stale) in (tmp_path / "r.html").read_text(encoding="utf-8").partition("<table")[2]
    assert told(*given, work[3].path) == told(scores) == told(made.seq2seq, scores) == []
    assert told(work[2].path, made.seq2seq, numbered) == []
    pwae(*made.train(tmp_path / "run", "model.name=seq2seq", "max_steps=2")).succeeds()
    assert told(tmp_path / "run", work[3].path, scores) == [
        "The answers of Seq2Seq are of another run than the one on this page. Draw answers of this one too."
    ]
