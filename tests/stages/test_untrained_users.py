"""Users of whom nothing was learned answer as nobody, and every command that meets them says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
import torch
from fake_plugins import write_plugin
from trained import Made

import pwae_core
from pwae_core import artifacts
from pwae_core.config.sample import SampleConfig
from pwae_core.data.responses import same_answer
from pwae_core.data.sessions import read_sessions
from pwae_core.progress import SILENT
from pwae_core.schemas import ARTIFACTS, USERS
from pwae_core.text.tokenize import detokenise
from pwae_core.training.answers import answer_as
from pwae_core.training.runs import open_run

STRANGER = "user000"
NEVER = f"{STRANGER} was never trained, and is answered as nobody (<unk>)"
NEITHER = "Nobody was not trained either: model.user_dropout was 0."


@pytest.fixture(scope="module")
def corpus(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus of ``made`` in which one user answers in the held-out splits alone."""
    whole = artifacts.load(made.corpus, "corpus")
    out = tmp_path_factory.mktemp("stranger") / "corpus"
    plan = artifacts.Plan("corpus", whole.config, {"raw": "0" * 64})
    with artifacts.draft(out, plan) as draft:
        for name in ARTIFACTS["corpus"]:
            table = whole.table(name)
            if name == "train.parquet":
                table = table.filter(pc.not_equal(table["user_id"], STRANGER))
            if name == "users.parquet":
                responses = pc.if_else(pc.equal(table["user_id"], STRANGER), 0, table["train_responses"])
                table = table.set_column(USERS.names.index("train_responses"), "train_responses", responses)
            draft.write(name, table)
        draft.facts |= whole.facts
    return out


