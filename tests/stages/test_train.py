"""``pwae train``: what a run holds, when it stands, what it refuses; the same bytes from the same inputs."""

import json
import math
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from trained import stopped, weights, write_corpus

from pwae_core import artifacts

PHASES = ("autoencoder", "generator", "critic")
TERMS = {"reconstruction", "wasserstein", "critic_wasserstein", "penalty"}
LOGGED = TERMS | {f"{phase}_{what}" for phase in PHASES for what in ("loss", "gradient_norm", "rate")}


def test_a_run_holds_its_tables_its_checkpoints_and_what_made_it(made):
    run = artifacts.load(made.personawae, "run")
    corpus, vectors = artifacts.load(made.corpus, "corpus"), artifacts.load(made.vectors, "vectors")
    (best,) = (made.personawae / "checkpoints").glob(f"best-{run.facts['best_step']}-*.safetensors")
    (last,) = (made.personawae / "checkpoints").glob("last-60-*.safetensors")
    assert sorted(run.manifest["files"]) == [
        f"checkpoints/{best.name}",
        "checkpoints/best.json",
        f"checkpoints/{last.name}",
        "checkpoints/last.json",
        "log.jsonl",
        "log.parquet",
        "users.parquet",
        "vocabulary.parquet",
    ]
    for name in ("users.parquet", "vocabulary.parquet"):
        assert (made.personawae / name).read_bytes() == (made.corpus / name).read_bytes()
    assert run.manifest["inputs"] == {"corpus": corpus.fingerprint, "embeddings": vectors.fingerprint}
    assert run.config["model"]["hidden_size"] == 24
    assert run.config["autoencoder"]["kind"] == "adam"
    facts = {name: run.facts[name] for name in ("system", "users", "train_sessions", "steps", "epochs", "tokenizer")}
    assert facts == {
        "system": "PersonaWAE",
        "users": 7,
        "train_sessions": 160,
        "steps": 60,
        "epochs": 6,
        "tokenizer": "whitespace",
    }
    assert run.facts["vocabulary"] == corpus.facts["vocabulary"]
    assert run.facts["corpus_path"] == "../corpus"
    assert run.facts["ended"] == "all 60 iterations done"


def test_the_log_holds_every_loss_estimate_and_norm(made):
    rows = artifacts.load(made.personawae, "run").table("log.parquet").to_pylist()
    assert {row["name"] for row in rows if row["split"] == "train"} == LOGGED
    measures = {"posterior_nll", "prior_nll", "prior_gap", "z_nats"}
    assert {row["name"] for row in rows if row["split"] == "valid"} == measures
    assert sorted({row["step"] for row in rows if row["split"] == "train"}) == [1, 10, 20, 30, 40, 50, 60]
    assert sorted({row["step"] for row in rows if row["split"] == "valid"}) == [20, 40, 60]
    assert all(math.isfinite(row["value"]) for row in rows)
    by_name = {(row["step"], row["name"]): row["value"] for row in rows}
    assert by_name[60, "reconstruction"] < by_name[1, "reconstruction"] - 1
    assert all(by_name[step, "penalty"] >= 0 for step in (1, 60))
    lines = [json.loads(line) for line in (made.personawae / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], name, value) for line in lines for name, value in line["values"].items()] == [
        (row["step"], row["name"], row["value"]) for row in rows
    ]


def test_seq2seq_goes_through_the_same_loop(made):
    run = artifacts.load(made.seq2seq, "run")
    names = set(run.table("log.parquet")["name"].to_pylist())
    assert names >= {"autoencoder_loss", "autoencoder_gradient_norm", "reconstruction", "posterior_nll", "prior_nll"}
    assert not names & {"wasserstein", "penalty", "critic_loss"}
    assert (run.facts["system"], run.facts["deterministic"]) == ("Seq2Seq", True)


@pytest.mark.parametrize("name", ["best", "last"])
def test_weights_are_finite(made, name):
    for run in (made.personawae, made.seq2seq):
        saved = weights(run, name)
        assert len(saved) > 10
        assert all(np.isfinite(value).all() for value in saved.values())


