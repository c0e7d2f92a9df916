"""Prompts: which contexts, what is in them and what never, and that answers come back into the tables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged import Judged, make_corpus

from pwae_core.config.prompts import PromptsConfig
from pwae_core.config.sample import SampleConfig
from pwae_core.data.responses import Named
from pwae_core.errors import ArtifactError, InputError
from pwae_core.stages.evaluate import evaluate
from pwae_core.stages.prompts import prompts
from pwae_core.text.tokenize import detokenise

PAGE = Path(__file__).parents[2] / "docs" / "prompts.md"


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return make_corpus(tmp_path / "corpus")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_test_session_is_a_prompt_with_its_context_and_history(judged: Judged, tmp_path: Path) -> None:
    report = prompts(judged.corpus, tmp_path / "out" / "p.jsonl", PromptsConfig(history=4, samples=3))
    rows = lines(tmp_path / "out" / "p.jsonl")
    assert (report.prompts, report.samples, report.without_history, report.standing) == (30, 3, 0, False)
    assert [row["session_id"] for row in rows] == [session["session_id"] for session in judged.sessions]
    for row, session in zip(rows, judged.sessions, strict=True):
        assert (row["user_id"], row["samples"]) == (session["user_id"], 3)
        assert (row["context"], row["context_user_ids"]) == (session["context"], session["context_user_ids"])
        system, user = row["messages"]
        assert (system["role"], user["role"]) == ("system", "user")
        first, second = map(detokenise, session["context"])
        assert f"A: {first}\nB: {second}\n" in user["content"]  # the responder says the second utterance
        said = {detokenise(tokens) for tokens in judged.said[session["user_id"]]}
        shown = re.findall(r"^- (.*)$", user["content"], re.M)
        assert len(shown) == 4
        assert said.issuperset(shown)


def test_whoever_is_not_asked_for_a_history_is_not_without_one(judged: Judged, tmp_path: Path) -> None:
    assert prompts(judged.corpus, tmp_path / "p.jsonl", PromptsConfig(history=0)).without_history == 0


def test_no_prompt_holds_the_real_response(tmp_path: Path) -> None:
    judged = make_corpus(tmp_path / "corpus")
    prompts(judged.corpus, tmp_path / "p.jsonl", PromptsConfig(history=1000))
    for row, session in zip(lines(tmp_path / "p.jsonl"), judged.sessions, strict=True):
        assert f"- {detokenise(session['response'])}\n" not in row["messages"][1]["content"]
        assert not {"response", "reference", "references"} & row.keys()


def test_a_real_response_that_the_user_also_said_in_training_is_left_out(judged: Judged, tmp_path: Path) -> None:
    from pwae_core.human_eval.blinding.histories import Said
    from pwae_core.stages.prompts import _history

    session = judged.sessions[0]
    said = {session["user_id"]: [Said("x", 0, tuple(session["response"])), Said("x", 1, ("other",))]}
    assert _history(session, said, PromptsConfig()) == [("other",)]


def test_the_same_limit_takes_the_contexts_that_sample_answers(
    pwae: Callable[..., Any], made: Any, tmp_path: Path
) -> None:
    pwae("sample", made.seq2seq, "--out", tmp_path / "r", "--limit", 7, "--samples", 1, "--device", "cpu").succeeds()
    from pwae_core.data.responses import read_responses

    prompts(made.corpus, tmp_path / "p.jsonl", PromptsConfig(limit=7, seed=SampleConfig().seed + 1))
    answered = read_responses(tmp_path / "r").session_ids
    assert [row["session_id"] for row in lines(tmp_path / "p.jsonl")] == answered
    assert len(answered) == 7


def test_the_same_settings_give_the_same_bytes_and_another_seed_other_histories(judged: Judged, tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        prompts(judged.corpus, tmp_path / f"{name}.jsonl", PromptsConfig(history=3, seed=seed))
    one, two, other = ((tmp_path / f"{name}.jsonl").read_bytes() for name in "abc")
    assert one == two
    assert one != other


def test_what_stands_is_kept_and_what_is_not_ours_never_replaced(judged: Judged, tmp_path: Path) -> None:
    out = tmp_path / "p.jsonl"
    first = prompts(judged.corpus, out)
    again = prompts(judged.corpus, out)
    assert (first.standing, again.standing) == (False, True)
    with pytest.raises(ArtifactError, match=r"p\.jsonl already exists, with other prompts\. .* --force"):
        prompts(judged.corpus, out, PromptsConfig(history=1))
    assert prompts(judged.corpus, out, PromptsConfig(history=1), force=True).standing is False
    out.write_text('{"session_id": "mine"}\n')
    with pytest.raises(ArtifactError, match=r"by 'pwae prompts', or was changed since\. Choose another --out\."):
        prompts(judged.corpus, out, force=True)
    with pytest.raises(ArtifactError, match="was not made by"):
        prompts(judged.corpus, tmp_path, force=True)


def test_a_file_with_one_line_of_another_s_is_not_replaced(judged: Judged, tmp_path: Path) -> None:
    out = tmp_path / "p.jsonl"
    prompts(judged.corpus, out)
    rows = lines(out)
    for changed in (rows[0] | {"responses": ["hi"]}, {"mine": 1}, [1], {**rows[0], "samples": 3}):
        out.write_text("".join(json.dumps(row) + "\n" for row in [*rows[1:], changed]))
        before = out.read_bytes()
        with pytest.raises(ArtifactError, match="or was changed since"):
            prompts(judged.corpus, out, force=True)
        assert out.read_bytes() == before


def test_one_string_instead_of_messages(judged: Judged, tmp_path: Path) -> None:
    report = prompts(judged.corpus, tmp_path / "p.jsonl", PromptsConfig(shape="prompt", limit=2))
    rows = lines(tmp_path / "p.jsonl")
    names = ["context", "context_user_ids", "prompt", "samples", "seal", "session_id", "user_id"]
    assert [sorted(row) for row in rows] == [names] * 2
    assert report.first == rows[0]["prompt"]
    assert report.characters == sum(len(row["prompt"]) for row in rows)


def test_templates_come_from_a_file_and_a_missing_one_is_named(judged: Judged, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("Du bist {responder}.\n{context}", encoding="utf-8-sig")
    prompts(judged.corpus, tmp_path / "p.jsonl", template=mine)
    assert lines(tmp_path / "p.jsonl")[0]["messages"][0]["content"].startswith("Du bist B.\nA: ")
    with pytest.raises(InputError, match=r"Cannot read .*nowhere\.txt: No such file or directory\."):
        prompts(judged.corpus, tmp_path / "q.jsonl", template=tmp_path / "nowhere.txt")
    mine.write_bytes(b"{context} \xff")
    with pytest.raises(InputError, match="not UTF-8"):
        prompts(judged.corpus, tmp_path / "q.jsonl", template=mine)


def test_the_loop_of_the_documentation_brings_answers_into_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that knows the real responses gets their own scores, through the documented way there and back."""
    monkeypatch.chdir(tmp_path)
    judged = make_corpus(tmp_path / "corpus", tokenizer="whitespace")
    prompts(judged.corpus, tmp_path / "prompts.jsonl", PromptsConfig(samples=2))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    real = iter([" ".join(session["response"]) for session in judged.sessions for _ in range(2)])
    exec(compile(code, str(PAGE), "exec"), {"ask": lambda _: next(real)})
    scored = evaluate([Named(tmp_path / "llm.jsonl", "LLM")], corpus=judged.corpus)
    reference = tmp_path / "real.jsonl"
    rows = [{"session_id": s["session_id"], "responses": [s["response"]] * 2} for s in judged.sessions]
    reference.write_text("".join(json.dumps(row) + "\n" for row in rows))
    perfect = evaluate([Named(reference)], corpus=judged.corpus)
    one, two = (report.systems[0].totals["BLEU-F1"].value for report in (scored, perfect))
    assert scored.contexts == 30
    assert one == two
