"""``pwae sample``: the answers to the test split, and to a context that somebody typed."""

import json
import shutil
from pathlib import Path

import pytest
from crashes import EVERY, killed
from trained import write_corpus

from pwae_core import artifacts, schemas
from pwae_core.config.sample import DecodingConfig, SampleConfig
from pwae_core.stages.sample import sample_context, sample_test_split


def answers(out):
    return artifacts.load(out, "responses").table("responses.parquet")["responses"].to_pylist()


@pytest.fixture
def drawn(tmp_path):
    """``drawn(run, samples=3, strategy="beam")`` -> the answers to the test split, by their settings."""

    def draw(run, **settings):
        decoding = {name: settings.pop(name) for name in list(settings) if name in DecodingConfig.model_fields}
        config = SampleConfig.make(settings | {"decoding": decoding})
        out = tmp_path / f"drawn{len(list(tmp_path.iterdir()))}"
        sample_test_split(run, out, config, device="cpu")
        return answers(out)

    return draw


def test_ten_answers_to_every_test_context(pwae, made, tmp_path):
    report = pwae("sample", made.personawae, "--out", tmp_path / "r", "--json").succeeds().json
    made_of = artifacts.load(tmp_path / "r", "responses")
    table = made_of.table("responses.parquet")
    assert table.schema.equals(schemas.RESPONSES)
    test = artifacts.load(made.corpus, "corpus").table("test.parquet").to_pylist()
    rows = table.to_pylist()
    for column in ("session_id", "user_id", "context_user_ids", "context"):
        assert [row[column] for row in rows] == [row[column] for row in test]
    assert [row["references"] for row in rows] == [[row["response"]] for row in test]
    assert [len(row["responses"]) for row in rows] == [10] * 20
    words = set(artifacts.load(made.corpus, "corpus").table("vocabulary.parquet")["token"].to_pylist()[4:])
    assert {token for row in rows for answer in row["responses"] for token in answer} <= words
    run = artifacts.load(made.personawae, "run")
    assert made_of.facts == {
        "system": "PersonaWAE",
        "deterministic": False,
        "vocabulary": run.facts["vocabulary"],
        "tokenizer": "whitespace",
        "decoding": "greedy per z",
        "samples": 10,
        "seed": 7,
        "untrained": {"users": 0, "sessions": 0, "nobody": False, "by_words": False},
    }
    assert made_of.manifest["inputs"]["run"] == run.fingerprint
    assert (report["contexts"], report["samples"], report["standing"], len(report["shown"])) == (20, 10, False, 3)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_answers(pwae, made, tmp_path, snapshot):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        pwae("sample", made.personawae, "--out", tmp_path / name, "--seed", seed).succeeds()
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")
    assert answers(tmp_path / "a") != answers(tmp_path / "c")


def test_personawae_varies_with_z_and_seq2seq_repeats_itself(made, drawn):
    assert any(len({tuple(answer) for answer in row}) > 1 for row in drawn(made.personawae))
    assert all(len({tuple(answer) for answer in row}) == 1 and len(row) == 10 for row in drawn(made.seq2seq))


@pytest.mark.parametrize("strategy", ["greedy", "top-k", "beam"])
@pytest.mark.parametrize("name", ["seq2seq", "personawae"])
def test_a_batch_is_answered_as_each_context_alone(made, drawn, name, strategy):
    """Also where z or words are drawn: a session has its own noise."""
    run = getattr(made, name)
    together = drawn(run, strategy=strategy, samples=2)
    assert together == drawn(run, strategy=strategy, samples=2, batch_size=1)
    assert together == drawn(run, strategy=strategy, samples=2, batch_size=7)
    assert len({str(row) for row in together}) > 1