def test_the_report_is_the_best_validation(pwae, made):
    report = pwae(*made.train(made.personawae, "max_steps=60", "validate_every=20"), "--json").succeeds().json
    valid = [row for row in pq.read_table(made.personawae / "log.parquet").to_pylist() if row["split"] == "valid"]
    best = min(row["value"] for row in valid if row["name"] == "posterior_nll")
    assert report["valid"]["posterior_nll"] == best
    assert report["best_step"] == next(row["step"] for row in valid if row["value"] == best)
    assert report["parameters"] == sum(value.size for value in weights(made.personawae, "best").values())
    assert report["standing"]


def test_word_vectors_are_where_words_begin(pwae, made, tmp_path):
    vectors = artifacts.load(made.vectors, "vectors").table("vectors.parquet")["vector"].to_pylist()
    still = ("max_steps=1", "autoencoder.kind=sgd", "autoencoder.rate=1e-12")
    pwae(*made.train(tmp_path / "with", *still)).succeeds()
    np.testing.assert_allclose(weights(tmp_path / "with", "last")["model.word_table.weight"], vectors, atol=1e-9)
    command = made.train(tmp_path / "without", *still)
    del command[2:4]
    pwae(*command).succeeds()
    random = weights(tmp_path / "without", "last")["model.word_table.weight"]
    assert np.abs(random[1:] - np.array(vectors)[1:]).mean() > 0.3
    assert artifacts.load(tmp_path / "without", "run").manifest["inputs"].keys() == {"corpus"}


def test_what_stands_is_left_alone_and_gives_the_same_report(pwae, made, tmp_path, snapshot):
    command = [*made.train(tmp_path / "run", "max_steps=2"), "--json"]
    first = pwae(*command).succeeds().json
    before = snapshot(tmp_path / "run")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    again = pwae(*command).succeeds()
    assert again.json == first | {"standing": True}
    assert again.stderr == ""
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    assert "PersonaWAE already exists: " in pwae(*command[:-1]).succeeds().stdout
    assert pwae(*command, "--force").succeeds().json == first
    assert snapshot(tmp_path / "run") == before


def test_a_run_made_differently_is_refused_and_force_replaces_it(pwae, made, tmp_path, snapshot):
    out = tmp_path / "run"
    pwae(*made.train(out, "max_steps=2")).succeeds()
    before = snapshot(out)
    other = made.train(out, "max_steps=2", "critic.rate=0.002")
    pwae(*other).fails(6, "made differently (config critic.rate: 0.001, now 0.002)", "or --force to replace it")
    assert snapshot(out) == before
    pwae(*other, "--force").succeeds()
    assert artifacts.load(out, "run").config["critic"]["rate"] == 0.002


def test_a_run_that_ends_between_validations_is_validated_and_can_answer(pwae, made, tmp_path):
    pwae(*made.train(tmp_path / "run", "max_steps=3")).succeeds()
    run = artifacts.load(tmp_path / "run", "run")
    assert run.facts["best_step"] == 3
    assert run.facts["valid"].keys() == {"posterior_nll", "prior_nll", "prior_gap", "z_nats"}
    pwae("sample", tmp_path / "run", "--context", "do you like tea ?").succeeds()


def test_a_run_that_kept_one_checkpoint_has_no_average(pwae, made):
    pwae("sample", made.personawae, "--context", "hi", "--checkpoint", "average").fails(3, "keep_best was 1")


def test_an_unfinished_run_is_continued_by_the_same_settings_only(pwae, made, tmp_path, snapshot):
    command = made.train(tmp_path / "cut", "max_steps=6", "validate_every=2")
    stopped(pwae, 3, command)
    before = snapshot(tmp_path / "cut")
    pwae(*command, "--set", "critic_steps=4").fails(
        6, "holds an unfinished run, made differently (config critic_steps: 5, now 4)", "--force to replace it"
    )
    pwae("sample", tmp_path / "cut", "--context", "hi").fails(
        6, "cut is an unfinished run. Run the same 'pwae train' command again to complete it."
    )
    assert snapshot(tmp_path / "cut") == before
    assert "continuing from iteration 3" in pwae(*command).succeeds().stderr
    pwae(*made.train(tmp_path / "whole", "max_steps=6", "validate_every=2")).succeeds()
    assert snapshot(tmp_path / "cut") == snapshot(tmp_path / "whole")


