"""A run opened for use: the right weights, vocabulary and users; devices; the process's own randomness untouched."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from trained import weights

from pwae_core import __version__, artifacts, files
from pwae_core.artifacts import environment
from pwae_core.config.train import ModelConfig
from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.training.own_corpus import path_from
from pwae_core.training.runs import (
    Run,
    build_model,
    choose_device,
    computed_on,
    initialise_words,
    open_run,
    size_of,
)

CPU = torch.device("cpu")
TINY = ModelConfig(word_size=4, hidden_size=3, user_size=5, latent_size=2)


def test_a_run_opens_with_the_weights_asked_for(pwae, made, tmp_path):
    run = tmp_path / "run"
    pwae(*made.train(run, "autoencoder.rate=0.8", "max_steps=6", "validate_every=1", "model.name=seq2seq")).succeeds()
    assert artifacts.load(run, "run").facts["best_step"] < 6
    states = {}
    for name in ("best", "last"):
        opened = open_run(run, CPU, name)
        states[name] = {key: value.numpy() for key, value in opened.model.state_dict().items()}
        for key, value in states[name].items():
            np.testing.assert_array_equal(value, weights(run, name)[f"model.{key}"])
    assert any(not np.array_equal(states["best"][key], states["last"][key]) for key in states["best"])


def test_a_run_knows_its_words_and_users(made):
    opened = open_run(made.personawae, CPU)
    corpus = artifacts.load(made.corpus, "corpus")
    assert opened.vocabulary.fingerprint == corpus.facts["vocabulary"]
    assert opened.users == {"<unk>": 0} | {f"user00{number}": number + 1 for number in range(6)}
    assert (opened.system, opened.model.user_count, opened.model.vocabulary_size) == ("PersonaWAE", 7, 47)


def test_nobody_is_nobody_whoever_else_is_called_so(made):
    """A person called <unk> has a row of their own, and whoever is adapted to comes behind all rows."""
    names = pa.table({"user": [0, 1, 2], "user_id": ["<unk>", "ann", "<unk>"]})
    opened = open_run(made.personawae, CPU)
    run = Run(SimpleNamespace(table=lambda *_: names), opened.model, CPU, people=("new",))
    assert run.users == {"<unk>": 0, "ann": 1, "new": 3}


def test_a_checkpoint_of_another_run_is_refused(pwae, made, tmp_path):
    run = shutil.copytree(made.personawae, tmp_path / "run")
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(made.seq2seq / "checkpoints", run / "checkpoints")
    with pytest.raises(ArtifactError, match=r"best\.json is damaged: its bytes are not those that its manifest"):
        open_run(run, CPU)


def test_a_run_of_a_version_with_other_settings_says_which_version_to_install(made, tmp_path):
    run = shutil.copytree(made.seq2seq, tmp_path / "run")
    note = files.unsealed((run / "manifest.json").read_bytes())
    later = {**note, "pwae": "9.1.0", "config": {**note["config"], "model": {**note["config"]["model"], "heads": 4}}}
    (run / "manifest.json").write_bytes(files.sealed(later))
    with pytest.raises(ArtifactError) as caught:
        open_run(run, CPU)
    assert str(caught.value) == (
        f"{run} has settings that pwae {__version__} does not know (heads: unknown setting). "
        "It was trained as seq2seq of pwae 9.1.0: pip install pwae==9.1.0"
    )


def test_a_seed_gives_the_same_model_and_the_processs_own_randomness_is_left_alone():
    before = torch.get_rng_state()
    one, two, other = (build_model(TINY, 10, 3, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert not torch.equal(one["word_table.weight"], other["word_table.weight"])


def test_word_vectors_are_copied_row_by_row(made):
    vectors = artifacts.load(made.vectors, "vectors")
    model = build_model(TINY.model_copy(update={"word_size": 16}), 47, 7, 0)
    initialise_words(model, vectors)
    expected = np.array(vectors.table("vectors.parquet")["vector"].to_pylist(), dtype=np.float32)
    np.testing.assert_array_equal(model.words.weight.detach().numpy(), expected)
    assert model.words.weight.requires_grad


def test_the_size_of_a_model_is_counted():
    """Seq2Seq of 10 words: word size 4, 3 units, so the source is 6 wide."""
    encoder = 2 * (9 * 4 + 9 * 3 + 2 * 9)  # two directions: input, recurrent, two biases
    start = 6 * 3 + 3
    decoder = (4 * 9 + 9) + 6 * 9 + (3 * 9 + 9) + 3 * 3 + (6 * 3 + 3) + 3  # word, source, recurrent, query, key, scores
    output = 3 * 10 + 10
    model = build_model(TINY.model_copy(update={"name": "seq2seq"}), 10, 3, 0)
    sizes = size_of(model)
    assert sizes["word_table"] == 40
    assert sizes["parameters"] == 40 + encoder + start + decoder + output


def test_devices():
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("gpu", "cuda:99", ""):
        with pytest.raises(ConfigError, match=rf"--device {name}: there is no such device here\. Use auto, cpu or"):
            choose_device(name)
    with pytest.raises(ConfigError, match=r"--device meta: pwae cannot train on it\. Use auto, cpu or cuda\."):
        choose_device("meta")


@pytest.mark.parametrize(
    ("corpus", "run", "way"),
    [
        ("/home/ann/project/corpus", "/home/ann/project/runs/a", "../../corpus"),
        ("/home/ann/corpus", "/home/ann/runs/a", "../../corpus"),
        ("/data/team/corpus", "/data/team/ann/runs", "../../corpus"),
        ("/data/ann/corpus", "/data/runs", None),
        ("/home/bob/corpus", "/home/ann/run", None),
        ("/corpus", "/scratch/run", None),
        ("/data/corpus", "/data/run", "../corpus"),
        ("/data/team/../../corpus", "/data/team/run", None),
        ("/home/ann/project/../../bob/corpus", "/home/ann/project/run", None),
        ("/home/ann/project/../corpus", "/home/ann/project/run", "../../corpus"),
    ],
)
def test_a_run_says_where_its_corpus_is_without_a_name_of_the_machine(monkeypatch, corpus, run, way):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    assert path_from(Path(run), Path(corpus)) == way


def test_where_there_is_neither_home_nor_user_the_root_alone_is_too_much(monkeypatch):
    def missing(*_):
        raise KeyError

    monkeypatch.setattr("getpass.getuser", missing)
    assert path_from(Path("/scratch/run"), Path("/corpus")) is None
    assert path_from(Path("/data/run"), Path("/data/corpus")) == "../corpus"


def test_a_run_is_used_from_any_folder(pwae, made, tmp_path, monkeypatch):
    shutil.copytree(made.corpus, tmp_path / "corpus")
    monkeypatch.chdir(tmp_path)
    command = made.train(Path("runs/a"), "model.name=seq2seq", "max_steps=1")
    command[1] = "corpus"
    pwae(*command).succeeds()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    pwae("sample", "../runs/a", "--out", "r", "--limit", 2, "--samples", 1, "--device", "cpu").succeeds()
    shown = pwae("report", "../runs/a", "--out", "r.html", "--device", "cpu").succeeds().stdout
    assert "was not found" not in shown
    made_with = artifacts.load(tmp_path / "runs" / "a", "run").manifest["environment"]
    assert made_with == {**made_with, "device": "cpu", "threads": torch.get_num_threads()}
    assert {"python", "torch", "numpy", "pyarrow", "device", "processor", "threads"} == made_with.keys()
    assert computed_on(CPU) == {name: made_with[name] for name in ("device", "processor", "threads")}


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (
            "processor\t: 0\nmodel name\t: Some Processor 9 @ 2.00GHz\nmodel name\t: Another\n",
            "Some Processor 9 @ 2.00GHz",
        ),
        ("processor\t: 0\nBogoMIPS\t: 50.00\n", "aarch64"),
        (None, "aarch64"),
    ],
)
def test_a_run_names_the_processor_that_it_was_computed_on(tmp_path, monkeypatch, told, name):
    monkeypatch.setattr(environment, "PROCESSORS", tmp_path / "cpuinfo")
    monkeypatch.setattr(environment.platform, "processor", lambda: "")
    monkeypatch.setattr(environment.platform, "machine", lambda: "aarch64")
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    assert computed_on(CPU)["processor"].startswith(f"{name}, ")
