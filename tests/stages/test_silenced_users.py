"""Where nothing reads who answers, all users answer alike: in ``sample``, in ``chat`` and in the report's Table 6."""

import pytest
import torch

from pwae_core import artifacts
from pwae_core.config.report import ReportConfig
from pwae_core.config.sample import DecodingConfig, SampleConfig
from pwae_core.progress import SILENT
from pwae_core.report.tables.cases import read_histories, table_6
from pwae_core.stages.chat import Chat
from pwae_core.training.answers import answer_as
from pwae_core.training.runs import open_run

USERS = ["user000", "user003", "user005", "user003"]
SAMPLING = SampleConfig(samples=5, decoding=DecodingConfig(strategy="top-k"))


@pytest.fixture
def silenced(made):
    """The run with one and the same embedding for all."""
    run = open_run(made.personawae, torch.device("cpu"))
    with torch.no_grad():
        run.model.user_table.weight.zero_()
    return run


@pytest.fixture(scope="module")
def ablated(made, tmp_path_factory):
    from conftest import run_pwae

    out = tmp_path_factory.mktemp("ablated") / "run"
    settings = ("model.without_prior=true", "model.without_fusion=true", "max_steps=40")
    run_pwae(*made.train(out, *settings)).succeeds()
    return out


def test_sample(pwae, ablated):
    ask = ("sample", ablated, "--context", "do you like tea ?", "--strategy", "top-k", "--json")
    shown = pwae(*ask, *(word for user in USERS for word in ("--user", user))).succeeds().json["shown"]
    assert [one["user"] for one in shown] == ["user000", "user003", "user005"]
    assert len({tuple(one["responses"]) for one in shown}) == 1
    assert len(set(shown[0]["responses"])) > 1


def test_adapt_is_refused(pwae, ablated, tmp_path):
    (tmp_path / "dora.txt").write_text("i like tea\n")
    pwae("adapt", ablated, "--history-file", tmp_path / "dora.txt").fails(
        3, "Nothing in this PersonaWAE reads who answers"
    )


def test_every_context_of_the_test_split(made, silenced):
    data = artifacts.load(made.corpus, "corpus")
    from pwae_core.data.sessions import read_sessions

    sessions = read_sessions(data, "test", 12)
    keys = data.table("test.parquet")["session_id"].to_pylist()
    answers = answer_as(silenced, sessions, keys, USERS, SAMPLING, SILENT)
    assert [list(one) for one in answers] == [["user000", "user003", "user005"]] * len(sessions)
    assert all(one["user000"] == one["user003"] == one["user005"] for one in answers)
    assert len({str(one) for one in answers}) > 1


def test_chat(silenced):
    said = {}
    for user in set(USERS):
        chat = Chat(silenced, SAMPLING, user)
        said[user] = [chat.say(text) for text in ("do you like tea ?", "and rain ?", "do you like tea ?")]
    assert len({tuple(answers) for answers in said.values()}) == 1


def test_table_6_of_the_report(made, silenced):
    data = artifacts.load(made.corpus, "corpus")
    cases = table_6(silenced, data, read_histories(data), ReportConfig(users=3, contexts=5, samples=4), SILENT)
    assert len(cases) == 5
    for case in cases:
        assert len({answers.who for answers in case.answers}) == 3
        assert len({answers.texts for answers in case.answers}) == 1


def test_table_6_holds_what_sample_answers(pwae, made, tmp_path):
    """The true user's answers in Table 6 are those of the test split: the noise is the session's."""
    run, data = open_run(made.personawae, torch.device("cpu")), artifacts.load(made.corpus, "corpus")
    pwae("sample", made.personawae, "--out", tmp_path / "r", "--samples", 3).succeeds()
    rows = artifacts.load(tmp_path / "r", "responses").table("responses.parquet").to_pylist()
    answered = {row["session_id"]: [" ".join(tokens) for tokens in row["responses"]] for row in rows}
    config = ReportConfig(users=6, contexts=5, samples=3)
    config = config.model_copy(update={"seed": SampleConfig().seed})
    for case in table_6(run, data, read_histories(data), config, SILENT):
        (own,) = (answers for answers in case.answers if answers.who == case.user_id)
        assert [text.split() for text in own.texts] == [text.split() for text in answered[case.session_id]]


def test_other_users_do_answer_otherwise_where_they_are_heard(made):
    run, data = open_run(made.personawae, torch.device("cpu")), artifacts.load(made.corpus, "corpus")
    cases = table_6(run, data, read_histories(data), ReportConfig(users=3, contexts=5, samples=4), SILENT)
    assert any(len({answers.texts for answers in case.answers}) > 1 for case in cases)
