"""``pwae experiment``: a plan's runs, what stands, what fails, the table; and the plans that are shipped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_plugins import write_plugin
from jobs import PLAN as SETTINGS
from trained import write_corpus

from pwae_cli.commands.experiment import _print as print_report
from pwae_core import experiment
from pwae_core.artifacts import Plan, load
from pwae_core.artifacts.staging import staging
from pwae_core.config.experiment import planned_runs, read_plan
from pwae_core.errors import ArtifactError, ConfigError, Interrupted
from pwae_core.experiment import running
from pwae_core.files import unsealed
from pwae_core.metrics.table import METRICS
from pwae_core.models import MODELS
from pwae_core.training.runs import choose_device, open_run

NAMES = {name: model.display_name for name, model in MODELS.items()}
PLAN = f"""{SETTINGS}
[[systems]]
model = "adaptation"

[[systems]]
model = "personawae"
without = ["prior"]

[[systems]]
model = "personawae"
label = "Exploding"
train = {{ critic = {{ kind = "sgd", rate = 1e9 }}, explosion = 1e-9 }}
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import run_pwae

    return write_corpus(run_pwae, tmp_path_factory.mktemp("experiment") / "corpus", conversations=40)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def test_a_plan_becomes_one_table_though_a_run_fails(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu")
    first = pwae(*command, "--json")
    assert first.exit_code == 1
    assert first.stderr.splitlines()[-1].startswith("pwae: 2 of 6 runs failed (exploding-seed1, exploding-seed2);")
    report = first.json
    assert [(row["label"], row["seeds"]) for row in report["rows"]] == [
        ("Adaptation", 2),
        ("PersonaWAE w/o prior", 2),
        ("Exploding", 0),
    ]
    scores = [run["totals"]["BLEU-F1"]["value"] for run in report["runs"][:2]]
    row = report["rows"][0]
    assert row["means"]["BLEU-F1"] == pytest.approx(sum(scores) / 2)
    assert row["deviations"]["BLEU-F1"] == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)
    assert "diverged" in report["runs"][4]["failure"]
    kept = unsealed((out / "results.json").read_bytes())
    assert kept == {key: value for key, value in report.items() if key != "out"}
    table = pq.read_table(out / "results.parquet").to_pylist()
    assert {(one["folder"], one["seed"]) for one in table} == {
        (f"{label}-seed{seed}", seed) for label in ("adaptation", "personawae-w-o-prior") for seed in (1, 2)
    }
    shown = (out / "results.md").read_text()
    assert (
        f"| Adaptation | 2 | 5 | {row['means']['BLEU-Recall']:.4f} (σ {row['deviations']['BLEU-Recall']:.4f}) |"
        in shown
    )
    assert "\nA row of several seeds: their mean, and σ, their standard deviation (of the sample, n - 1).\n" in shown
    assert "±" not in shown, "no row has a single seed"
    assert "\nFewer than 30 contexts: too few for intervals" in shown
    assert "- exploding-seed1 failed: Training diverged" in shown

    shutil.rmtree(out / "adaptation-seed1" / "responses")
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("run/manifest.json")}
    again = pwae(*command, "--json")
    assert again.json == report
    assert {path: path.stat().st_mtime_ns for path in out.rglob("run/manifest.json")} == stamps
    printed = pwae(*command).stdout
    assert printed.startswith(f"A tiny table: {out}/results.md\n")
    assert f"σ{row['deviations']['Distinct-1']:.4f}" in printed
    assert "σ, their standard deviation" in printed


