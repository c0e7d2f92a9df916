"""Completion codes: of one sheet, of one set of answers, found in whatever they are handed in with."""

from __future__ import annotations

import re

from pwae_core.human_eval.blinding.codes import code, found_in, share, shares, sheet_part

ANSWERS = {(item, name): rating for item, rating in (("x", 1), ("y", 2)) for name in ("better", "person")}


def test_a_code_depends_on_salt_annotator_and_every_answer() -> None:
    made = code("salt", 1, ANSWERS)
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-Z]{4}(-[B-DF-HJ-NP-TV-Z]{4}){2}", made)
    assert made.startswith(sheet_part("salt", 1))
    others = [code("other", 1, ANSWERS), code("salt", 2, ANSWERS)]
    others += [code("salt", 1, ANSWERS | {cell: 0}) for cell in ANSWERS]
    others += [code("salt", 1, {cell: rating for cell, rating in ANSWERS.items() if cell != left}) for left in ANSWERS]
    assert len({made, *others}) == 1 + len(others)


def test_the_page_s_shares_are_those_of_its_own_items() -> None:
    assert shares("salt", ["x"], {"better": [1, 2], "person": [0]}) == [
        [[share("salt", "x", "better", 1), share("salt", "x", "better", 2)], [share("salt", "x", "person", 0)]]
    ]


def test_codes_are_found_in_any_text_and_item_ids_are_none() -> None:
    made = code("salt", 1, ANSWERS)
    text = f'worker,code\nA1,"{made.lower()}"\nA2, {made.replace("-", "")} \nA3,bcdf-ghjk-mnpq-rstv\nA4,none\n'
    assert found_in(text) == [made]
    typed = [made.replace("-", mark) for mark in ("–", "\u2011", "－", " ", "\u00a0")]
    assert [found_in(f"TRBL {one}.") for one in typed[:3]] == 3 * [[made]]
    assert [found_in(f"it is {one}.") for one in typed] == 5 * [[made]]