def test_force_begins_an_unfinished_run_anew(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "max_steps=4")
    stopped(pwae, 3, command)
    other = pwae(*command, "--set", "critic_steps=4", "--force").succeeds()
    assert "continuing" not in other.stderr
    assert artifacts.load(tmp_path / "run", "run").config["critic_steps"] == 4


# -- resume


@pytest.mark.parametrize("name", ["personawae", "adaptation", "rl-persona"])
def test_resume_gives_the_bytes_of_one_long_run(pwae, made, tmp_path, snapshot, name):
    """Also of systems whose periods are longer in a longer run."""
    settings = (f"model.name={name}", "validate_every=3")
    pwae(*made.train(tmp_path / "run", *settings), "--max-steps", 4).succeeds()
    again = pwae(*made.train(tmp_path / "run", *settings), "--max-steps", 9, "--resume", "--json").succeeds()
    assert (again.json["steps"], again.json["ended"]) == (9, "all 9 iterations done")
    pwae(*made.train(tmp_path / "whole", *settings), "--max-steps", 9).succeeds()
    assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")
    assert ("goes on for longer" in again.stderr) == (name != "personawae")


def test_resume_refuses_what_would_have_ended_earlier(pwae, made, tmp_path, snapshot):
    """60% of 8 iterations, and so the second period, end with the fifth; of 6 with the fourth."""
    command = made.train(tmp_path / "run", "model.name=rl-persona", "patience=1", "autoencoder.rate=1e-9")
    pwae(*command, "--set", "validate_every=2", "--max-steps", 8).succeeds()
    before = snapshot(tmp_path / "run")
    resume = (*command, "--set", "validate_every=2", "--resume")
    pwae(*resume, "--max-steps", 6).fails(3, "max_steps 6: what ", "run has done already takes 8. Give as many.")
    assert snapshot(tmp_path / "run") == before


def test_resume_with_nothing_to_resume(pwae, made, tmp_path):
    command = [*made.train(tmp_path / "run", "max_steps=2"), "--resume"]
    pwae(*command).fails(6, "run holds no run to resume. Leave --resume out to start one.")
    assert not (tmp_path / "run").exists()
    pwae(*command[:-1]).succeeds()
    assert pwae(*command, "--json").succeeds().json["standing"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--set", "autoencoder.rate=0.01"], 6, ["cannot be resumed with other settings (config autoencoder.rate:"]),
        (["--max-steps", 3], 3, ["max_steps 3: what ", "run has done already takes 4. Give as many."]),
        (["--epochs", 1], 3, ["epochs 1: what ", "run has done already takes 2. Give as many."]),
        (["--force"], 3, ["--resume continues the run at --out, --force replaces it. Give one of them."]),
    ],
)
def test_resume_keeps_to_what_was_trained(pwae, made, tmp_path, snapshot, options, code, words):
    command = made.train(tmp_path / "run", "batch_size=64")
    pwae(*command, "--max-steps", 4).succeeds()
    before = snapshot(tmp_path / "run")
    pwae(*command, "--max-steps", 4, "--resume", *options).fails(code, *words)
    assert snapshot(tmp_path / "run") == before


def test_resume_on_another_corpus_is_refused(pwae, made, tmp_path):
    pwae(*made.train(tmp_path / "run"), "--max-steps", 2).succeeds()
    command = made.train(tmp_path / "run")
    command[1] = made.same_words(tmp_path / "other")
    pwae(*command, "--max-steps", 3, "--resume").fails(6, "cannot be resumed with other settings (input corpus: ")


# -- resume by the run's own records


