"""Texts and tables as LaTeX."""

from __future__ import annotations

import pytest

from pwae_core.human_eval.ratings.latex import escaped, means_table
from pwae_core.human_eval.ratings.results import Mean
from pwae_core.human_eval.sheets.form import RATED


@pytest.mark.parametrize(("name", "told"), [("[Ours] K=[3]", "{[}Ours] K=[3]"), ("*Ours*", "{*}Ours*")])
def test_the_name_that_begins_a_row_is_no_option_of_the_line_break_before_it(name: str, told: str) -> None:
    means = [Mean(system, criterion, 2.0, None, None, 5, 5) for system in ("Seq2Seq", name) for criterion in RATED]
    assert rf"{told} & $2.00$ & $2.00$ & $2.00$ \\" in means_table(means).splitlines()


def test_two_hyphens_stay_two_hyphens() -> None:
    assert escaped("Without --embeddings, w/o-prior ---") == "Without -{}-embeddings, w/o-prior -{}-{}-"