@pytest.fixture(scope="module")
def trained(made: Made, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """``trained(*settings)`` -> a run on that corpus, and what its command printed as JSON."""
    from conftest import run_pwae

    known: dict[tuple[str, ...], Any] = {}

    def make(*settings: str) -> Any:
        if settings not in known:
            out = tmp_path_factory.mktemp("run") / "run"
            command = replace(made, corpus=corpus).train(out, "max_steps=20", *settings)
            del command[2:4]
            known[settings] = out, run_pwae(*command, "--json").succeeds().json
        return known[settings]

    return make


def test_train_tells_how_many_they_are(trained: Callable[..., Any], corpus: Path) -> None:
    _, report = trained("model.user_dropout=0.1")
    valid = artifacts.load(corpus, "corpus").table("valid.parquet")["user_id"].to_pylist().count(STRANGER)
    assert valid > 0
    assert report["untrained_users"] == 1
    told = f"{valid} validation sessions are of 1 user who was never trained, taken for nobody (<unk>)."
    assert report["notes"] == [told]
    assert trained()[1]["notes"] == [f"{told} {NEITHER}"]


@pytest.mark.parametrize(
    "settings", [("model.name=seq2seq",), ("model.name=adaptation",), ("model.name=dialogwae-gmp",)]
)
def test_systems_without_embeddings_have_none(trained: Callable[..., Any], settings: tuple[str, ...]) -> None:
    """Their words are counted in the history, which he has; or nothing reads who answers."""
    _, report = trained(*settings)
    assert (report["untrained_users"], report["notes"]) == (0, [])


def test_their_test_contexts_are_answered_as_nobodys(
    trained: Callable[..., Any], corpus: Path, tmp_path: Path, pwae: Any
) -> None:
    out, _ = trained("model.user_dropout=0.1")
    report = pwae("sample", out, "--out", tmp_path / "r", "--samples", 3, "--json").succeeds().json
    data, run = artifacts.load(corpus, "corpus"), open_run(out, torch.device("cpu"))
    test = data.table("test.parquet", ["session_id", "user_id"]).to_pylist()
    theirs = [number for number, row in enumerate(test) if row["user_id"] == STRANGER]
    told = f"{len(theirs)} contexts are of 1 user who was never trained, taken for nobody (<unk>)."
    alike = same_answer(artifacts.load(tmp_path / "r", "responses").table("responses.parquet"))
    assert report["notes"] == [told, *filter(None, [alike])]
    sessions = read_sessions(data, "test", run.model.config.max_length).take(np.array(theirs))
    keys = [test[number]["session_id"] for number in theirs]
    as_nobody = answer_as(run, sessions, keys, ["<unk>"], SampleConfig(samples=3), SILENT)
    found = artifacts.load(tmp_path / "r", "responses").table("responses.parquet")["responses"].to_pylist()
    assert [found[number] for number in theirs] == [one["<unk>"] for one in as_nobody]
    notes = pwae("evaluate", tmp_path / "r", "--corpus", corpus, "--json").succeeds().json["notes"]
    assert f"PersonaWAE: {report['notes'][0]}" in notes
    assert report["notes"][0] in pwae("sample", out, "--out", tmp_path / "r", "--samples", 3).succeeds().stdout


def test_who_is_asked_by_name(trained: Callable[..., Any], pwae: Any) -> None:
    ask = ("--context", "do you like tea ?", "--samples", 2, "--json")
    told, untold = trained("model.user_dropout=0.1")[0], trained()[0]
    report = pwae("sample", told, *ask, "--user", STRANGER, "--user", "user001", "--user", "<unk>").succeeds().json
    assert report["notes"] == [f"{NEVER}."]
    assert report["shown"][0]["responses"] == report["shown"][2]["responses"]
    assert pwae("sample", told, *ask).succeeds().json["notes"] == []
    named = pwae("sample", untold, *ask, "--user", STRANGER).succeeds().json["notes"]
    assert named == [f"{NEVER}, who was not trained either: model.user_dropout was 0."]
    (nobody,) = pwae("sample", untold, *ask).succeeds().json["notes"]
    assert nobody == "Nobody in particular (<unk>) was never trained: model.user_dropout was 0. Name a user."


def test_chat_says_it_when_they_begin_to_answer(trained: Callable[..., Any], pwae: Any) -> None:
    out, _ = trained("model.user_dropout=0.1")
    done = pwae("chat", out, "--user", "user001", stdin=f"hi\n/user {STRANGER}\nhi\n".encode()).succeeds()
    assert done.stderr.count(NEVER) == 1
    assert pwae("chat", out, "--user", STRANGER, stdin=b"hi\n").succeeds().stderr.count(NEVER) == 1
    assert NEVER not in pwae("chat", out, "--user", "user001", stdin=b"hi\n").succeeds().stderr


def test_they_may_be_adapted_to_and_then_answer_as_themselves(
    trained: Callable[..., Any], pwae: Any, tmp_path: Path
) -> None:
    out = shutil.copytree(trained("model.user_dropout=0.1")[0], tmp_path / "run")
    (tmp_path / "history.txt").write_text("i like tea\ntea is not for me\n")
    adapt = ("adapt", out, "--history-file", tmp_path / "history.txt", "--steps", 3, "--user")
    pwae(*adapt, "user001").fails(4, "--user user001: the run was trained with that user")
    before = pwae("sample", out, "--context", "tea ?", "--user", STRANGER, "--json").succeeds().json
    pwae(*adapt, STRANGER).succeeds()
    after = pwae("sample", out, "--context", "tea ?", "--user", STRANGER, "--json").succeeds().json
    assert (len(before["notes"]), len(after["notes"])) == (1, 0)
    run = open_run(out, torch.device("cpu"))
    assert run.answering(STRANGER) == 7


def test_their_answers_are_drawn_again_once_they_are_adapted_to(
    trained: Callable[..., Any], corpus: Path, pwae: Any, tmp_path: Path
) -> None:
    out = shutil.copytree(trained("model.user_dropout=0.1")[0], tmp_path / "run")
    (tmp_path / "history.txt").write_text("i like tea\ntea is not for me\n")
    adapt = ("adapt", out, "--history-file", tmp_path / "history.txt", "--steps", 3, "--user")
    sample = ("sample", out, "--corpus", corpus, "--samples", 2, "--json", "--out", tmp_path / "r")
    assert "never trained" in pwae(*sample).succeeds().json["notes"][0]
    score = ("persona-scores", "--corpus", corpus, "--run", out, "--least", 1, "--out", tmp_path / "p")
    assert "of 1 user who was never trained" in pwae(*score).succeeds().stderr
    pwae(*adapt, "somebody else").succeeds()
    assert pwae(*sample).succeeds().json["standing"]
    assert "already" in pwae(*score).succeeds().stdout
    pwae(*adapt, STRANGER).succeeds()
    pwae(*score).fails(6, "made differently (input people/0: none, now")
    assert "never trained" not in pwae(*score, "--force").succeeds().stderr
    pwae(*sample).fails(6, "made differently (input people: none, now")
    assert "never trained" not in str(pwae(*sample, "--force").succeeds().json["notes"])
    drawn = pwae_core.open_artifact(tmp_path / "r").to_pandas("responses")
    texts = [[detokenise(tokens) for tokens in answers] for answers in drawn["responses"]]
    run = pwae_core.open_run(out, device="cpu")
    assert [*run.answer_sessions(corpus=corpus, samples=2).values()] == texts


@pytest.fixture
def adapted(trained: Callable[..., Any], pwae: Any, tmp_path: Path) -> Path:
    """A run that was adapted to the user it was not trained with, and to somebody else."""
    out = shutil.copytree(trained("model.user_dropout=0.1")[0], tmp_path / "run")
    (tmp_path / "history.txt").write_text("i like tea\ntea is not for me\n")
    for name in (STRANGER, "dora"):
        pwae("adapt", out, "--history-file", tmp_path / "history.txt", "--user", name).succeeds()
    return out


def test_other_weights_than_those_they_were_learned_with_do_not_know_them(
    adapted: Path, corpus: Path, pwae: Any, tmp_path: Path
) -> None:
    """An embedding fits the best weights alone; the last ones would answer with it as with any random one."""
    ask = ("sample", adapted, "--context", "tea ?", "--json", "--user")
    pwae(*ask, "dora", "--checkpoint", "last").fails(
        4, "--user dora: the run knows them with its best weights. Use the checkpoint best."
    )
    assert pwae(*ask, "dora").succeeds().json["notes"] == []
    assert pwae(*ask, STRANGER, "--checkpoint", "last").succeeds().json["notes"] == [f"{NEVER}."]
    sample = ("sample", adapted, "--corpus", corpus, "--json", "--out", tmp_path / "r", "--checkpoint", "last")
    assert "never trained" in pwae(*sample).succeeds().json["notes"][0]


def test_words_go_with_any_weights(trained: Callable[..., Any], pwae: Any, tmp_path: Path) -> None:
    out = shutil.copytree(trained("model.name=adaptation")[0], tmp_path / "run")
    (tmp_path / "dora.txt").write_text("tea honestly\n")
    pwae("adapt", out, "--history-file", tmp_path / "dora.txt").succeeds()
    pwae("sample", out, "--context", "tea ?", "--user", "dora", "--checkpoint", "last").succeeds()


def test_diagnose_knows_whom_the_run_was_adapted_to(
    trained: Callable[..., Any], adapted: Path, corpus: Path, pwae: Any, tmp_path: Path
) -> None:
    ask = ("--corpus", corpus, "--samples", 2, "--json")
    before = pwae("diagnose", trained("model.user_dropout=0.1")[0], *ask).succeeds().json
    after = pwae("diagnose", adapted, *ask, "--out", tmp_path / "d").succeeds().json
    assert after["sensitivity"] != before["sensitivity"]
    assert "people" in artifacts.load(tmp_path / "d", "diagnosis").manifest["inputs"]


OWN_TABLE = """
from pwae_core.models import MODELS


class PART(MODELS["persona"]):
    user_rows = ("people.weight",)

    def __init__(self, config, vocabulary_size, users):
        super().__init__(config, vocabulary_size, users)
        self.people = self._modules.pop("user_table")

    @property
    def user_table(self):
        return self.people
"""


def test_a_plugin_may_call_its_embeddings_as_it_likes(
    made: Made, corpus: Path, tmp_path: Path, pwae: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(write_plugin(tmp_path / "site", "system", "own", OWN_TABLE))
    out, said = tmp_path / "run", tmp_path / "said.txt"
    command = replace(made, corpus=corpus).train(out, "max_steps=10", "model.name=own")
    del command[2:4]
    assert pwae(*command, "--json").succeeds().json["untrained_users"] == 1
    assert open_run(out, torch.device("cpu")).remark(STRANGER).startswith(NEVER)
    said.write_text("do you like tea ?\ntea is good\n")
    pwae("adapt", out, "--history-file", said, "--user", "new").succeeds()
    assert pwae("sample", out, "--context", "tea", "--user", "new", "--json").succeeds()


def test_a_plugin_that_names_no_table_is_one_line(
    made: Made, tmp_path: Path, pwae: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = OWN_TABLE.replace("people.weight", "people")
    monkeypatch.syspath_prepend(write_plugin(tmp_path / "site", "system", "own", code))
    told = "The system own of acme 1.2 has user_rows that name 'people', which has no row for each user."
    pwae(*made.train(tmp_path / "run", "model.name=own")).fails(3, told)
