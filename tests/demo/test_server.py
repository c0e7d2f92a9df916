"""The page's server: what it answers, and whom it refuses."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from starlette.testclient import TestClient

from pwae_core import plugins
from pwae_core.config.sample import SampleConfig
from pwae_core.demo import server
from pwae_core.demo.server import HEADERS, LARGEST_QUESTION, PAGE, application, bound
from pwae_core.demo.session import open_demo
from pwae_core.errors import ConfigError

HOME = "http://127.0.0.1:8750"
TALK = {"context": [{"who": "", "text": "do you like tea ?"}, {"text": "tea is not for me"}], "users": ["user001"]}


def client(run: Any) -> TestClient:
    app = application(open_demo(run, SampleConfig(), device="cpu"))
    return TestClient(app, base_url=HOME, headers={"origin": HOME}, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def page(made: Any) -> Iterator[TestClient]:
    with client(made.personawae) as opened:
        yield opened


def test_the_page_and_all_its_parts_come_from_the_server(page: TestClient) -> None:
    for path in PAGE:
        response = page.get(path)
        assert response.status_code == 200
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert "://" not in response.text
        assert "innerHTML" not in response.text


def test_people_s_answers_are_those_of_sample(page: TestClient, pwae: Any, made: Any) -> None:
    users = ["user001", "user004"]
    answers = page.post("/answer", json=TALK | {"users": [*users, "user001"]}).json()["answers"]
    typed = ("--context", "do you like tea ?", "--context", "tea is not for me", "--samples", 3)
    people = [word for name in users for word in ("--user", name)]
    shown = pwae("sample", made.personawae, *typed, *people, "--json").succeeds().json["shown"]
    assert [(one["user"], one["responses"]) for one in answers] == [(one["user"], one["responses"]) for one in shown]
    again = page.post("/answer", json=TALK | {"draw": 1}).json()["answers"]
    seeded = (
        pwae("sample", made.personawae, *typed, "--user", "user001", "--seed", 8, "--json").succeeds().json["shown"]
    )
    assert again[0]["responses"] == seeded[0]["responses"]


def test_what_led_to_an_answer_and_what_the_person_really_says(page: TestClient, made: Any) -> None:
    import pyarrow.parquet as pq

    from pwae_core.text.tokenize import detokenise

    (one,) = page.post("/answer", json=TALK).json()["answers"]
    assert sorted(one["why"]) == ["context component", "gate's mean", "user component", "w_c, w_u"]
    assert sum(one["why"]["w_c, w_u"]) == pytest.approx(1)
    train = pq.read_table(made.corpus / "train.parquet").to_pylist()
    theirs = {detokenise(row["response"]) for row in train if row["user_id"] == "user001"}
    assert 1 <= len(one["real"]) <= 5
    assert theirs.issuperset(one["real"])


def test_the_way_along_z_begins_and_ends_at_the_answers(page: TestClient) -> None:
    (one,) = page.post("/answer", json=TALK).json()["answers"]
    ends = [
        page.post("/between", json=TALK | {"one": 0, "two": 2, "share": share}).json()["response"] for share in (0, 1)
    ]
    assert ends == [one["responses"][0], one["responses"][2]]
    middle = page.post("/between", json=TALK | {"share": 0.5}).json()
    assert isinstance(middle["response"], str)
    outside = page.post("/between", json=TALK | {"samples": 1})
    assert (outside.status_code, outside.json()) == (
        400,
        {"error": "The answer has only 1 sample. Choose lower sample numbers, or draw more samples."},
    )


def test_only_the_last_utterances_are_heard_as_in_training(page: TestClient) -> None:
    longer = TALK | {"context": [{"text": "pizza"}, *TALK["context"]]}
    assert page.post("/answer", json=longer).json() == page.post("/answer", json=TALK).json()


def test_what_a_system_has_not_is_not_told(made: Any) -> None:
    with client(made.seq2seq) as page:
        about = page.get("/about").json()
        assert (about["personal"], about["latent"], about["deterministic"]) == (False, False, True)
        (one,) = page.post("/answer", json=TALK | {"users": ["<unk>"]}).json()["answers"]
        assert (one["why"], one["real"]) == ({}, [])
        refused = page.post("/between", json=TALK)
        assert (refused.status_code, refused.json()["error"]) == (400, "Seq2Seq has no z to move along.")


def test_people_are_found_by_a_part_of_their_name(page: TestClient) -> None:
    assert page.get("/users?part=R001").json() == {"names": ["user001"], "found": 1}
    found = page.get("/users").json()
    assert found["found"] == page.get("/about").json()["people"] + 1
    assert found["names"][0] == "<unk>"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({}, "context: Field required"),
        (TALK | {"users": ["nobody"]}, "The person nobody: the run knows no such user."),
        (TALK | {"users": []}, "users: List should have at least 1 item"),
        (TALK | {"users": ["user001"] * 9}, "users: List should have at most 8 items"),
        (TALK | {"samples": 11}, "samples: Input should be less than or equal to 10"),
        (TALK | {"context": []}, "context: List should have at least 1 item"),
        (TALK | {"context": [{"text": "x" * 2001}]}, "context.0.text: String should have at most 2000 characters"),
        (TALK | {"context": [{"text": "  "}]}, "nothing is left after cleaning"),
        (TALK | {"more": 1}, "more: unknown setting"),
        ([], "The request is not a JSON object."),
    ],
)
def test_what_cannot_be_answered_is_one_line(page: TestClient, question: Any, words: str) -> None:
    response = page.post("/answer", json=question)
    assert response.status_code == 400
    assert words in response.json()["error"]
    assert "\n" not in response.json()["error"]


@pytest.mark.parametrize("raised", [KeyError("tea"), SystemExit(3)])
def test_a_plugin_s_system_that_fails_is_named(
    made: Any, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def fails(*_: Any) -> None:
        raise raised

    entry = EntryPoint("s", f"{__name__}:System", "pwae.systems")
    monkeypatch.setattr(plugins, "_picked_systems", [plugins.Plugin("system", "s", "acme", "1.2", entry)])
    monkeypatch.setattr(server, "_answer", fails)
    with client(made.seq2seq) as page:
        response = page.post("/answer", json=TALK)
    assert response.status_code == 400
    assert response.json()["error"].startswith("The system s of acme 1.2 failed in test_server.py, line ")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"context": [{"text": "\\ud800"}], "users": ["x"]}',
        b'{"context": [{"text": "tea"}], "users": ["\\ud800"]}',
    ],
)
def test_bytes_that_are_no_question_are_refused(page: TestClient, raw: bytes) -> None:
    response = page.post("/answer", content=raw)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]


def test_a_page_that_is_closed_while_it_asks_is_no_error(made: Any) -> None:
    """The browser's connection ends in the middle of a question."""
    app = application(open_demo(made.seq2seq, SampleConfig(), device="cpu"))
    pieces = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(pieces, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        pass

    headers = [(b"host", b"127.0.0.1:8750"), (b"origin", HOME.encode())]
    scope = {"type": "http", "method": "POST", "path": "/answer", "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, send))


def test_a_question_beyond_all_size_is_refused(page: TestClient) -> None:
    assert page.post("/answer", content=b" " * (LARGEST_QUESTION + 1)).status_code == 413


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"host": "evil.example:8750"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": ""}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "localhost:8750"}, 403),  # the page is another's: of 127.0.0.1
        ({"host": "localhost:9", "origin": "http://localhost:9"}, 200),
    ],
)
def test_other_pages_cannot_ask(page: TestClient, headers: dict[str, str], code: int) -> None:
    assert page.post("/answer", json=TALK, headers=headers).status_code == code


def test_a_question_without_an_origin_is_refused(page: TestClient) -> None:
    del page.headers["origin"]
    try:
        assert page.post("/answer", json=TALK).status_code == 403
        assert page.get("/about").status_code == 200
    finally:
        page.headers["origin"] = HOME


def test_the_port_takes_connections_before_its_address_is_shown() -> None:
    with bound(0) as at, socket.create_connection(at.getsockname()) as connected:
        assert connected.getpeername() == at.getsockname()


def test_a_port_that_is_taken_is_one_line(pwae: Any, made: Any) -> None:
    with bound(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="Choose another, or 0 for any free one"):
            bound(port)
        pwae("demo", made.seq2seq, "--port", port).fails(3, f"--port {port} cannot be used: Address already in use.")


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(
    pwae: Any, made: Any, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == missing or name == "pwae_core.demo.server"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    pwae("demo", made.seq2seq).fails(3, "needs Starlette and uvicorn. Install them: pip install 'pwae[demo]'.")
