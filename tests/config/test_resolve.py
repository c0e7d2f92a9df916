"""Preset, file and command line make one config; the paper's preset is section 4.3."""

import pytest

from pwae_core.config.resolve import merge, parse_setting, preset_of, resolve
from pwae_core.config.train import PRESETS, OptimiserConfig, TrainConfig
from pwae_core.errors import ConfigError, InputError


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "settings.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_the_paper_preset_is_section_4_3():
    paper = resolve("paper", None, [])
    assert paper == TrainConfig()
    model = paper.model
    assert (model.name, model.word_size, model.hidden_size, model.user_size) == ("personawae", 200, 256, 512)
    assert (model.components, model.context_components, model.temperature) == (3, None, 0.1)
    assert paper.batch_size == 100
    assert (paper.autoencoder.kind, paper.autoencoder.rate) == ("sgd", 1.0)
    assert paper.autoencoder.decay < 1
    assert (paper.generator.kind, paper.generator.rate) == ("rmsprop", 5e-5)
    assert (paper.critic.kind, paper.critic.rate) == ("rmsprop", 1e-5)
    assert (paper.critic_steps, paper.penalty_weight) == (5, 10.0)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_resolves_and_survives_json(preset):
    config = resolve(preset, None, [])
    assert TrainConfig.make(config.model_dump(mode="json")) == config


def test_the_small_preset_is_smaller_and_has_another_optimiser():
    small, paper = resolve("small", None, []), resolve("paper", None, [])
    assert small.autoencoder.kind == "adam"
    assert small.model.hidden_size < paper.model.hidden_size
    assert small.model.word_size == paper.model.word_size
    assert small.model.components == paper.model.components


def test_file_over_preset_and_settings_over_file_and_options_over_all(toml):
    path = toml('batch_size = 8\nseed = 1\n[model]\nhidden_size = 9\nuser_size = 9\n[autoencoder]\nkind = "rmsprop"\n')
    config = resolve(
        "small",
        path,
        ["seed=2", "model.user_size=10", "epochs=4"],
        {"epochs": 5, "model.name": "seq2seq", "seed": None},
    )
    assert (config.batch_size, config.seed, config.epochs) == (8, 2, 5)
    assert (config.model.hidden_size, config.model.user_size, config.model.name) == (9, 10, "seq2seq")
    assert config.autoencoder.kind == "rmsprop"
    assert config.autoencoder.rate == resolve("small", None, []).autoencoder.rate
    assert config.model.latent_size == resolve("small", None, []).model.latent_size


OTHERS = [
    *({"kind": kind} for kind in ("sgd", "rmsprop", "adam")),
    *({"rate": 0.25}, {"decay": 0.5}, {"decay_every": 3}, {"warmup": 7}, {"clip": 2.0}),
    {"schedule": "iterations", "decay": 0.5, "decay_every": 3},
]


@pytest.mark.parametrize("phase", ["autoencoder", "generator", "critic"])
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_table_changes_only_the_fields_that_it_names(toml, preset, phase):
    assert {name for other in OTHERS for name in other} == {*OptimiserConfig.model_fields}
    before = resolve(preset, None, []).model_dump()
    for other in OTHERS:
        after = {**before, phase: {**before[phase], **other}}
        assert resolve(preset, None, [f"{phase}.{name}={value}" for name, value in other.items()]).model_dump() == after
        lines = [f"{name} = {value!r}" for name, value in other.items()]
        assert resolve(preset, toml("\n".join([f"[{phase}]", *lines])), []).model_dump() == after
        assert TrainConfig.make(after).model_dump() == after
        if preset == "paper":
            assert TrainConfig.make({phase: other}).model_dump() == after