def test_the_run_alone_is_enough(pwae, made, tmp_path, snapshot, monkeypatch):
    """Its settings and its inputs are found, wherever the command is run."""
    pwae(*made.train(tmp_path / "run", "validate_every=3", "seed=11"), "--max-steps", 4).succeeds()
    monkeypatch.chdir(made.corpus)
    again = pwae("train", "--resume", tmp_path / "run", "--max-steps", 9, "--device", "cpu", "--json").succeeds()
    assert (again.json["steps"], again.json["standing"]) == (9, False)
    pwae(*made.train(tmp_path / "whole", "validate_every=3", "seed=11"), "--max-steps", 9).succeeds()
    assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")
    assert pwae("train", "--resume", tmp_path / "run", "--json").succeeds().json == again.json | {"standing": True}


def test_an_interrupted_run_alone_is_enough(pwae, made, tmp_path, snapshot):
    stopped(pwae, 3, made.train(tmp_path / "run", "max_steps=6", "validate_every=2"))
    done = pwae("train", "--out", tmp_path / "run", "--resume", "--max-steps", 7, "--set", "checkpoint_every=2")
    assert "continuing from iteration 3" in done.succeeds().stderr
    pwae(*made.train(tmp_path / "whole", "max_steps=7", "validate_every=2", "checkpoint_every=2")).succeeds()
    assert snapshot(tmp_path / "run") == snapshot(tmp_path / "whole")


def test_the_settings_to_go_on_with_are_shown(pwae, made):
    shown = pwae("train", "--resume", made.personawae, "--epochs", 50, "--show-config").succeeds().json
    assert shown == artifacts.load(made.personawae, "run").config | {"epochs": 50}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--set", "critic_steps=4"], 6, ["cannot be resumed with other settings (config critic_steps: 5, now 4)"]),
        (["--seed", 9], 6, ["(config seed: 7, now 9)"]),
        (["--preset", "paper"], 6, ["(config autoencoder."]),
        (["--model", "gpt"], 3, ["model.name: no such system; choose one of seq2seq, persona"]),
        (["--max-steps", 59], 3, ["max_steps 59: what ", "has done already takes 60. Give as many."]),
        (["--force"], 3, ["--resume continues the run at --out, --force replaces it. Give one of them."]),
    ],
)
def test_what_may_not_change_is_told_with_both_values(pwae, made, snapshot, options, code, words):
    before = snapshot(made.personawae)
    pwae("train", "--resume", made.personawae, *options).fails(code, *words)
    assert snapshot(made.personawae) == before


def test_resume_needs_a_run(pwae, made, tmp_path):
    result = pwae("train", "--resume")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--resume: name the run." in result.stderr
    pwae("train", "--resume", made.corpus).fails(6, "holds corpus (of 'pwae preprocess'), expected run")
    pwae("train", "--resume", tmp_path / "none").fails(6, "none holds no run to resume. Leave --resume out to start")


def test_inputs_that_moved_are_named_anew(pwae, made, tmp_path):
    for name in ("corpus", "vectors"):
        shutil.copytree(getattr(made, name), tmp_path / name)
    command = made.train(tmp_path / "run", "max_steps=2")
    command[1], command[3] = tmp_path / "corpus", tmp_path / "vectors"
    pwae(*command).succeeds()
    (tmp_path / "corpus").rename(tmp_path / "moved")
    resume = ["train", "--out", tmp_path / "run", "--resume", "--max-steps", 3]
    gone = f"{tmp_path / 'corpus'}, where {tmp_path / 'run'} had its corpus, does not exist."
    pwae(*resume).fails(6, gone, "Give it as CORPUS, with --out.")
    other = made.same_words(tmp_path / "corpus")
    words = ("cannot be resumed with other settings (input corpus: ", f"{other} is not what it was trained on.")
    pwae(*resume).fails(6, *words)
    resume.insert(1, tmp_path / "moved")
    (tmp_path / "vectors").rename(tmp_path / "elsewhere")
    pwae(*resume).fails(6, "had its embeddings, does not exist. Give --embeddings.")
    pwae(*resume, "--embeddings", tmp_path / "elsewhere").succeeds()
    facts = artifacts.load(tmp_path / "run", "run").facts
    assert (facts["corpus_path"], facts["embeddings_path"], facts["steps"]) == ("../moved", "../elsewhere", 3)


