"""What a run holds beside what it is: how long it took, its card, event files for TensorBoard."""

import json
import re
import shutil
import struct

import pytest
from trained import stopped

from pwae_core import artifacts
from pwae_core.config.diagnose import DiagnoseConfig

OFTEN = ("max_steps=4", "log_every=1", "validate_every=2")


@pytest.fixture(scope="module")
def run(pwae_of_module, made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside") / "run"
    pwae_of_module(*made.train(folder, *OFTEN)).succeeds()
    return folder


@pytest.fixture(scope="module")
def pwae_of_module():
    from conftest import run_pwae

    return run_pwae


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_line_of_the_log_is_timed(run):
    log, timed = lines(run / "log.jsonl"), lines(run / "timing.jsonl")
    assert [(one["step"], one["split"]) for one in timed] == [(one["step"], one["split"]) for one in log]
    assert [one["elapsed"] for one in timed] == sorted(one["elapsed"] for one in timed)
    assert all(one["sessions_per_second"] > 0 for one in timed if one["split"] == "train")


def test_it_is_no_part_of_what_the_run_is(pwae, run, tmp_path):
    assert not {"timing.jsonl", "apart.json"} & set(artifacts.load(run, "run").manifest["files"])
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "timing.jsonl").unlink()
    pwae("sample", copy, "--context", "do you like tea ?").succeeds()
    (copy / "apart.json").unlink()
    pwae("sample", copy, "--context", "do you like tea ?").succeeds()