def test_merging_changes_neither_side():
    base, over = {"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 4}, "d": {"e": 5}}
    assert merge(base, over) == {"a": {"b": 4, "c": 2}, "d": {"e": 5}}
    assert (base, over) == ({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 4}, "d": {"e": 5}})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs=3", {"epochs": 3}),
        ("critic.rate=1e-4", {"critic": {"rate": 1e-4}}),
        ("model.generators=false", {"model": {"generators": False}}),
        ("model.name=seq2seq", {"model": {"name": "seq2seq"}}),
        ('model.name="seq2seq"', {"model": {"name": "seq2seq"}}),
        (" model.name = seq2seq ", {"model": {"name": "seq2seq"}}),
        ("model.name=a=b", {"model": {"name": "a=b"}}),
    ],
)
def test_a_setting_is_a_path_and_a_toml_value_or_a_word(setting, value):
    assert parse_setting(setting) == value


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs", "--set epochs: expected key=value, for example --set model.latent_size=64."),
        ("=3", "--set =3: expected key=value"),
        (
            "epoch=3",
            "epoch: unknown setting. Did you mean epochs? 'pwae train --show-config' prints all settings",
        ),
        ("model.hiden_size=3", "model.hiden_size: unknown setting. Did you mean hidden_size?"),
        ("epochs=many", "epochs: Input should be a valid integer, unable to parse string as an integer (got 'many')."),
        ("autoencoder=adam", "autoencoder: expected settings of its own, such as autoencoder.kind (got 'adam')."),
        ("epochs=", "epochs: Input should be a valid integer"),
        ("epochs=0", "epochs: Input should be greater than 0 (got 0)."),
        ("model=3", "model: expected settings of its own, such as model.name (got 3)."),
        ("model.name=gpt", "model.name: no such system; choose one of seq2seq, "),
        ("model.name=PersonaWAE", "model.name: no such system; did you mean personawae (got 'PersonaWAE')."),
        ("model.name=DiaWAE-GMD", "model.name: no such system; did you mean dialogwae-gmp (got 'DiaWAE-GMD')."),
        ("period_shares=0.5,0.5", "period_shares: expected a list, in square brackets (got '0.5,0.5')."),
        ("critic.rate=inf", "critic.rate: Input should be a finite number (got inf)."),
        ("penalty_weight=nan", "penalty_weight: Input should be a finite number (got nan)."),
        ("model.word_dropout=1", "model.word_dropout: Input should be less than 1 (got 1)."),
        ("epochs=" + "9" * 5_000, "epochs: Unable to parse input string as an integer, exceeded maximum size (got '99"),
        ("epochs=0x" + "f" * 5_000, "epochs: a number beyond 9007199254740992 is too large (got a number of thousands"),
        ("epochs=1" + "0" * 30, "epochs: a number beyond 9007199254740992 is too large (got 1000"),
        ("a" * 300 + "=" + "[" * 50_000, "aaa"),
        ("a" + ".a" * 5_000 + "=1", "--set a.a.a"),
        ("seed=99999999999", "seed: Input should be less than 4294967296 (got 99999999999)."),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(setting, message):
    with pytest.raises(ConfigError) as caught:
        resolve("paper", None, [setting])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_an_unknown_preset_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"preset: there is no 'big'\. Choose one of paper, small\."):
        resolve("big", None, [])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("epochs = 3\nseed = = 4\n", InputError, "settings.toml is not valid TOML: .*line 2"),
        (b"# caf\xe9\nepochs = 3\n", InputError, r"settings.toml, line 1: not UTF-8 text\. Save the file as UTF-8\."),
        ("epoks = 3", ConfigError, r"settings\.toml: epoks: unknown setting\. Did you mean epochs\?"),
        (
            "[model]\nhidden_size = [1]",
            ConfigError,
            r"settings\.toml: \[model\] hidden_size: Input should be a valid integer",
        ),
        ("[critic]\nrate = true_", InputError, "settings.toml is not valid TOML"),
        ("a = " + "[" * 50_000, InputError, "settings.toml is not valid TOML: it is nested more than 10 levels deep"),
        ("a = " + "{a=" * 5_000, InputError, "settings.toml is not valid TOML: it is nested more than 10 levels deep"),
        (
            "a" + ".a" * 5_000 + " = 1",
            InputError,
            "settings.toml is not valid TOML: it is nested more than 10 levels deep",
        ),
        ("epochs = " + "9" * 5_000, InputError, "settings.toml is not valid TOML: Exceeds the limit"),
        ("epochs = 0x" + "f" * 5_000, ConfigError, "epochs: .*too large .got a number of thousands of digits.."),
        ("epochs = [" + "1," * 5_000 + "]", ConfigError, r"epochs: .{,200}\.\.\.\)\.$"),
    ],
)
def test_a_wrong_file_is_refused(toml, text, error, message):
    with pytest.raises(error, match=message):
        resolve("paper", toml(text), [])


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read .*none\.toml: No such file or directory\."):
        resolve("paper", tmp_path / "none.toml", [])
    with pytest.raises(InputError, match=r".* is a folder, not a file\. Name a file\."):
        resolve("paper", tmp_path, [])


def test_what_is_wrong_is_told_where_it_was_given_last(toml):
    path = toml("epochs = 0\n[model]\nhidden_size = 0\n")
    with pytest.raises(ConfigError, match=r"settings\.toml: \[model\] hidden_size: .* \(got 0\)\."):
        resolve("small", path, ["epochs=3"])
    with pytest.raises(ConfigError, match=r"^model\.hidden_size: .* \(got -1\)\."):
        resolve("small", path, ["model.hidden_size=-1"])


def test_k_is_refused_for_a_system_without_a_mixture():
    expected = "model: components = 4: seq2seq has no mixture prior, so there is no K to choose; "
    with pytest.raises(ConfigError) as caught:
        resolve("paper", None, [], {"model.name": "seq2seq", "model.components": 4})
    assert str(caught.value) == expected + "cvae, dialogwae-gmp, personawae have one."
    with pytest.raises(ConfigError, match="context_components = 2: rl-persona has no mixture prior"):
        resolve("paper", None, ["model.name=rl-persona", "model.context_components=2"])
    for name in ("cvae", "diawae-gmd", "dialogwae-gmp", "personawae"):
        model = resolve(
            "paper", None, ["model.context_components=2"], {"model.name": name, "model.components": 4}
        ).model
        assert (model.components, model.context_components) == (4, 2)
    shown = resolve("paper", None, ["model.name=seq2seq"])
    assert TrainConfig.make(shown.model_dump(mode="json")) == shown, "the default, written out, is no choice of K"


@pytest.mark.parametrize(
    ("preset", "changed", "told"),
    [
        ("paper", [], "paper"),
        ("small", [], "small"),
        ("small", ["model.name=seq2seq", "seed=9"], "small"),
        ("small", ["max_steps=90", "model.word_size=8"], "small, except model.word_size, max_steps"),
    ],
)
def test_the_preset_and_what_differs_from_it(preset: str, changed: list[str], told: str) -> None:
    assert preset_of(resolve(preset, None, changed).model_dump(mode="json")) == told


def test_many_other_settings_are_counted() -> None:
    changed = ["max_steps=90", "model.word_size=8", "model.latent_size=8", "model.hidden_size=8", "batch_size=3"]
    assert preset_of(resolve("small", None, changed).model_dump(mode="json")) == "small, except 5 settings"
