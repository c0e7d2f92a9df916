"""Which contexts are drawn, and what the responder's history shows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pwae_core.config.human_eval import HumanEvalConfig
from pwae_core.errors import InputError
from pwae_core.human_eval.blinding.candidates import Candidate, candidates, make_items
from pwae_core.human_eval.blinding.drawing import Drawn
from pwae_core.human_eval.blinding.histories import Histories, Said, draw_histories, draw_history
from pwae_core.human_eval.blinding.placement import GROUND_TRUTH, Context
from pwae_core.schemas import RESPONSES


def candidate(number: int, user: str = "bob", references: tuple[tuple[str, ...], ...] = (("yes",),)) -> Candidate:
    context = Context(f"c{number}#0", user, ("ann",), (("hi",),))
    return Candidate(context, references, {"one": [["a"], ["b"]], "two": [["c"]]})


def test_rows_become_candidates() -> None:
    row = {
        "session_id": "c#0",
        "user_id": "bob",
        "context_user_ids": ["ann"],
        "context": [["hi"]],
        "references": [["yes"]],
        "responses": [["a"]],
    }
    tables = {
        "one": pa.Table.from_pylist([row], schema=RESPONSES),
        "two": pa.Table.from_pylist([row | {"responses": [["b"], ["c"]], "context_user_ids": []}], schema=RESPONSES),
    }
    (found,) = candidates(tables)
    assert found.context == Context("c#0", "bob", ("ann",), (("hi",),))
    assert (found.references, found.samples) == ((("yes",),), {"one": [["a"]], "two": [["b"], ["c"]]})
    (unknown,) = candidates(dict(reversed(tables.items())))
    assert unknown.context.speakers == ("",), "as many speakers as utterances, though nobody is known"


def test_one_item_per_context_and_system_and_the_real_response() -> None:
    items = make_items(candidate(0), HumanEvalConfig(sample="first"), "s")
    assert [(one.system, one.response) for one in items] == [
        ("one", ("a",)),
        ("two", ("c",)),
        (GROUND_TRUTH, ("yes",)),
    ]
    without = make_items(candidate(0), HumanEvalConfig(ground_truth=False), "s")
    assert [one.system for one in without] == ["one", "two"]
    drawn = {make_items(candidate(number), HumanEvalConfig(), "s")[0].response for number in range(20)}
    assert drawn == {("a",), ("b",)}


def test_a_system_without_a_response() -> None:
    empty = Candidate(candidate(0).context, (), {"one": []})
    with pytest.raises(InputError, match=r"^one has no response to session 'c0#0'\. Sample it again\.$"):
        make_items(empty, HumanEvalConfig(), "s")


def said(*words: str, conversation: str = "other") -> list[Said]:
    return [Said(conversation, turn, (word,)) for turn, word in enumerate(words)]


def test_the_history_shows_neither_the_real_response_nor_the_context_nor_anything_twice() -> None:
    drawn = draw_history(said("yes", "hi", "so", "so", "well"), candidate(0), 10, "s")
    assert sorted(drawn) == [("so",), ("well",)]


def test_the_history_shows_no_judged_response_however_it_is_written() -> None:
    mine = [
        Said("other", n, tuple(text.split())) for n, text in enumerate(["So , fun !", "so fun", "ＳＯ fun", "so fine"])
    ]
    assert draw_history(mine, candidate(0), 10, "s", {"sofun"}) == [("so", "fine")]


def test_other_conversations_come_first() -> None:
    mixed = said(*"abc", conversation="c0") + said(*"de")
    assert {word for (word,) in draw_history(mixed, candidate(0), 2, "s")} == {"d", "e"}
    assert len(draw_history(mixed, candidate(0), 4, "s")) == 4


def test_the_history_is_drawn_anew_for_each_context() -> None:
    words = said(*"abcdefghijklmnop")
    assert len({tuple(draw_history(words, candidate(number), 3, "s")) for number in range(10)}) == 10
    assert draw_history(words, candidate(0), 3, "s") == draw_history(words[::-1], candidate(0), 3, "s")


def test_histories_are_those_of_the_responder() -> None:
    rows = [{"user": n, "conversation_id": "h", "turn": n, "tokens": [f"word{n}"]} for n in (1, 2)]
    schema = pa.schema(
        [
            ("user", pa.int32()),
            ("conversation_id", pa.string()),
            ("turn", pa.int32()),
            ("tokens", pa.list_(pa.string())),
        ]
    )
    histories = Histories({"": 0, "ann": 1, "bob": 2, "mute": 3}, pa.Table.from_pylist(rows, schema=schema))
    assert histories.speaking == {"ann", "bob"}
    chosen = [candidate(0), candidate(1, user="ann")]
    drawn = Drawn(tuple(chosen), (), 2, 0, 0, 0)
    assert draw_histories(drawn, histories, 5, "s") == {"c0#0": [("word2",)], "c1#0": [("word1",)]}
    histories.check_known((one.context for one in chosen), "corpora/a")
    with pytest.raises(InputError) as caught:
        histories.check_known([candidate(7, user="eve").context], "corpora/a")
    assert str(caught.value) == (
        "User 'eve', who responds in session 'c7#0', is not in corpora/a. "
        "Give the corpus that the responses were made from."
    )