@pytest.mark.parametrize("strategy", ["greedy", "top-k", "nucleus", "beam"])
@pytest.mark.parametrize("name", ["personawae", "seq2seq"])
def test_every_strategy_answers(made, tmp_path, name, strategy):
    decoding = DecodingConfig(strategy=strategy, max_length=6)
    report = sample_test_split(
        getattr(made, name), tmp_path / "r", SampleConfig(samples=4, limit=5, decoding=decoding), device="cpu"
    )
    rows = answers(tmp_path / "r")
    assert [len(row) for row in rows] == [4] * 5
    assert all(len(answer) <= 6 for row in rows for answer in row)
    repeats = name == "seq2seq" and strategy in ("greedy", "beam")
    assert artifacts.load(tmp_path / "r", "responses").facts["deterministic"] == repeats
    alike = [len({tuple(answer) for answer in row}) == 1 for row in rows]
    assert all(alike) if repeats else strategy in ("greedy", "beam") or not any(alike)
    assert (
        report.decoding
        == {
            "greedy": "greedy per z" if name == "personawae" else "greedy",
            "top-k": "top-40 t=1",
            "nucleus": "nucleus 0.9 t=1",
            "beam": "beam 5",
        }[strategy]
    )


def test_no_ngram_comes_twice_where_that_is_asked(made, drawn):
    def repeats(rows, size):
        return sum(
            len(grams) > len(set(grams))
            for row in rows
            for answer in row
            for grams in [list(zip(*(answer[i:] for i in range(size)), strict=False))]
        )

    hot = {"strategy": "top-k", "temperature": 5.0}
    assert repeats(drawn(made.personawae, **hot), 1) > 0
    assert repeats(drawn(made.personawae, **hot, no_repeat_ngram=1), 1) == 0
    assert repeats(drawn(made.seq2seq, strategy="beam", no_repeat_ngram=1), 1) == 0


def test_a_limit_takes_the_same_contexts_whatever_the_seed(pwae, made, tmp_path):
    taken = {}
    for name, (limit, seed) in {"a": (5, 1), "b": (5, 2), "more": (9, 3), "all": (500, 1)}.items():
        pwae("sample", made.seq2seq, "--out", tmp_path / name, "--limit", limit, "--seed", seed).succeeds()
        taken[name] = artifacts.load(tmp_path / name, "responses").table("responses.parquet")["session_id"].to_pylist()
    assert [len(taken[name]) for name in ("a", "more", "all")] == [5, 9, 20]
    assert taken["a"] == taken["b"]
    assert set(taken["a"]) < set(taken["more"]) < set(taken["all"])
    assert taken["a"] == [session for session in taken["all"] if session in taken["a"]]
    assert taken["a"] != taken["all"][:5]


def test_best_or_last_weights_answer(pwae, made, tmp_path):
    """With a rate that spoils the run after its first validation, the two answer differently."""
    run = tmp_path / "run"
    pwae(*made.train(run, "model.name=seq2seq", "autoencoder.rate=3", "max_steps=8", "validate_every=1")).succeeds()
    assert artifacts.load(run, "run").facts["best_step"] < 8
    for checkpoint in ("best", "last"):
        pwae("sample", run, "--out", tmp_path / checkpoint, "--checkpoint", checkpoint).succeeds()
    assert answers(tmp_path / "best") != answers(tmp_path / "last")


@pytest.mark.parametrize("strategy", ["greedy", "top-k"])
def test_an_answer_depends_neither_on_the_limit_nor_on_the_number_of_samples(made, drawn, tmp_path, strategy):
    everything = drawn(made.personawae, strategy=strategy, samples=4)
    of = artifacts.load(made.corpus, "corpus").table("test.parquet")["session_id"].to_pylist()
    few = sample_test_split(
        made.personawae,
        tmp_path / "few",
        SampleConfig(samples=2, limit=7, decoding=DecodingConfig(strategy=strategy)),
        device="cpu",
    )
    table = artifacts.load(Path(few.out), "responses").table("responses.parquet")
    for session, responses in zip(table["session_id"].to_pylist(), table["responses"].to_pylist(), strict=True):
        assert responses == everything[of.index(session)][:2]
    assert len({str(row) for row in everything}) > 1


# -- what stands, and what is refused


