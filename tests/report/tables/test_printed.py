"""The paper's printed numbers fit together."""

from __future__ import annotations

import pytest

from pwae_core.metrics.table import F1, PRECISION, RECALL
from pwae_core.report.tables import printed


@pytest.mark.parametrize("system", [name for name in printed.TABLE_2 if name != printed.GROUND_TRUTH])
def test_every_f1_of_table_2_is_the_harmonic_mean_of_its_neighbours(system: str) -> None:
    row = printed.TABLE_2[system]
    harmonic = 2 * row[PRECISION] * row[RECALL] / (row[PRECISION] + row[RECALL])
    assert row[F1] == pytest.approx(harmonic, abs=6e-5)


def test_the_whole_system_is_the_same_in_all_three_tables() -> None:
    for column in printed.SHORT:
        values = {
            printed.TABLE_2["PersonaWAE"][column],
            printed.TABLE_3[3][column],
            printed.TABLE_4["PersonaWAE"][column],
        }
        assert len(values) == 1


def test_every_column_has_a_heading_and_every_row_its_columns() -> None:
    assert set(printed.HEADINGS) == {*printed.AUTOMATIC, *printed.HUMAN}
    assert set(printed.TABLE_2[printed.GROUND_TRUTH]) == set(printed.HUMAN)
    assert sum(len(row) for row in printed.TABLE_2.values()) == 7 * 9 + 3


@pytest.mark.parametrize(
    ("system", "name"),
    [("personawae", "PersonaWAE"), ("RL Persona", "RL-Persona"), ("DiaWAE_GMD", "DiaWAE-GMD"), ("LLM", None)],
)
def test_systems_are_known_by_their_letters(system: str, name: str | None) -> None:
    assert printed.printed_name(system) == name
