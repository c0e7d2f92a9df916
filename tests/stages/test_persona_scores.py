"""Personalisation measured on planted habits: a system with users shows them, one without does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from planted import planted, write_jsonl
from small_training import small_config

from pwae_core import artifacts
from pwae_core.config.persona_scores import PersonaScoresConfig
from pwae_core.config.preprocess import PreprocessConfig
from pwae_core.config.sample import SampleConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, EmptyResultError, InputError
from pwae_core.report.gather import gather
from pwae_core.report.tables import persona
from pwae_core.stages.persona_scores import REAL, PersonaReport, persona_scores
from pwae_core.stages.preprocess import preprocess
from pwae_core.stages.sample import sample_test_split
from pwae_core.stages.train import train

CONFIG = PersonaScoresConfig(limit=30, resamples=100)


@dataclass(frozen=True)
class Made:
    """Ten users with a habit each, a run with users and one without, and their answers to the test split."""

    corpus: Path
    runs: dict[str, Path]
    responses: dict[str, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("persona")
    raw = write_jsonl(planted(users=10, conversations=200, seed=1).rows, folder / "raw.jsonl")
    config = PreprocessConfig(tokenizer="whitespace", min_utterances=5, valid=0.1, test=0.1)
    preprocess([raw], folder / "corpus", config)
    runs, responses = {}, {}
    for name in ("personawae", "seq2seq"):
        runs[name], responses[name] = folder / name, folder / f"{name}-responses"
        settings = small_config(model={"name": name}, max_steps=220, validate_every=220)
        train(folder / "corpus", runs[name], settings, device="cpu")
        sample_test_split(runs[name], responses[name], SampleConfig(samples=2), device="cpu")
    return Made(folder / "corpus", runs, responses)


@pytest.fixture(scope="module")
def report(made: Made) -> PersonaReport:
    given = [Named(path) for path in made.responses.values()]
    return persona_scores(given, made.corpus, CONFIG, runs=list(made.runs.values()), device="cpu")


def values(report: PersonaReport, metric: str) -> list[float]:
    rows = report.runs if any(metric in one.totals for one in report.runs) else report.answers
    return [one.totals[metric].value for one in rows]


def test_answers_show_the_user_where_the_system_knows_users(report: PersonaReport) -> None:
    assert [one.system for one in report.answers] == [REAL, "PersonaWAE", "Seq2Seq"]
    assert (report.candidates, report.chance) == (10, 0.1)
    assert report.heard == report.left_out == 0
    real, ours, without = values(report, "Speaker-Accuracy")
    assert real > 0.95
    assert ours > 0.8
    assert without < 0.3
    chance = report.answers[2].totals["Speaker-By-Chance"].value
    assert without == pytest.approx(chance, abs=0.15)


def test_answers_have_the_users_own_words(report: PersonaReport) -> None:
    real, ours, without = values(report, "Own-Words")
    others = values(report, "Others-Words")
    assert ours - others[1] > 0.5 * (real - others[0]) > 0.05
    assert abs(without - others[2]) < 0.5 * (real - others[0])


def test_swapping_the_user_changes_the_answers_of_a_system_that_knows_users(report: PersonaReport) -> None:
    assert [one.system for one in report.runs] == ["PersonaWAE", "Seq2Seq"]
    assert values(report, "Swap-Changed") == pytest.approx([1, 0], abs=0.2)
    assert values(report, "Swap-Distance")[1] == values(report, "Noise-Distance")[1] == 0
    followed, stayed = values(report, "Swap-Followed"), values(report, "Swap-Stayed")
    assert followed[0] > 0.8
    assert followed[1] < 0.3
    assert stayed[0] < 0.2


def test_real_responses_are_likelier_as_their_users(report: PersonaReport) -> None:
    gains, wins = values(report, "Likelihood-Gain"), values(report, "Likelihood-Wins")
    assert gains[0] > 0.2
    assert wins[0] > 0.9
    assert (gains[1], wins[1]) == (0, 0.5)
    assert report.runs[0].totals["Likelihood-Gain"].low > 0
    assert all(1 < perplexity < 50 for perplexity in values(report, "Perplexity-Prior"))


def test_the_artifact_keeps_every_context_and_stands(made: Made, tmp_path: Path) -> None:
    given = [Named(made.responses["seq2seq"])]
    config = PersonaScoresConfig(limit=5, resamples=20)
    first = persona_scores(given, made.corpus, config, runs=[made.runs["seq2seq"]], out=tmp_path / "p", device="cpu")
    again = persona_scores(given, made.corpus, config, runs=[made.runs["seq2seq"]], out=tmp_path / "p", device="cpu")
    assert asdict(again) == asdict(first) | {"standing": True}
    stored = artifacts.load(tmp_path / "p", "persona-scores")
    table = stored.table("scores.parquet").to_pandas()
    accuracy = table[(table.metric == "Speaker-Accuracy") & (table.system == REAL)].value
    assert len(accuracy) == first.contexts
    assert accuracy.mean() == pytest.approx(first.answers[0].totals["Speaker-Accuracy"].value)
    assert (table[table.metric == "Swap-Changed"].groupby("system").size() == 5).all()
    totals = stored.table("totals.parquet").to_pylist()
    assert {row["metric"] for row in totals if row["low"] is None and row["contexts"] > 5} == {"Speaker-By-Chance"}
    assert {row["metric"] for row in totals if row["contexts"] == 5} >= {"Swap-Changed", "Perplexity-Prior"}
    assert all(row["low"] is None for row in totals if row["contexts"] == 5), "5 contexts are too few for intervals"
    with pytest.raises(ArtifactError, match="already exists, made differently"):
        persona_scores(given, made.corpus, CONFIG, out=tmp_path / "p")


def test_the_corpus_alone_gives_the_ceiling(made: Made) -> None:
    report = persona_scores([], made.corpus, PersonaScoresConfig(candidates=4, resamples=10))
    assert [one.system for one in report.answers] == [REAL]
    assert (report.candidates, report.chance, report.runs) == (4, 0.25, [])
    assert report.left_out > 0
    assert report.answers[0].contexts == report.contexts


def test_the_ceiling_is_what_the_corpus_says_whatever_references_a_file_has(tmp_path: Path) -> None:
    raw = write_jsonl(planted(users=10, conversations=200, seed=1).rows, tmp_path / "raw.jsonl")
    config = PreprocessConfig(tokenizer="whitespace", min_utterances=5, valid=0.1, test=0.1)
    preprocess([raw], tmp_path / "corpus", config)
    test = artifacts.load(tmp_path / "corpus", "corpus").table("test.parquet").to_pylist()
    rows = [
        {"session_id": one["session_id"], "references": [["so"], one["response"]], "responses": [["so"]]}
        for one in test
    ]
    (tmp_path / "llm.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    plain = [{"session_id": row["session_id"], "responses": row["responses"]} for row in rows]
    (tmp_path / "other.jsonl").write_text("".join(json.dumps(row) + "\n" for row in plain), encoding="utf-8")
    alone = persona_scores([], tmp_path / "corpus", CONFIG)
    beside = persona_scores([Named(tmp_path / f"{n}.jsonl") for n in ("llm", "other")], tmp_path / "corpus", CONFIG)
    assert beside.answers[0].totals == alone.answers[0].totals


def test_the_contexts_of_a_run_do_not_depend_on_the_order_of_a_file_s_rows(made: Made, tmp_path: Path) -> None:
    test = artifacts.load(made.corpus, "corpus").table("test.parquet", ["session_id"]).to_pydict()
    rows = [json.dumps({"session_id": session, "responses": [["so"]]}) + "\n" for session in test["session_id"]]
    config, found = PersonaScoresConfig(limit=3, resamples=20, swap_samples=1, others=1), []
    for name, lines in (("sorted", rows), ("reversed", rows[::-1])):
        (tmp_path / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        given = [Named(tmp_path / f"{name}.jsonl")]
        persona_scores(given, made.corpus, config, runs=[made.runs["seq2seq"]], out=tmp_path / name, device="cpu")
        scores = artifacts.load(tmp_path / name, "persona-scores").table("scores.parquet").to_pylist()
        found.append([row for row in scores if row["metric"] == "Likelihood-Gain"])
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_runs_of_one_system_keep_rows_of_their_own(made: Made, tmp_path: Path) -> None:
    other = tmp_path / "another"
    settings = small_config(model={"name": "seq2seq"}, max_steps=2, validate_every=2, seed=9)
    train(made.corpus, other, settings, device="cpu")
    config = PersonaScoresConfig(limit=5, resamples=20)
    found = persona_scores(
        [], made.corpus, config, runs=[made.runs["seq2seq"], other], out=tmp_path / "p", device="cpu"
    )
    assert [one.system for one in found.runs] == ["Seq2Seq (seq2seq)", "Seq2Seq (another)"]
    rows = artifacts.load(tmp_path / "p", "persona-scores").table("totals.parquet").to_pylist()
    perplexities = {row["system"]: row["value"] for row in rows if row["metric"] == "Perplexity-Prior"}
    assert perplexities == {one.system: one.totals["Perplexity-Prior"].value for one in found.runs}
    assert len(set(perplexities.values())) == 2


def test_a_run_is_measured_with_the_weights_that_are_asked_for(made: Made, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = small_config(model={"name": "seq2seq"}, max_steps=40, validate_every=20, select_by="distinct")
    settings = settings.model_copy(update={"patience": 0})
    train(made.corpus, run, settings, device="cpu")
    assert artifacts.load(run, "run").facts["best_step"] == 20, "so that the best weights are not the last"
    told = {}
    for checkpoint in ("best", "last"):
        config = PersonaScoresConfig(limit=5, resamples=20, checkpoint=checkpoint)
        (one,) = persona_scores([], made.corpus, config, runs=[run], device="cpu").runs
        told[checkpoint] = one.totals["Perplexity-Prior"]
    assert told["best"].value != told["last"].value
    assert "ckpt:last" in told["last"].signature
    assert "ckpt" not in told["best"].signature


def test_answers_of_other_weights_than_the_run_that_is_measured_are_told(made: Made, tmp_path: Path, pwae: Any) -> None:
    run, other, last = made.runs["seq2seq"], tmp_path / "other", tmp_path / "last"
    train(made.corpus, other, small_config(model={"name": "seq2seq"}, max_steps=1, validate_every=1), device="cpu")
    sample_test_split(run, last, SampleConfig(samples=1, checkpoint="last"), device="cpu")
    few = CONFIG.model_copy(update={"limit": 2, "swap_samples": 1, "others": 1})

    def notes(answers: Path, measured: Path, config: PersonaScoresConfig = few, **options: Any) -> Any:
        given = [Named(answers, "Ours")]
        return persona_scores(given, made.corpus, config, runs=[measured], device="cpu", **options).notes

    weights = "Ours answered with the last weights, --run measures the best ones. --checkpoint last measures the same."
    strange = "The answers of Ours are of another run of Seq2Seq than those of --run."
    assert notes(last, run, out=tmp_path / "p") == notes(last, run, out=tmp_path / "p") == [weights]
    assert notes(last, run, few.model_copy(update={"checkpoint": "last"})) == []
    assert notes(made.responses["seq2seq"], other) == [strange]
    assert notes(made.responses["seq2seq"], run) == notes(made.responses["personawae"], run) == []
    (*_, swaps) = persona.personalisation(gather([Named(tmp_path / "p")]))
    assert weights in swaps.notes
    command = ("persona-scores", f"Ours={last}", "--corpus", made.corpus, "--run", run, "--run-contexts", 2)
    assert weights in pwae(*command, "--swap-samples", 1, "--others", 1).succeeds().stdout


def test_the_name_of_the_real_responses_is_taken(made: Made) -> None:
    with pytest.raises(InputError, match=r"'real responses' is what the corpus's own are called here\. .*NAME=PATH"):
        persona_scores([Named(made.responses["seq2seq"], REAL)], made.corpus, CONFIG)


def test_the_report_knows_how_the_real_responses_are_called() -> None:
    assert REAL == persona.REAL


def test_what_cannot_be_scored_is_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(
        EmptyResultError, match=r"0 of the users who answer have 9999 utterances or more.*Lower --least"
    ):
        persona_scores([], made.corpus, PersonaScoresConfig(least=9999))
    one = tmp_path / "one.jsonl"
    row = artifacts.load(made.corpus, "corpus").table("test.parquet", ["session_id"]).to_pylist()[0]
    one.write_text(json.dumps(row | {"responses": ["tea"]}) + "\n")
    with pytest.raises(EmptyResultError, match=r"1 of the users who answer have 1 .*Score a corpus, or contexts, in"):
        persona_scores([Named(one, "LLM")], made.corpus, PersonaScoresConfig(least=1))
    other = tmp_path / "other"
    raw = write_jsonl(planted(users=10, conversations=200, seed=1).rows, tmp_path / "raw.jsonl")
    preprocess([raw], other, PreprocessConfig(tokenizer="whitespace", min_utterances=5, valid=0.1, test=0.2))
    with pytest.raises(ArtifactError, match=r"seq2seq was not trained on |were made from different vocabularies"):
        persona_scores([], other, CONFIG, runs=[made.runs["seq2seq"]], device="cpu")


def test_the_command_prints_both_tables(pwae: Callable[..., Any], made: Made, tmp_path: Path) -> None:
    llm = tmp_path / "llm.jsonl"
    rows = artifacts.load(made.corpus, "corpus").table("test.parquet", ["session_id"]).to_pylist()
    llm.write_text("".join(json.dumps(row | {"responses": ["tea indeed", "rain"]}) + "\n" for row in rows))
    given = [
        "persona-scores",
        f"LLM={llm}",
        "--corpus",
        made.corpus,
        "--run",
        made.runs["seq2seq"],
        "--run-contexts",
        3,
    ]
    printed = pwae(*given, "--resamples", 10, "--device", "cpu").succeeds().stdout
    assert f"{len(rows)} contexts, 10 candidate users, chance 0.1000" in printed
    assert "│ LLM" in printed
    assert "Another user, the same contexts (3)" in printed
    told = pwae(*given, "--resamples", 10, "--device", "cpu", "--json").json
    assert [one["system"] for one in told["answers"]] == [REAL, "LLM"]
    pwae("persona-scores", "--corpus", tmp_path).fails(6, "holds no corpus. Run 'pwae preprocess' first.")