def test_what_stands_is_left_alone(pwae, made, tmp_path, snapshot):
    command = ("sample", made.personawae, "--out", tmp_path / "r", "--json")
    first = pwae(*command).succeeds().json
    before = snapshot(tmp_path / "r")
    assert pwae(*command).succeeds().json == first | {"standing": True}
    pwae(*command, "--seed", 3).fails(6, "made differently (config seed: 7, now 3)", "--force to replace")
    assert snapshot(tmp_path / "r") == before
    assert pwae(*command, "--force").succeeds().json == first
    assert snapshot(tmp_path / "r") == before


def test_a_corpus_that_was_moved_is_asked_for(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "max_steps=1")
    command[1] = shutil.copytree(made.corpus, tmp_path / "here")
    pwae(*command).succeeds()
    (tmp_path / "here").rename(tmp_path / "there")
    sample = ("sample", tmp_path / "run", "--out", tmp_path / "r")
    pwae(*sample).fails(6, f"run is no longer at {tmp_path / 'here'}. Give its path with --corpus.")
    pwae(*sample, "--corpus", tmp_path / "there").succeeds()


def test_another_corpus_is_refused(pwae, made, tmp_path):
    sample = ("sample", made.seq2seq, "--out", tmp_path / "r", "--corpus")
    same = made.same_words(tmp_path / "same")
    pwae(*sample, same).fails(6, f"{same} is not the corpus that {made.seq2seq} was trained on, though their")
    other = write_corpus(pwae, tmp_path / "other", pool=("truly", "well"))
    pwae(*sample, other).fails(6, f"{made.seq2seq} (vocabulary ", f"{other} (vocabulary ", "of one corpus.")
    pwae(*sample, tmp_path / "none").fails(6, "none holds no corpus. Run 'pwae preprocess' first.")
    assert not (tmp_path / "r").exists()


def test_runs_that_cannot_answer(pwae, made, tmp_path):
    sample = ("--out", tmp_path / "r", "--device", "cpu", "--corpus", made.corpus)
    pwae("sample", tmp_path / "none", *sample).fails(6, "none holds no run. Run 'pwae train' first.")
    pwae("sample", made.corpus, *sample).fails(6, "holds corpus (of 'pwae preprocess'), expected run")
    run = shutil.copytree(made.seq2seq, tmp_path / "run")
    best = run / "checkpoints" / "best.json"
    raw = best.read_bytes()
    best.write_bytes(raw.replace(b'"step": ', b'"step": 1'))
    pwae("sample", run, *sample).fails(6, f"{best} is damaged", "Run 'pwae train' again with --force.")
    best.write_bytes(raw)
    (tensors,) = (run / "checkpoints").glob("best-*.safetensors")
    tensors.write_bytes(tensors.read_bytes()[:-1])
    pwae("sample", run, *sample).fails(6, f"{tensors} is damaged: its bytes are not those that were saved.")
    pwae("sample", run, *sample, "--checkpoint", "last").succeeds()


def test_a_corpus_without_test_sessions(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "max_steps=1")
    command[1] = write_corpus(pwae, tmp_path / "corpus", "--test", 0)
    del command[2:4]
    pwae(*command).succeeds()
    pwae("sample", tmp_path / "run", "--out", tmp_path / "r").fails(
        5, "corpus has no test session. Run 'pwae preprocess' with a larger --test."
    )