def test_word_vectors_for_a_run_without(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "max_steps=2")
    del command[2:4]
    pwae(*command).succeeds()
    resume = ("train", "--resume", tmp_path / "run", "--max-steps", 3)
    pwae(*resume, "--embeddings", made.vectors).fails(6, "was trained without embeddings. Leave --embeddings out.")
    pwae(*resume).succeeds()


def test_people_are_not_lost_to_a_longer_run(pwae, made, tmp_path, snapshot):
    run = shutil.copytree(made.personawae, tmp_path / "run")
    (tmp_path / "said.txt").write_text("i like tea very much\nrain makes me happy\n")
    pwae("adapt", run, "--history", tmp_path / "said.txt", "--user", "eve", "--steps", 1).succeeds()
    before = snapshot(run)
    resume = ("train", made.corpus, "--embeddings", made.vectors, "--out", run, "--resume", "--max-steps")
    pwae(*resume, 61).fails(
        6, "people holds people that the run was adapted to", "Move that folder away to let the run go on"
    )
    assert snapshot(run) == before
    assert pwae(*resume, 60, "--json").succeeds().json["standing"]


@pytest.mark.parametrize("cut", [False, True])
def test_another_budget_speaks_of_resume(pwae, made, tmp_path, cut):
    command = made.train(tmp_path / "run", "max_steps=4")
    stopped(pwae, 3, command) if cut else pwae(*command).succeeds()
    other = pwae(*command, "--max-steps", 5, "--epochs", 50)
    advice = f"'pwae train --resume {tmp_path / 'run'} --set epochs=50 --set max_steps=5'"
    other.fails(6, "made differently (config epochs: 100, now 50; config max_steps: 4, now 5)", advice)
    assert "--force" not in other.stderr
    pwae(*advice.strip("'").split()[1:]).succeeds()
    assert artifacts.load(tmp_path / "run", "run").facts["steps"] == 5


# -- inputs that do not belong together


def test_vectors_of_another_vocabulary_are_refused_naming_both(pwae, made, tmp_path):
    other = write_corpus(pwae, tmp_path / "other", pool=("truly", "well"))
    command = made.train(tmp_path / "run")
    command[1] = other
    names = (f"{other} (vocabulary ", f"{made.vectors} (vocabulary ", "Use artifacts of one corpus.")
    pwae(*command).fails(6, *names)
    assert not (tmp_path / "run").exists()


def test_vectors_of_another_width_or_kind_are_refused(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "model.word_size=20")
    pwae(*command).fails(6, "vectors of 16 dimensions, the model takes 20. Use --set model.word_size=16.")
    command[3] = made.corpus
    pwae(*command).fails(6, "holds corpus (of 'pwae preprocess'), expected vectors (of 'pwae embed-words').")
    assert not (tmp_path / "run").exists()


def test_a_corpus_that_is_missing_or_has_nothing_to_validate_on(pwae, made, tmp_path):
    command = made.train(tmp_path / "run")
    command[1] = tmp_path / "none"
    pwae(*command).fails(6, "none holds no corpus. Run 'pwae preprocess' first.")
    command[1] = write_corpus(pwae, tmp_path / "corpus", "--valid", 0)
    del command[2:4]
    pwae(*command).fails(5, "corpus has no session in its valid split. Run 'pwae preprocess' with more data")
    assert not (tmp_path / "run").exists()


def test_a_damaged_corpus_is_refused(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "max_steps=2")
    command[1] = shutil.copytree(made.corpus, tmp_path / "corpus")
    path = tmp_path / "corpus" / "train.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    pwae(*command).fails(6, f"{path} is damaged", "Run 'pwae preprocess' again with --force.")
    assert not (tmp_path / "run").exists()
