"""A plan: its rows and their names, and errors that lead to the file, the table and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pwae_core.config.experiment import PlannedRun, planned_runs, read_plan
from pwae_core.errors import ConfigError

SEQ2SEQ = '[[systems]]\nmodel = "seq2seq"\n'
PERSONAWAE = '[[systems]]\nmodel = "personawae"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.toml"


def runs(path: Path, text: str) -> list[PlannedRun]:
    path.write_text(text)
    return planned_runs(read_plan(path, {}), {"personawae": "PersonaWAE", "dialogwae-gmp": "DiaWAE-GMD"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 3\n" + SEQ2SEQ, "title: Input should be a valid string (got 3)."),
        ("trian = 3\n" + SEQ2SEQ, "trian: unknown setting. Did you mean train? 'pwae plans table2-small' shows"),
        ("seeds = [1, 'a']\n" + SEQ2SEQ, "seeds[1]: Input should be a valid integer"),
        ("seeds = [1, -1]\n" + SEQ2SEQ, "seeds: Input should be greater than or equal to 0 (got -1)."),
        ("preset = 'huge'\n" + SEQ2SEQ, "preset: there is no 'huge'."),
        (
            "[sample]\nmax_length = 30\n" + SEQ2SEQ,
            "[sample] max_length: unknown setting. Did you mean decoding.max_length? 'pwae plans table2-small' shows",
        ),
        (
            "[sample]\ncheckpoint = 'average'\n" + SEQ2SEQ,
            "[sample] checkpoint = average: seq2seq keeps only one. Set keep_best in [train].",
        ),
        ("[sample]\nlimit = 0\n" + SEQ2SEQ, "[sample] limit: Input should be greater than 0 (got 0)."),
        ("[sample.decoding]\ntop_q = 1\n" + SEQ2SEQ, "[sample.decoding] top_q: unknown setting. Did you mean top_p?"),
        ("[evaluate]\nresample = 9\n" + SEQ2SEQ, "[evaluate] resample: unknown setting. Did you mean resamples?"),
        (
            "[train]\nhidden_size = 3\n" + SEQ2SEQ,
            "[train] hidden_size: unknown setting. Did you mean model.hidden_size? 'pwae train --show-config' prints",
        ),
        ("[train.model]\nhidden_size = 0\n" + SEQ2SEQ, "[train.model] hidden_size: Input should be greater than 0"),
        (SEQ2SEQ + "modle = 'x'\n", "[[systems]] 1: modle: unknown setting. Did you mean model?"),
        (
            PERSONAWAE + '[[systems]]\nmodel = "gpt"\n',
            "[[systems]] 2: model: no such system; choose one of seq2seq",
        ),
        (PERSONAWAE + "components = [1, 0]\n", "[[systems]] 1: components: Input should be greater than 0 (got 0)."),
        (PERSONAWAE + "train = { epochs = 0 }\n", "[[systems]] 1: train.epochs: Input should be greater than 0"),
        (SEQ2SEQ + 'without = ["prior"]\n', "[[systems]] 1: without_prior is an ablation of personawae; seq2seq"),
        (
            SEQ2SEQ + SEQ2SEQ,
            "systems: two runs would be seq2seq-seed7. Give every system a label of its own.",
        ),
        ("[train]\nseed = 3\n" + SEQ2SEQ, "[train] seed: a plan says that in its seeds. Leave it out here."),
        (SEQ2SEQ + "train = { seed = 3 }\n", "[[systems]] 1: train.seed: a plan says that in its seeds. Leave it out"),
        (
            "[train.model]\nname = 'cvae'\n" + SEQ2SEQ,
            "[train.model] name: a plan says that in its systems. Leave it out",
        ),
        (
            PERSONAWAE + "components = [1, 2]\ntrain = { model = { components = 5 } }\n",
            "[[systems]] 1: train.model.components: the system says otherwise. Leave it out here.",
        ),
        (
            PERSONAWAE + 'without = ["prior"]\ntrain = { model = { without_prior = false } }\n',
            "[[systems]] 1: train.model.without_prior: the system says otherwise. Leave it out here.",
        ),
        ("seeds = 7\n" + SEQ2SEQ, "seeds: expected a list, in square brackets (got 7)."),
        ("seeds = []\n" + SEQ2SEQ, "seeds: List should have at least 1 item"),
        (
            PERSONAWAE + "without = 'prior'\n",
            "[[systems]] 1: without: expected a list, in square brackets (got 'prior').",
        ),
        (SEQ2SEQ.replace("[[systems]]", "[systems]"), "systems: expected a list of tables, [[systems]]."),
        (f'{SEQ2SEQ}train = "small"', "[[systems]] 1: train: expected settings of its own (got 'small')."),
        (SEQ2SEQ.replace("[[systems]]", "[[system]]"), "system: unknown setting. Did you mean systems?"),
        ("seeds = [7, 8, 7]\n" + SEQ2SEQ, "seeds: a value is given twice"),
        ('[[systems]]\nmodel = "personawae"\ncomponents = [3, 3]', "[[systems]] 1: components: a value is given twice"),
    ],
)
def test_what_is_wrong_names_the_file_the_table_and_the_key(path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        runs(path, text)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("components = [1, 3]", "components = [1, 3]"),
        ("components = [3]", "components = [3]"),
        ("train = { model = { components = 4 } }", "components = 4"),
    ],
)
def test_k_is_refused_for_systems_without_a_mixture(path: Path, setting: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        runs(path, PERSONAWAE + SEQ2SEQ + setting)
    assert str(caught.value) == (
        f"{path}: [[systems]] 2: {told}: seq2seq has no mixture prior, so there is no K to choose; "
        "cvae, dialogwae-gmp, personawae have one."
    )


def test_k_of_every_training_is_for_the_systems_that_have_it(path: Path) -> None:
    seq2seq, personawae = runs(path, "[train.model]\ncomponents = 5\n" + SEQ2SEQ + PERSONAWAE)
    assert (seq2seq.train.model.components, personawae.train.model.components) == (3, 5)


def test_a_folder_has_a_name_whatever_the_label(path: Path) -> None:
    named = [run.folder for run in runs(path, SEQ2SEQ + 'label = "\U0001f600"\n' + PERSONAWAE + 'label = "../é |"\n')]
    assert named == ["seq2seq-seed7", "é-seed7"]
    (run,) = runs(path, PERSONAWAE + 'without = ["prior", "prior"]\n')
    assert (run.folder, run.label) == ("personawae-w-o-prior-seed7", "PersonaWAE w/o prior")


def test_an_ablation_is_named_wherever_the_plan_says_it(path: Path) -> None:
    in_settings = "train = { model = { without_fusion = true } }\n"
    named = [(run.folder, run.label) for run in runs(path, PERSONAWAE + PERSONAWAE + in_settings)]
    assert named == [("personawae-seed7", "PersonaWAE"), ("personawae-w-o-fusion-seed7", "PersonaWAE w/o fusion")]
    (run,) = runs(path, PERSONAWAE + 'without = ["fusion"]\n' + in_settings.replace("fusion", "prior"))
    assert run.label == "PersonaWAE w/o fusion w/o prior"


@pytest.mark.parametrize(
    ("tables", "measured"),
    [
        ("[persona_scores]\n[diagnose]\n", ("last", "last")),
        ('[persona_scores]\ncheckpoint = "best"\n[diagnose]\ncheckpoint = "average"\n', ("best", "average")),
    ],
)
def test_a_row_is_of_the_weights_that_answer(path: Path, tables: str, measured: tuple[str, str]) -> None:
    path.write_text('[sample]\ncheckpoint = "last"\n' + tables + SEQ2SEQ)
    plan = read_plan(path, {})
    assert plan.persona_scores
    assert plan.diagnose
    assert (plan.persona_scores.checkpoint, plan.diagnose.checkpoint) == measured


def test_rows_of_several_k_name_it(path: Path) -> None:
    text = (
        PERSONAWAE + "components = [1, 3]\n" + '[[systems]]\nmodel = "diawae-gmd"\nlabel = "Mine"\ncomponents = [2]\n'
    )
    assert [(run.label, run.train.model.components) for run in runs(path, text)] == [
        ("PersonaWAE K=1", 1),
        ("PersonaWAE K=3", 3),
        ("Mine K=2", 2),
    ]


@pytest.mark.parametrize("name", ["a\\u001bb", "a\\u202eb", "a\\nb", "a\\u009b", "x" * 81])
@pytest.mark.parametrize("place", ["title", "label"])
def test_what_a_table_cannot_show_is_no_name(tmp_path, name, place):
    given = {"title": "Small", "label": "Mine"} | {place: name}
    path = tmp_path / "plan.toml"
    path.write_text(
        f'title = "{given["title"]}"\ncorpus = "c"\n[[systems]]\nmodel = "seq2seq"\nlabel = "{given["label"]}"\n'
    )
    with pytest.raises(ConfigError, match=rf"plan\.toml: .*{place}: ") as caught:
        read_plan(path, {})
    assert str(caught.value).isprintable()


def test_training_is_controlled_by_a_plan(path: Path) -> None:
    control = (
        "[sample]\ncheckpoint = 'average'\n[train]\nselect_by = 'speaker'\nkeep_best = 3\nprecision = 'auto'\n"
        "[train.generator]\nschedule = 'cosine'\ndecay = 0.1\ndecay_every = 100\n"
    )
    (run,) = runs(path, control + PERSONAWAE)
    assert (run.train.keep_best, run.train.generator.schedule, run.train.answers) == (3, "cosine", 300)