def test_it_goes_with_the_run_and_stays_where_it_was_changed(pwae, made, run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    command = [*made.train(copy, *OFTEN), "--seed", 9, "--force"]
    timing = copy / "timing.jsonl"
    timing.write_text(timing.read_text() + "mine\n")
    pwae(*command).fails(6, f"{timing} is in the way, and pwae did not write it, or it has changed since.")
    resume = ("train", made.corpus, "--embeddings", made.vectors, "--out", copy, "--resume", "--max-steps", 5)
    pwae(*resume).fails(6, f"{timing} is in the way")
    shutil.copy(run / "timing.jsonl", timing)
    pwae(*resume).succeeds()
    assert [one["step"] for one in lines(timing) if one["split"] == "train"] == [1, 2, 3, 4, 5]
    pwae(*command).succeeds()
    assert len(lines(timing)) == len(lines(run / "timing.jsonl"))


def test_speed_is_told_at_each_validation(pwae, made, tmp_path):
    told = pwae(*made.train(tmp_path / "run", *OFTEN)).succeeds().stderr
    assert told.count(" sessions/s)") == 2


# -- the card


def card_of(run):
    """{section: {name: value}} of a run's card."""
    text = (run / "model-card.md").read_text()
    sections = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return {title: dict(re.findall(r"^\| (\S.*?) \| (.*) \|$", body, re.M)) for title, body in sections}


def test_the_card_says_what_the_run_records(made):
    note, card = artifacts.load(made.personawae, "run").manifest, card_of(made.personawae)
    facts = note["facts"]
    assert card["Validation"] == {f"`{name}`": f"{value:.4f}" for name, value in facts["valid"].items()}
    assert card["The system"]["Parameters"] == f"{facts['parameters']:,}"
    assert card["The system"]["Same answer every time"].startswith("no")
    assert card["Training data"]["Corpus"] == f"fingerprint {note['inputs']['corpus'][:16]}"
    assert card["Training data"]["Users"] == "6, each with at least 5 utterances"
    assert card["Training"]["Iterations"] == "60, each of 16 sessions; ended: all 60 iterations done"
    assert card["Training"]["Weights"] == f"of iteration {facts['best_step']}, selected by posterior_nll"
    assert card["Training"]["Duration"].partition(", until ")[2].startswith("20")
    assert {"Use", "Limits", "To be added by you"} <= card.keys()
    assert card_of(made.seq2seq)["The system"]["Same answer every time"].startswith("yes")


def test_the_card_says_by_what_the_last_period_was_selected(pwae, made, tmp_path):
    pwae(*made.train(tmp_path / "run", "model.name=rl-persona", "max_steps=4")).succeeds()
    assert artifacts.load(tmp_path / "run", "run").facts["selected_by"] == "negative_reward"
    assert card_of(tmp_path / "run")["Training"]["Weights"] == "of iteration 4, selected by negative_reward"


def test_the_card_warns_of_a_silent_z_and_names_nobody(made):
    text = (made.personawae / "model-card.md").read_text()
    z_nats = artifacts.load(made.personawae, "run").facts["valid"]["z_nats"]
    assert ("z is hardly used" in text) == (z_nats < DiagnoseConfig().least_sensitivity)
    users = artifacts.load(made.corpus, "corpus").table("users.parquet", ["user_id"])["user_id"].to_pylist()
    assert not [name for name in (*users[1:], str(made.corpus)) if name in text]


def test_an_edited_card_is_nobody_s_to_overwrite(pwae, made, run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    card = copy / "model-card.md"
    card.write_text(card.read_text() + "- Licence: CC BY 4.0\n")
    pwae("sample", copy, "--context", "do you like tea ?").succeeds()
    pwae(*made.train(copy, *OFTEN), "--seed", 9, "--force").fails(6, f"{card} is in the way")
    longer = ("train", made.corpus, "--embeddings", made.vectors, "--out", copy, "--resume", "--max-steps", 5)
    pwae(*longer).fails(6, f"{card} is in the way")
    assert card.read_text().endswith("CC BY 4.0\n")
    card.rename(tmp_path / "mine.md")
    pwae(*longer).succeeds()
    assert card_of(copy)["Training"]["Iterations"].startswith("5, each of")


# -- event files


def events(run):
    """[(step, tag, value)] of the one event file of a run."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    (path,) = (run / "tensorboard").iterdir()
    raw, place, found = path.read_bytes(), 0, []
    while place < len(raw):
        (length,) = struct.unpack_from("<Q", raw, place)
        event = event_pb2.Event.FromString(raw[place + 12 : place + 12 + length])
        found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
        place += 16 + length
    return found


def logged(run):
    return [
        (line["step"], f"{line['split']}/{name}", pytest.approx(value))
        for line in lines(run / "log.jsonl")
        for name, value in line["values"].items()
    ]


def test_event_files_hold_the_log_once_however_often_it_went_on(pwae, made, tmp_path, snapshot):
    pytest.importorskip("tensorboardX")
    run = tmp_path / "run"
    command = [*made.train(run, *OFTEN), "--tensorboard"]
    stopped(pwae, 3, command)
    assert events(run) == logged(run)
    pwae(*command).succeeds()
    assert events(run) == logged(run)
    pwae("train", "--resume", run, "--max-steps", 6, "--tensorboard").succeeds()
    assert events(run) == logged(run)
    assert max(step for step, _, _ in events(run)) == 6
    pwae(*made.train(tmp_path / "plain", *OFTEN), "--max-steps", 6).succeeds()
    assert snapshot(run) == snapshot(tmp_path / "plain")
    pwae(*command, "--force").succeeds()
    assert events(run) == logged(run)
    (run / "tensorboard" / "mine").touch()
    pwae(*command, "--seed", 9, "--force").fails(6, "mine is in the way")


@pytest.mark.parametrize("planted", ["tensorboard", "tensorboard/events.out.tfevents.0001.pwae"])
def test_what_has_the_place_of_an_event_file_stays(pwae, made, tmp_path, planted):
    pytest.importorskip("tensorboardX")
    run = tmp_path / "run"
    stopped(pwae, 3, made.train(run, *OFTEN))
    (run / planted).parent.mkdir(exist_ok=True)
    (run / planted).write_text("mine")
    pwae(*made.train(run, *OFTEN), "--tensorboard").fails(6, f"{run / planted} is in the way")
    assert (run / planted).read_text() == "mine"


def test_without_the_package_one_line_says_what_to_install(pwae, made, tmp_path, monkeypatch):
    monkeypatch.setattr("pwae_core.training.events.find_spec", lambda _: None)
    missing = "--tensorboard needs the package tensorboardX. Install it: pip install 'pwae[tensorboard]'."
    pwae(*made.train(tmp_path / "run", *OFTEN), "--tensorboard").fails(3, missing)
    assert not (tmp_path / "run").exists()
