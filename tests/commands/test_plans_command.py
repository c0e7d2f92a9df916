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
    pwae("plans", "nope").fails(3, "There is no plan 'nope'. Choose one of table2-paper, ")
    pwae("plans", "table2-smal").fails(3, "There is no plan 'table2-smal'. Did you mean table2-small?")


def test_a_plan_that_is_neither_a_file_nor_shipped_is_one_line(pwae, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ("--corpus", "c", "--out", "o")
    told = "no such file, and no plan that comes with pwae."
    pwae("experiment", "table2-smal", *command).fails(4, f"table2-smal: {told} Did you mean table2-small?")
    pwae("experiment", "table4-small.toml", *command).fails(4, f"{told} Did you mean table4-small?")
    pwae("experiment", "x", *command).fails(4, f"x: {told} Choose one of table2-paper, ")
    pwae("experiment", "plans/x.toml", *command).fails(4, "plans/x.toml")


def test_a_file_of_one_s_own_goes_before_a_shipped_plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("table4-small").write_text(PLANS["table3-small"])
    assert read_plan(Path("table4-small"), {}) == read_plan(Path("table3-small"), {})
