"""``pwae train`` as it is typed: its settings from everywhere, what it prints, its errors in one line."""

import json
import subprocess
import sys

import pytest

from pwae_core import artifacts
from pwae_core.config.train import TrainConfig
from pwae_core.training.validation import warnings_of


@pytest.fixture
def show(pwae, tmp_path):
    """``show("--preset", "small")`` -> the settings as they would be trained with."""
    return lambda *options: pwae("train", tmp_path / "corpus", "--out", tmp_path / "run", *options, "--show-config")


def test_settings_are_shown_without_touching_anything(show, tmp_path):
    assert show().succeeds().json == TrainConfig().model_dump(mode="json")
    small = show("--preset", "small").succeeds().json
    assert (small["autoencoder"]["kind"], small["model"]["hidden_size"]) == ("adam", 128)
    assert list(tmp_path.iterdir()) == []


def test_options_are_the_settings_of_their_names(show):
    options = ("--model", "cvae", "--components", 5, "--epochs", 2, "--max-steps", 9, "--batch-size", 4, "--seed", 1)
    shown = show(*options).succeeds().json
    assert {name: shown[name] for name in ("epochs", "max_steps", "batch_size", "seed")} == {
        "epochs": 2,
        "max_steps": 9,
        "batch_size": 4,
        "seed": 1,
    }
    assert (shown["model"]["name"], shown["model"]["components"]) == ("cvae", 5)


def test_a_shown_config_can_be_given_back_setting_by_setting(show):
    shown = show("--preset", "small").succeeds().json
    words = []
    for key, value in shown.items():
        nested = {f"{key}.{name}": inner for name, inner in value.items()} if isinstance(value, dict) else {key: value}
        words += [f"{name}={json.dumps(inner)}" for name, inner in nested.items() if inner is not None]
    assert show(*(word for setting in words for word in ("--set", setting))).succeeds().json == shown


def test_a_file_of_settings(show, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 3\n[model]\ncomponents = 4\n")
    shown = show("--config", path, "--set", "epochs=5").succeeds().json
    assert (shown["epochs"], shown["model"]["components"]) == (5, 4)
    path.write_text("epochs = \n")
    show("--config", path).fails(4, f"{path} is not valid TOML: ", "line 1")
    path.write_bytes(b"\xff\xfe")
    show("--config", path).fails(4, f"{path}, line 1: not UTF-8 text. Save the file as UTF-8.")
    path.write_text("[model]\nname = 3\n")
    show("--config", path).fails(3, f"{path}: [model] name: Input should be ", "(got 3).")
    path.write_text("optimizer = 'adam'\n")
    show("--config", path).fails(
        3, f"{path}: optimizer: unknown setting. 'pwae train --show-config' prints all settings."
    )
    show("--config", tmp_path / "none.toml").fails(4, "none.toml: No such file or directory.")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--preset", "big"], 3, ["preset: there is no 'big'. Choose one of paper, small."]),
        (["--set", "epochs"], 3, ["--set epochs: expected key=value"]),
        (["--set", "epochs=-1"], 3, ["epochs: Input should be greater than 0 (got -1)."]),
        (["--set", "autoencoder.rate=inf"], 3, ["autoencoder.rate: Input should be a finite number (got inf)."]),
        (["--model", "gpt"], 3, ["model.name: no such system; choose one of seq2seq, persona"]),
        (["--model", "seq2seq", "--components", 4], 3, ["components = 4: seq2seq has no mixture prior"]),
        (["--batch-size", 0], 3, ["batch_size: Input should be greater than 0 (got 0)."]),
    ],
)
def test_wrong_settings_are_one_line(show, options, code, words):
    show(*options).fails(code, *words)


def test_a_device_that_is_not_there(pwae, made, tmp_path):
    command = made.train(tmp_path / "run")
    command[command.index("cpu")] = "tpu"
    pwae(*command).fails(3, "--device tpu: there is no such device here. Use auto, cpu or cuda.")
    assert not (tmp_path / "run").exists()


def test_what_is_missing_is_said_before_anything_is_read(pwae, tmp_path):
    for given in ((tmp_path / "corpus",), ("--out", tmp_path / "run")):
        result = pwae("train", *given)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "give CORPUS and --out; only --show-config works without them." in result.stderr
    assert pwae("train", "--show-config").succeeds().json == TrainConfig().model_dump(mode="json")


def test_the_table_and_the_json_tell_the_same(pwae, made, tmp_path):
    command = made.train(tmp_path / "run", "max_steps=2", "validate_every=1")
    printed = pwae(*command).succeeds()
    report = pwae(*command, "--json").succeeds().json
    facts = artifacts.load(tmp_path / "run", "run").facts
    assert report == {
        "out": str(tmp_path / "run"),
        "standing": True,
        "ended": "all 2 iterations done",
        "notes": [],
        "warnings": list(warnings_of(facts["valid"]["z_nats"], facts["valid"]["prior_gap"])),
        "cut_responses": 0,
        "untrained_users": 0,
        **{
            name: facts[name]
            for name in ("system", "parameters", "train_sessions", "steps", "epochs", "best_step", "valid")
        },
    }
    assert printed.stdout.startswith(f"PersonaWAE trained: {tmp_path / 'run'}\n")
    for shown in (f"{facts['parameters']:,}", "160", f"{facts['valid']['posterior_nll']:.4f}", "all 2 iterations done"):
        assert shown in printed.stdout
    measures = "validation posterior_nll {posterior_nll:.4f}, prior_nll {prior_nll:.4f}".format(**facts["valid"])
    assert f"iteration {facts['best_step']}: {measures}" in printed.stderr


def test_help_names_every_option_and_its_default():
    code = "from pwae_cli.app import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "train", "--help"], capture_output=True, text=True, check=True)
    for option in (
        "--embeddings",
        "--out",
        "--model",
        "--preset",
        "--config",
        "--set",
        "--device",
        "--resume",
        "--force",
    ):
        assert option in done.stdout
    assert "[default: paper]" in done.stdout


def test_an_environment_that_torchrun_did_not_set_is_one_line(pwae, made, tmp_path, monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "x")
    pwae(*made.train(tmp_path / "run", "max_steps=1")).fails(3, "RANK, WORLD_SIZE, MASTER_ADDR", "as torchrun sets")
    assert not (tmp_path / "run").exists()