def test_folders_that_may_not_be_written_are_told_before_anything_is_decoded(pwae, made, tmp_path, monkeypatch):
    monkeypatch.setattr("pwae_core.stages.sample.answer", None)
    (tmp_path / "file").write_text("")
    sample = ("sample", made.seq2seq, "--out")
    pwae(*sample, tmp_path / "file" / "r").fails(7, "part of the path is a file; choose another --out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    pwae(*sample, tmp_path / "mine", "--force").fails(6, "mine exists and is not an artifact of pwae.")


def test_killed_at_any_moment_the_rerun_gives_the_same_bytes(made, tmp_path):
    command = ["sample", made.personawae, "--out", tmp_path / "r", "--limit", 2, "--device", "cpu"]
    done = killed(tmp_path, command, EVERY)
    assert done["kills"] >= 10
    assert done["failures"] == []


def test_interrupted_it_leaves_nothing(pwae, made, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pwae_core.stages.sample.answer", interrupted)
    pwae("sample", made.seq2seq, "--out", tmp_path / "r").fails(130, "Interrupted; nothing half-written is in place.")
    assert list(tmp_path.iterdir()) == []


# -- a typed context


def test_one_context_as_several_users(made):
    context, users = ["do you like tea ?", "tea is not for me"], ["user001", "user004", "user001"]
    report = sample_context(made.personawae, context, users, SampleConfig(samples=3), device="cpu")
    assert (report.out, report.contexts, report.samples) == (None, 1, 3)
    assert [answered.user for answered in report.shown] == ["user001", "user004"]
    assert all(answered.context == tuple(context) for answered in report.shown)
    assert [len(answered.responses) for answered in report.shown] == [3, 3]
    again = sample_context(made.personawae, context, users, SampleConfig(samples=3), device="cpu")
    assert again == report


def test_who_is_asked_beside_them_and_how_often_changes_no_users_answers(made):
    def asked(users, samples):
        config = SampleConfig(samples=samples, decoding=DecodingConfig(strategy="top-k"))
        return sample_context(made.personawae, ["tea ?"], users, config, device="cpu").shown[-1]

    alone, among = asked(["user004"], 2), asked(["user001", "user002", "user004"], 5)
    assert alone.responses == among.responses[:2]
    assert len(set(among.responses)) > 1


def test_nobody_in_particular_answers_where_no_user_is_named(made):
    (answered,) = sample_context(made.personawae, ["hi"], [], SampleConfig(), device="cpu").shown
    assert (answered.user, len(answered.responses)) == ("<unk>", 10)


def test_a_typed_context_is_read_as_the_same_context_of_the_corpus(made, drawn):
    """The test split's own words, typed, get Seq2Seq's own answers: cleaned, tokenised and numbered alike."""
    rows = artifacts.load(made.corpus, "corpus").table("test.parquet").to_pylist()
    expected = [row[0] for row in drawn(made.seq2seq, samples=1)]
    for row, answer in list(zip(rows, expected, strict=True))[:5]:
        typed = [" ".join(tokens) for tokens in row["context"]]
        (answered,) = sample_context(made.seq2seq, typed, [], SampleConfig(samples=1), device="cpu").shown
        assert answered.responses[0].split() == answer


@pytest.mark.parametrize("more", [0, 1])
def test_a_context_longer_than_those_of_training_is_remarked_on(made, more):
    most = artifacts.load(made.corpus, "corpus").config["window"] - 1
    report = sample_context(made.seq2seq, ["tea ?"] * (most + more), [], SampleConfig(samples=1), device="cpu")
    assert any(f"at most {most} utterance" in note for note in report.notes) == bool(more)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--user", "user01"], ["--user user01: the run knows no such user. Similar ids: user001"]),
        (["--user", "Zoë"], ["--user Zoë: the run knows no such user. ", "then /users PART finds one."]),
        (["--context", "😂 "], ["--context '😂 ': nothing is left after cleaning. Write some words."]),
        (["--context", ""], ["--context '': nothing is left after cleaning."]),
    ],
)
def test_what_cannot_be_answered(pwae, made, options, words):
    pwae("sample", made.personawae, "--context", "hi", *options).fails(4, *words)


def test_the_manifest_says_what_was_asked(made, tmp_path):
    config = SampleConfig(samples=2, limit=3, seed=5, decoding=DecodingConfig(no_repeat_ngram=2))
    sample_test_split(made.personawae, tmp_path / "r", config, device="cpu")
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["config"] == config.model_dump(mode="json")
    assert manifest["facts"]["decoding"] == "greedy per z no-repeat 2"
