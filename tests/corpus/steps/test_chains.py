"""Repost chains: cut into turns, and quotations of one and the same utterance told to be the same."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pwae_core.corpus.steps.chains import ALIAS, CHAINED, OWN, QUOTED, unfold


def repost(name: str, user_name: str, text: str | None, post: str | None = "p") -> dict:
    return {
        "utterance_id": name, "reply_to": post, "user_id": f"id-{user_name}", "user_name": user_name, "text": text,
        "kind": OWN,
    }  # fmt: skip


def unfolded(*rows: dict) -> list[dict]:
    return unfold(pa.Table.from_pylist(list(rows), schema=CHAINED)).to_pylist()


def test_a_chain_becomes_quotations_that_lead_to_the_post():
    made = {row["text"]: row for row in unfolded(repost("r", "c", "mine//@b:hers//@a：his")) if row["kind"] != ALIAS}
    assert set(made) == {"mine", "hers", "his"}
    assert (made["mine"]["utterance_id"], made["mine"]["kind"]) == ("r", OWN)
    assert made["mine"]["reply_to"] == made["hers"]["utterance_id"]
    assert made["hers"]["reply_to"] == made["his"]["utterance_id"]
    assert made["his"]["reply_to"] == "p"
    assert [(made[text]["user_name"], made[text]["user_id"], made[text]["kind"]) for text in ("hers", "his")] == [
        ("b", None, QUOTED),
        ("a", None, QUOTED),
    ]


def test_a_row_that_is_quoted_has_the_quotations_name_as_its_alias():
    rows = unfolded(repost("r", "c", "mine// @b: hers//@a:his"), repost("s", "b", "hers //@a:his"))
    quoted = next(row["utterance_id"] for row in rows if row["text"] and row["text"].strip() == "hers" and row["kind"])
    alias = {row["utterance_id"]: row["reply_to"] for row in rows if row["kind"] == ALIAS}
    assert alias[quoted] == "s"
    other = unfolded(repost("t", "b", "hers//@a:his", post="another"))
    assert quoted not in {row["utterance_id"] for row in other}


def test_empty_links_stay_as_links():
    rows = [row for row in unfolded(repost("r", "c", "mine//@b://@a:his")) if row["kind"] == QUOTED]
    assert [(row["user_name"], row["text"]) for row in rows] == [("b", ""), ("a", "his")]


def test_what_is_no_chain_is_left_alone():
    plain = [repost("r", "c", "http://x.y/z"), repost("s", "c", "a//@ no colon"), repost("t", "c", None, None)]
    assert [row for row in unfolded(*plain) if row["kind"] != ALIAS] == [
        {name: row.get(name) for name in CHAINED.names} for row in (plain[0], plain[2], plain[1])
    ]


@given(st.text(max_size=40), st.text(alphabet="/@:：＠ ab\n", max_size=30))
def test_any_text_can_be_unfolded(name, text):
    rows = unfolded(repost("r", name, text))
    assert sum(row["kind"] == OWN for row in rows) == 1
    assert [row["reply_to"] for row in rows if row["kind"] == ALIAS] == ["r"]
