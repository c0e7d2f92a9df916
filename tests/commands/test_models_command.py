"""``pwae models`` and what ``pwae train`` says of systems that it does not know."""

from __future__ import annotations

from pwae_core.config.train import SYSTEMS

TABLE_2 = ["Seq2Seq", "Persona", "Adaptation", "CVAE", "RL-Persona", "DiaWAE-GMD", "PersonaWAE"]


def test_lists_the_systems_of_table_2_in_its_order(pwae) -> None:
    systems = pwae("models", "--json").succeeds().json
    assert [system["paper"] for system in systems] == TABLE_2
    assert [system["name"] for system in systems] == list(SYSTEMS)
    assert [system["deterministic"] for system in systems] == [True, True, True, False, True, False, False]
    assert systems[4]["periods"] == ["language model", "likelihood", "reinforcement"]
    assert systems[5]["aliases"] == ["diawae-gmd"]


def test_counts_the_parameters_at_the_sizes_given(pwae) -> None:
    """One user more is one row of the user table more, for the systems that have one."""
    counted = [pwae("models", "--vocabulary-size", 50, "--users", n, "--json").succeeds().json for n in (3, 4)]
    grown = [more["parameters"] - less["parameters"] for less, more in zip(*counted, strict=True)]
    assert grown == [0, 512, 0, 512, 0, 0, 512]


def test_shows_a_table(pwae) -> None:
    shown = pwae("models", "--preset", "small").succeeds().stdout
    assert "dialogwae-gmp, diawae-gmd" in shown
    assert "Gu et al. 2019" in shown
    assert "at the sizes of the small preset, 31,000 words" in shown
    own = pwae("models", "--preset", "small", "--set", "model.hidden_size=8").succeeds().stdout
    assert "at the sizes of the small preset, with your settings, 31,000 words" in own


def test_ablations_are_options_of_train(pwae) -> None:
    shown = (
        pwae("train", "x", "--out", "y", "--without", "prior", "--without", "fusion", "--show-config").succeeds().json
    )
    assert shown["model"]["without_prior"] is True
    assert shown["model"]["without_fusion"] is True
    pwae("train", "x", "--out", "y", "--model", "seq2seq", "--without", "prior").fails(3, "ablation of personawae")
    pwae("train", "x", "--out", "y", "--model", "gpt").fails(3, "model.name", "personawae")