def test_what_is_remarked_on_runs_is_told_once_with_the_runs_it_is_about(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwae_core.stages.sample.same_answer", lambda table: f"All {len(table)} contexts alike.")
    plan.write_text(PLAN[: PLAN.index("[[systems]]")] + '[[systems]]\nmodel = "seq2seq"\n')
    out = tmp_path / "out"
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu")
    report = pwae(*command, "--json").succeeds().json
    assert [run["remarks"] for run in report["runs"]] == [["All 5 contexts alike."]] * 2
    remark = "seq2seq-seed1, seq2seq-seed2: All 5 contexts alike."
    assert (out / "results.md").read_text().count(f"\n- {remark}\n") == 1
    assert pwae(*command).stdout.count(remark) == 1


@pytest.mark.parametrize("spread", ["±0.1234", "σ0.1234"])
def test_whole_words_fit_a_terminal_with_every_metric(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, spread: str
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    values = dict.fromkeys(METRICS, 0.1234)
    spreads = (values, {}) if spread[0] == "σ" else ({}, values)
    row = experiment.Row("PersonaWAE w/o prior K=1", 3, 5000, values, *spreads)
    print_report(experiment.ExperimentReport("out", "Table 4", (row,), (), ()))
    words = capsys.readouterr().out.split()
    assert words.count("PersonaWAE") == 4
    assert words.count("5,000") == words.count("contexts") == 4
    assert words.count(spread) == len(METRICS) - 1, "all but the length, which has two digits"


def test_a_single_seed_is_shown_with_its_interval_in_whole_words(
    pwae: Callable[..., Any], plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = write_corpus(pwae, tmp_path / "corpus", conversations=140)
    settings = PLAN[: PLAN.index("[[systems]]")].replace("[1, 2]", "[1]").replace("limit = 5", "limit = 31")
    plan.write_text(settings + '[[systems]]\nmodel = "dialogwae-gmp"\n')
    out = tmp_path / "out"
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu")
    report = pwae(*command, "--json").succeeds().json
    (row,) = report["rows"]
    total = report["runs"][0]["totals"]["BLEU-F1"]
    half = f"{(total['high'] - total['low']) / 2:.4f}"
    assert (row["seeds"], row["contexts"], row["deviations"]) == (1, 31, {})
    assert f"{row['half_widths']['BLEU-F1']:.4f}" == half
    shown = (out / "results.md").read_text()
    assert f"{total['value']:.4f} ± {half} |" in shown
    assert "\n±, in a row of one seed: half the width of the 95% bootstrap interval over contexts.\n" in shown
    assert "\nFewer than 100 contexts: the 95% intervals are somewhat too narrow.\n" in shown
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    tables = [line for line in pwae(*command).stdout.splitlines() if line[:1] in set("┃│┏└")]
    assert max(map(len, tables)) <= 80
    for text in (
        "DiaWAE-GMD",
        "1 seed,",
        "31 contexts",
        "Recall",
        "Precision",
        "Intra-",
        "Distinct-2",
        "Repetition",
        f"±{half}",
    ):
        assert any(text in line for line in tables), text


def test_what_another_plan_made_is_refused_before_anything_is_done(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path, snapshot: Callable[..., Any]
) -> None:
    text = PLAN[: PLAN.index("[[systems]]")].replace("[1, 2]", "[1]") + '[[systems]]\nmodel = "seq2seq"\n'
    out = tmp_path / "out"
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu")
    plan.write_text(text)
    first = pwae(*command, "--json").succeeds().json
    before = snapshot(out)
    for old, new, words in (
        (
            "batch_size = 16",
            "batch_size = 8",
            "seq2seq-seed1/run was made by another plan (config batch_size: 16, now 8).",
        ),
        ("limit = 5", "limit = 4", "seq2seq-seed1/responses was made by another plan (config limit: 5, now 4)."),
        ("resamples = 20", "resamples = 21", "scores was made by another plan (config resamples: 20, now 21)."),
    ):
        plan.write_text(text.replace(old, new))
        pwae(*command).fails(6, words, "Choose another --out, or --force to make again what differs from the plan.")
        assert snapshot(out) == before
    plan.write_text(text.replace("max_steps = 6", "max_steps = 7"))
    resume = f"'pwae train --resume {out / 'seq2seq-seed1' / 'run'} --set max_steps=7'. Or choose another --out."
    pwae(*command).fails(6, f"(config max_steps: 6, now 7). To continue it like this: {resume}")
    assert snapshot(out) == before
    plan.write_text(text.replace("limit = 5", "limit = 4"))
    runs = {path: path.stat().st_mtime_ns for path in out.rglob("run/manifest.json")}
    again = pwae(*command, "--json", "--force").succeeds().json
    assert again["signatures"] != []
    assert again["rows"][0]["means"] != first["rows"][0]["means"]
    assert {path: path.stat().st_mtime_ns for path in runs} == runs, "what the plan makes is left alone"
    plan.write_text(text.replace("max_steps = 6", "max_steps = 7"))
    pwae(*command, "--force").succeeds()
    assert json.loads((out / "seq2seq-seed1" / "run" / "manifest.json").read_bytes())["facts"]["steps"] == 7


def test_answers_of_a_run_that_was_trained_further_are_refused_before_the_results_are_lost(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path, snapshot: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    plan.write_text(SINGLE)
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu")
    pwae(*command).succeeds()
    plan.write_text(SINGLE.replace("max_steps = 6", "max_steps = 7"))
    pwae("train", "--resume", out / "seq2seq-seed1" / "run", "--set", "max_steps=7", "--device", "cpu").succeeds()
    before = snapshot(out)
    for options in ((), ("--dry-run",)):
        told = pwae(*command, *options).fails(6, "seq2seq-seed1/responses was made by another plan (input run: ")
        assert "--force to make again what differs" in told.stderr
    assert snapshot(out) == before
    (run,) = pwae(*command, "--dry-run", "--force", "--json").succeeds().json["runs"]
    assert run["exists"] == ["run"]
    pwae(*command, "--force").succeeds()
    pwae(*command).succeeds()


def test_no_runs_are_put_into_an_artifact(
    pwae: Callable[..., Any], plan: Path, corpus: Path, snapshot: Callable[..., Any]
) -> None:
    before = snapshot(corpus)
    for options in ((), ("--force",), ("--dry-run",)):
        done = pwae("experiment", plan, "--corpus", corpus, "--out", corpus, "--device", "cpu", *options)
        done.fails(6, f"{corpus} holds corpus (of 'pwae preprocess'). Choose another --out.")
    assert snapshot(corpus) == before


def test_an_interrupted_experiment_goes_on(
    monkeypatch: pytest.MonkeyPatch, plan: Path, corpus: Path, tmp_path: Path
) -> None:
    text = PLAN[: PLAN.index("[[systems]]")].replace("[1, 2]", "[1]") + '[[systems]]\nmodel = "rl-persona"\n'
    plan.write_text(text)
    config = read_plan(plan, {"corpus": corpus})

    def stopped(*_: Any, **__: Any) -> None:
        raise Interrupted("Stopped.", 2)

    with monkeypatch.context() as patch:
        patch.setattr(running, "sample_test_split", stopped)
        with pytest.raises(Interrupted):
            experiment.experiment(config, tmp_path / "out", device="cpu")
    report = experiment.experiment(config, tmp_path / "out", device="cpu")
    assert [run.failure for run in report.runs] == [None]
    moved = tmp_path / "moved"
    (tmp_path / "out" / "rl-persona-seed1" / "run").rename(moved)
    opened = open_run(moved, choose_device("cpu"))
    buffers = dict(opened.model.named_buffers())
    assert float(buffers["user_words.weights"].sum()) > 0, "the users' words come with the run"


def test_what_no_run_could_do_with_is_refused_at_once(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    pwae("experiment", plan, "--out", out).fails(6, "nowhere holds no corpus")
    plan.write_text(PLAN + '[[systems]]\nmodel = "gpt"\n')
    pwae("experiment", plan, "--corpus", corpus, "--out", out).fails(3, f"{plan}: [[systems]] 4: model: ")
    plan.write_text(PLAN + '[[systems]]\nmodel = "adaptation"\n')
    pwae("experiment", plan, "--corpus", corpus, "--out", out).fails(3, "two runs would be adaptation-seed1")
    plan.write_text(PLAN + "[[systems]]\nmodle = 3\n")
    pwae("experiment", plan, "--corpus", corpus, "--out", out).fails(
        3, f"{plan}: [[systems]] 4: modle: unknown setting. Did you mean model?"
    )
    assert not out.exists()


@pytest.mark.parametrize("scale", ["paper", "small"])
def test_the_shipped_plans_name_the_rows_of_the_paper_s_tables(scale: str) -> None:
    labels = [[run.label for run in planned_runs(read_plan(Path(f"table{n}-{scale}"), {}), NAMES)] for n in (2, 3, 4)]
    assert labels[0] == ["Seq2Seq", "Persona", "Adaptation", "CVAE", "RL-Persona", "DiaWAE-GMD", "PersonaWAE"]
    assert labels[1] == [f"PersonaWAE K={k}" for k in (1, 2, 3, 4, 5)]
    assert labels[2] == ["PersonaWAE", "PersonaWAE w/o prior", "PersonaWAE w/o fusion"]


def test_k_varies_in_the_personalisation_alone(tmp_path: Path) -> None:
    runs = planned_runs(read_plan(Path("table3-paper"), {}), NAMES)
    assert [(run.train.model.components, run.train.model.context_components) for run in runs] == [
        (k, 3) for k in (1, 2, 3, 4, 5)
    ]


def test_an_unknown_preset_is_refused(plan: Path) -> None:
    plan.write_text(PLAN.replace('preset = "small"', 'preset = "huge"'))
    with pytest.raises(ConfigError, match=r"plan\.toml: preset: there is no 'huge'\. Choose one of paper, small"):
        read_plan(plan, {})


SINGLE = PLAN[: PLAN.index("[[systems]]")].replace("[1, 2]", "[1]") + '[[systems]]\nmodel = "seq2seq"\n'


def test_a_first_run_that_fails_before_it_has_a_folder_is_told(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan.write_text(SINGLE)

    def refused(*_: Any, **__: Any) -> None:
        place = tmp_path / "out" / "seq2seq-seed1" / "run"
        raise ArtifactError(
            f"{place} already exists, made differently (seed). Choose another --out, or use --resume or --set a=1."
        )

    monkeypatch.setattr(running, "train", refused)
    done = pwae("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out", "--json")
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    (run,) = done.json["runs"]
    assert run["failure"] == "seq2seq-seed1/run already exists, made differently (seed). Change the plan."
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "results.json",
        "results.md",
        "results.parquet",
    ]


def test_force_trains_a_run_again_whose_weights_are_gone_and_no_other(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    plan.write_text(SINGLE)
    command, made = ("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out"), tmp_path / "out/seq2seq-seed1"
    table = pwae(*command, "--json").succeeds().json["rows"]
    (weights,) = (made / "run").rglob("best-*.safetensors")
    weights.unlink()
    assert pwae(*command, "--force", "--json").succeeds().json["rows"] == table
    assert not weights.exists(), "the answers are there: nothing needs the weights"
    shutil.rmtree(made / "responses")
    assert "is damaged" in pwae(*command).stderr
    assert pwae(*command, "--force", "--json").succeeds().json["rows"] == table
    assert weights.exists()
    shutil.rmtree(made / "responses")
    (made / "responses").mkdir()
    (made / "responses" / "NOTES.md").write_text("mine")
    before = (made / "run" / "manifest.json").stat().st_mtime_ns
    assert pwae(*command, "--force").exit_code == 1
    assert (made / "run" / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("resamples = 20", "samples = 3", 3, "[evaluate] samples: 3 of each context, but [sample] samples draws 2."),
        (
            "resamples = 20",
            "resamples = 20\n[persona_scores]\nsamples = 3",
            3,
            "[persona_scores] samples: 3 of each context, but [sample] samples draws 2.",
        ),
        (
            "resamples = 20",
            'metrics = ["novelty"]',
            3,
            "There is no metric called novelty; no plugin with a metric is installed.",
        ),
        ('"seq2seq"', '"cvae"\n[diagnose]\ncheckpoint = "average"', 3, "cvae-seed1: [diagnose] checkpoint = average"),
        (
            '"seq2seq"',
            '"cvae"\n[persona_scores]\ncheckpoint = "average"',
            3,
            "cvae-seed1: [persona_scores] checkpoint = average",
        ),
        (
            "resamples = 20",
            "resamples = 20\n[persona_scores]\nleast = 9999",
            5,
            "[persona_scores]: 0 of the users who answer have 9999 utterances or more in the training split of",
        ),
        ("resamples = 20", "compare = true", 3, "[evaluate] compare: an experiment scores every run separately."),
        (
            "resamples = 20",
            'trials = 50\ncommon = true\ntokenizer = "whitespace"',
            3,
            "[evaluate] tokenizer, common, trials: an experiment scores every run separately.",
        ),
        ("max_steps = 6", "max_steps = 6\nperiod_shares = [1.0, 2.0]", 3, "seq2seq-seed1: period_shares: seq2seq"),
    ],
)
def test_what_would_fail_in_every_run_is_said_before_the_first(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path, old: str, new: str, code: int, words: str
) -> None:
    plan.write_text(SINGLE.replace(old, new))
    pwae("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out").fails(code, words)
    plan.write_text(SINGLE)
    pwae("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out", "--device", "moon").fails(
        3, "--device moon"
    )
    assert not (tmp_path / "out").exists()


def test_vectors_that_do_not_fit_are_said_before_the_first(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    plan.write_text(SINGLE)
    vectors = tmp_path / "vectors"
    pwae("embed-words", corpus, "--out", vectors, "--dimension", 5, "--epochs", 1).succeeds()
    command = ("experiment", plan, "--corpus", corpus, "--embeddings", vectors, "--out", tmp_path / "out")
    done = pwae(*command).fails(
        6, "seq2seq-seed1: ", "has vectors of 5 dimensions, the model takes 8.", "Change the plan."
    )
    assert "--set" not in done.stderr


def test_two_at_once_on_one_folder_the_second_says_so(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    plan.write_text(SINGLE)
    out = tmp_path / "out"
    with staging((out / "results").resolve(), Plan("results", {}, {}), ()):
        pwae("experiment", plan, "--corpus", corpus, "--out", out).fails(
            7, f"Another process is writing {out}/results."
        )
    assert sorted(path.name for path in out.iterdir()) == [".results.partial"], "the first one's"


@pytest.mark.parametrize("name", ["results.md", "results.json", "results.parquet"])
def test_results_of_somebody_else_s_are_not_written_over(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path, name: str
) -> None:
    plan.write_text(SINGLE)
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / name
    if name == "results.parquet":
        pq.write_table(pa.table({"mine": [1]}), mine)
    else:
        mine.write_text('{"rows": [], "runs": []}')
    before = mine.read_bytes()
    for force in ([], ["--force"]):
        command = ("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out", *force)
        pwae(*command).fails(6, f"{mine} exists and was not made by 'pwae experiment'")
    assert mine.read_bytes() == before
    assert list((tmp_path / "out").iterdir()) == [mine]


def test_a_plan_may_ask_who_is_heard_and_what_z_says(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    looks = "[persona_scores]\nleast = 1\nlimit = 3\n[diagnose]\ncontexts = 4\n"
    text = SINGLE + '[[systems]]\nmodel = "personawae"\n' + looks
    plan.write_text(text)
    out = tmp_path / "out"
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu")
    report = pwae(*command, "--json").succeeds().json
    without, with_z = (run["totals"] for run in report["runs"])
    judged = load(out / "personawae-seed1" / "persona-scores", "persona-scores").table("totals.parquet").to_pylist()
    own = {one["metric"]: one["value"] for one in judged if one["system"] == "PersonaWAE"}
    assert {name: with_z[name]["value"] for name in own} == own
    asked = ("diagnose", out / "personawae-seed1" / "run", "--corpus", corpus, "--contexts", 4, "--device", "cpu")
    looked = pwae(*asked, "--json").succeeds().json
    assert with_z["Latent-Nats"]["value"] == looked["sensitivity"]
    assert with_z["Latent-Active"]["value"] == looked["active"] / looked["dimensions"]
    assert {"Speaker-Accuracy", "Swap-Followed", "Likelihood-Gain"} <= own.keys() & without.keys()
    assert "Latent-Nats" not in without
    shown = (out / "results.md").read_text().splitlines()
    (told,) = [line for line in shown if line.startswith("| PersonaWAE | 1 | 4 ")]
    assert told.count(" | ") == 6, "four contexts of the validation split"
    assert not (out / "seq2seq-seed1" / "diagnosis").exists()
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("manifest.json")}
    assert "What z says" in pwae(*command).succeeds().stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob("manifest.json")} == stamps
    plan.write_text(text.replace("contexts = 4", "contexts = 5"))
    pwae(*command).fails(6, "personawae-seed1/diagnosis was made by another plan (config contexts: 4, now 5).")


def test_a_dry_run_tells_what_exists_and_writes_nothing(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    plan.write_text(SINGLE + '[[systems]]\nmodel = "persona"\n')
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu")
    before = pwae(*command, "--dry-run").succeeds().stdout
    assert "2 of 2 runs would be trained, for an unknown time.\n" in before
    assert not out.exists()

    pwae("experiment", _only_first(plan, tmp_path), *command[2:]).succeeds()
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    seen = pwae(*command, "--dry-run", "--json").succeeds().json
    done, open_ = seen["runs"]
    assert (done["exists"], done["begun"], open_["exists"]) == (["run", "responses", "scores"], 0, [])
    assert seen["seconds"] == open_["seconds"] == done["seconds"] > 0
    assert "1 of 2 runs would be trained, for about " in pwae(*command, "--dry-run").succeeds().stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == made

    plan.write_text(SINGLE.replace("max_steps = 6", "max_steps = 7"))
    pwae(*command, "--dry-run").fails(6, "To continue it like this: 'pwae train --resume")


def test_a_dry_run_tells_what_is_in_the_way(pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path) -> None:
    """A folder of somebody's, a file in the place of a folder, a manifest that is damaged, times that are none."""
    plan.write_text(SINGLE)
    out, folder = tmp_path / "out", tmp_path / "out" / "seq2seq-seed1"
    command = ("experiment", plan, "--corpus", corpus, "--out", out, "--device", "cpu", "--dry-run")
    (folder / "run").mkdir(parents=True)
    (folder / "run" / "thesis.txt").touch()
    (run,) = pwae(*command, "--json").succeeds().json["runs"]
    assert (run["exists"], run["in_the_way"]) == ([], ["run"])
    told = pwae(*command).succeeds().stdout
    assert "seq2seq-seed1/run is damaged, or was not made by pwae: the run would fail. Move it away first.\n" in told
    shutil.rmtree(folder)
    folder.touch()
    (run,) = pwae(*command, "--json").succeeds().json["runs"]
    assert run["in_the_way"] == ["run", "responses", "scores"]
    folder.unlink()

    pwae(*command[:-1]).succeeds()
    (folder / "run" / "timing.jsonl").write_text('{"time": 1, "step": 6, "elapsed": NaN}\n' * 2)
    (run,) = pwae(*command, "--json").succeeds().json["runs"]
    assert (run["exists"], run["in_the_way"], run["seconds"]) == (["run", "responses", "scores"], [], None)
    (folder / "scores" / "manifest.json").write_text("{")
    (run,) = pwae(*command, "--json").succeeds().json["runs"]
    assert (run["exists"], run["in_the_way"]) == (["run", "responses"], ["scores"])
    shutil.rmtree(out)
    out.touch()
    for words in (command, command[:-1]):
        pwae(*words).fails(6, f"{out} is not a folder. Choose another --out.")


def test_a_dry_run_with_force_tells_what_would_be_made_again(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path
) -> None:
    plan.write_text(SINGLE)
    command = ("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out", "--device", "cpu")
    pwae(*command).succeeds()

    def exists(settings: str) -> list[str]:
        plan.write_text(settings)
        (run,) = pwae(*command, "--dry-run", "--force", "--json").succeeds().json["runs"]
        made: list[str] = run["exists"]
        return made

    assert exists(SINGLE) == ["run", "responses", "scores"]
    assert exists(SINGLE.replace("resamples = 20", "resamples = 21")) == ["run", "responses"]
    assert exists(SINGLE.replace("samples = 2", "samples = 1")) == ["run"]
    assert exists(SINGLE.replace("max_steps = 6", "max_steps = 7")) == []
    told = pwae(*command, "--dry-run", "--force").succeeds().stdout
    assert "1 of 1 run would be trained, for an unknown time.\n" in told, "other settings tell nothing of these"


def test_a_plugin_s_system_with_a_diagnosis(
    pwae: Callable[..., Any], plan: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dry run looks where the experiment writes, and at all that it writes."""
    code = "from pwae_core.models import MODELS\nclass PART(MODELS['seq2seq']):\n    display_name = 'My System'\n"
    monkeypatch.syspath_prepend(write_plugin(tmp_path / "site", "system", "mine", code))
    plan.write_text(f"{SINGLE.replace('seq2seq', 'mine')}\n[diagnose]\ncontexts = 4\n")
    command = ("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out", "--device", "cpu")
    pwae(*command).succeeds()
    (run,) = pwae(*command, "--dry-run", "--json").succeeds().json["runs"]
    assert (run["folder"], run["exists"]) == ("my-system-seed1", ["run", "responses", "scores"])


@pytest.mark.parametrize(
    ("failing", "raised"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("exit(3)", "SystemExit: 3"),
        ("torch.ones(2) @ torch.ones(3)", "RuntimeError: "),
    ],
)
def test_a_plugin_s_system_that_fails_ends_its_own_run_alone(
    pwae: Callable[..., Any],
    plan: Path,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
    raised: str,
) -> None:
    body = f"def negative_log_likelihood(self, batch, noise):\n        return {failing}"
    imports = "import torch\nfrom sys import exit\nfrom pwae_core.models import MODELS\n"
    code = f"{imports}class PART(MODELS['seq2seq']):\n    {body}"
    monkeypatch.syspath_prepend(write_plugin(tmp_path / "site", "system", "mine", code))
    plan.write_text(SINGLE.replace("seq2seq", "mine") + '[[systems]]\nmodel = "seq2seq"\nlabel = "Theirs"\n')
    done = pwae("experiment", plan, "--corpus", corpus, "--out", tmp_path / "out", "--device", "cpu", "--json")
    assert done.exit_code == 1, done
    mine, theirs = done.json["runs"]
    assert mine["failure"].startswith("The system mine of acme 1.2 failed in acme_system_")
    assert f", line 6 ({raised}" in mine["failure"]
    assert theirs["failure"] is None


def test_a_mistake_of_pwae_s_own_ends_the_plan(
    plan: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan.write_text(SINGLE)

    def mistaken(*_: Any, **__: Any) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(running, "train", mistaken)
    with pytest.raises(KeyError):
        experiment.experiment(read_plan(plan, {"corpus": corpus}), tmp_path / "out", device="cpu")


def _only_first(plan: Path, folder: Path) -> Path:
    first = folder / "first.toml"
    first.write_text(plan.read_text().replace('[[systems]]\nmodel = "persona"\n', ""))
    return first
