"""``pwae plans``: what comes with the package, printed as it is."""

from pathlib import Path

from pwae_core.config.experiment import read_plan, shipped_plans

PLANS = shipped_plans()


def test_every_plan_is_listed_with_what_it_compares(pwae):
    shown = pwae("plans").succeeds().stdout
    assert {*PLANS} == {f"table{number}-{size}" for number in (2, 3, 4) for size in ("paper", "small")}
    for name in PLANS:
        assert f" {name} " in shown
    assert "Table 2: the seven systems" in shown


def test_a_printed_plan_is_a_plan(pwae, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(pwae("plans", "table4-small").succeeds().stdout)
    assert read_plan(own, {}) == read_plan(Path("table4-small"), {})


def test_an_unknown_plan_is_one_line(pwae):
    pwae("plans", "table9").fails(4, "table9: no such plan. Choose one of table2-paper, ")


def test_a_file_of_one_s_own_goes_before_a_shipped_plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("table4-small").write_text(PLANS["table3-small"])
    assert read_plan(Path("table4-small"), {}) == read_plan(Path("table3-small"), {})
