"""One name, one meaning: every option of every command, held in one table."""

import os
import subprocess
import sys
from collections import defaultdict

import pytest

from pwae_cli.app import built
from pwae_cli.grouping import GROUPS, OTHERS, group_of
from pwae_cli.options import EXCLUDED, NEEDED, RENAMED
from pwae_core.config.sample import SampleConfig, Strategy
from pwae_core.errors import ConfigError

COMMANDS = built().commands
OPTIONS = [
    (name, parameter)
    for name, command in COMMANDS.items()
    for parameter in command.params
    if parameter.param_type_name == "option"
]
PRESETS_OWN = {"--batch-size", "--epochs", "--seed"}
"""What ``train`` leaves to the preset, so that it has no default on the command line."""
OTHER_DEFAULTS = {
    "--characters": {2000, 400},  # of an utterance: in a prompt, which nobody has to read, and on a page
    "--history": {20, 10, 5},  # utterances shown: to a language model, to an annotator, on a page
    "--tokenizer": {"nltk", None},  # evaluation takes the corpus's
}
SEVERAL = {"--user"}
"""Given once where one person speaks or is learned; repeatable where several answer."""


def word(parameter) -> str:
    return next(option for option in parameter.opts if option.startswith("--"))


def kind(parameter) -> str:
    return str(parameter.type_descriptor.annotation)


BY_NAME = defaultdict(list)
for command, parameter in OPTIONS:
    BY_NAME[word(parameter)].append((command, parameter))
SHARED = sorted(name for name, uses in BY_NAME.items() if len(uses) > 1)


@pytest.mark.parametrize("name", SHARED)
def test_an_option_has_one_type_wherever_it_occurs(name):
    kinds = {kind(parameter).removeprefix("list[").removesuffix("]") for _, parameter in BY_NAME[name]}
    assert len(kinds) == 1 or name == "--user", BY_NAME[name]
    assert len({parameter.multiple for _, parameter in BY_NAME[name]}) == 1 or name in SEVERAL


@pytest.mark.parametrize("name", SHARED)
def test_an_option_has_one_default_wherever_it_occurs(name):
    defaults = {
        parameter.default
        for command, parameter in BY_NAME[name]
        if not (command == "train" and name in PRESETS_OWN) and not parameter.multiple
    }
    assert defaults == OTHER_DEFAULTS.get(name, defaults)
    assert len(defaults) <= 1 or name in OTHER_DEFAULTS


def test_every_seed_is_that_of_the_presets():
    from pwae_core.config.train import TrainConfig

    defaults = {command: parameter.default for command, parameter in BY_NAME["--seed"] if command != "train"}
    assert {*defaults.values()} == {TrainConfig().seed}
    assert "preprocess" in defaults


MEANINGS = {
    "--samples": "responses per context",
    "--limit": "maximum contexts of the test split",
    "--contexts": "contexts",
    "--history": "training utterances",
    "--users": "users of the corpus",
    "--first": "the first n responses",
    "--words": "own words",
}


@pytest.mark.parametrize(("name", "meaning"), MEANINGS.items())
def test_an_option_says_the_same_wherever_it_occurs(name, meaning):
    others = [command for command, parameter in BY_NAME[name] if meaning.lower() not in parameter.help.lower()]
    assert [others, BY_NAME[name] != []] == [[], True]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_reads_as_words_not_as_code(pwae, name):
    shown = pwae(name, "-h").succeeds().stdout
    assert shown == pwae(name, "--help").stdout
    for noise in ("lambda", " range>", "RANGE", "list[", "<str>", "x>=", "<=x", "  []"):
        assert noise not in shown


def test_help_is_as_wide_as_the_terminal(pwae, monkeypatch):
    widths = []
    for columns in (60, 100, 140):
        monkeypatch.setenv("COLUMNS", str(columns))
        widths.append(max(map(len, pwae("preprocess", "--help").stdout.splitlines())))
        assert widths[-1] <= columns
    assert widths == sorted(set(widths))


def test_options_and_commands_are_in_groups(pwae):
    shown = pwae("sample", "--help").stdout
    for heading in ("Arguments:", "Files:", "Decoding:", "Machine and repetition:", "Printing and help:"):
        assert f"\n{heading}\n" in shown
    known = {option for _, parameter in OPTIONS for option in (*parameter.opts, *parameter.secondary_opts)}
    ahead = {"--help", "--version", "--install-completion", "--show-completion"}
    assert {option for options in GROUPS.values() for option in options} <= known | ahead
    assert group_of(["--seed"]) != OTHERS == group_of(["--cases"])
    assert all(command.rich_help_panel for command in COMMANDS.values())


@pytest.mark.parametrize(
    ("command", "old", "new"), [(c, *pair) for c, names in RENAMED.items() for pair in names.items()]
)
def test_old_names_are_gone_from_help_and_lead_to_the_new_ones(pwae, command, old, new):
    known = {option for parameter in COMMANDS[command].params for option in parameter.opts}
    assert [new in known, old in known] == [True, False]
    result = pwae(command, old)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"pwae: {old} is now called {new}; the old name will be removed in a later version.\n" in result.stderr


def test_an_old_name_still_works_and_warns_in_one_line(pwae):
    old = pwae("models", "--words=50", "--json").succeeds()
    assert (
        old.stderr
        == "pwae: --words is now called --vocabulary-size; the old name will be removed in a later version.\n"
    )
    assert old.stdout == pwae("models", "--vocabulary-size", 50, "--json").succeeds().stdout


def test_what_follows_two_hyphens_is_no_option(pwae):
    assert "is now called" not in pwae("evaluate", "--", "--samples").stderr


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("evaluate", "x", "--first", 0), "first: "),
        (("persona-scores", "x", "--corpus", "c", "--run", "r", "--run-contexts", 0), "run_contexts: "),
        (("report", "x", "--out", "r.html", "--table6-users", 0), "table6_users: "),
        (("sample", "run", "--out", "o", "--strategy", "foo"), "pwae: strategy: "),
        (("chat", "run", "--strategy", "foo"), "pwae: strategy: "),
        (("demo", "run", "--no-repeat-ngram", -1), "pwae: no_repeat_ngram: "),
        (("adapt", "run", "--history-file", "h", "--start-users", -1), "start_users: "),
    ],
)
def test_a_wrong_value_is_told_under_the_name_that_was_typed(pwae, arguments, name):
    pwae(*arguments).fails(3, name)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("pwae train corpus --model pers", {"persona", "personawae"}),
        ("pwae sample run --strategy gr", {"greedy"}),
        ("pwae train corpus --preset sm", {"small"}),
        ("pwae sample run --device cp", {"cpu"}),
        ("pwae persona", {"persona-scores"}),
    ],
)
def test_a_shell_completes(words, offered):
    asked = {"_PWAE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    command = [sys.executable, "-m", "pwae_cli"]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=True)
    assert {*done.stdout.split()} == offered


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sample run --out o --temperature 0.5", "--temperature has no effect without --strategy top-k or nucleus."),
        ("sample run --out o --temperature 1.0", "--temperature has no effect without --strategy top-k or nucleus."),
        ("sample run --out o --strategy beam --top-k 4", "--top-k has no effect without --strategy top-k."),
        ("sample run --out o --strategy top-k --top-p 0.4", "--top-p has no effect without --strategy nucleus."),
        ("sample run --out o --strategy nucleus --beam-size 4", "--beam-size has no effect without --strategy beam."),
        ("chat run --temperature 2", "--temperature has no effect without --strategy top-k or nucleus."),
        ("demo run --temperature 2", "--temperature has no effect without --strategy top-k or nucleus."),
        ("preprocess raw --out o --cluster auto", "--cluster has no effect without --engine ray. Leave it out."),
        ("preprocess raw --out o --engine ray --workers 2", "--workers has no effect without --engine local."),
        (
            "preprocess raw --explain 0 --out o --force",
            "--out and --force have no effect with --explain. Leave them out.",
        ),
        ("preprocess raw --out o --split-by time --seed 8", "--seed has no effect without --split-by session or conv"),
        (
            "preprocess raw --out o --vocabulary c --vocabulary-size 9",
            "--vocabulary-size has no effect with --vocabulary. Leave it out.",
        ),
        ("diagnose run --force", "--force has no effect without --out. Leave it out."),
        ("evaluate r --force", "--force has no effect without --out. Leave it out."),
        ("persona-scores r --corpus c --force", "--force has no effect without --out. Leave it out."),
        ("human-eval-score s --key k --force", "--force has no effect without --out. Leave it out."),
        ("human-eval-score s --key k --json --as-latex", "--as-latex has no effect with --json."),
        ("human-eval-export r --corpus c --out o --no-ties", "--no-ties has no effect without --mode pairs."),
        ("human-eval-export r --corpus c --out o --ties", "--ties has no effect without --mode pairs."),
        ("human-eval-export r --corpus c --out o --no-together", "--no-together has no effect without --raters."),
        ("evaluate r --permutations 10000", "--permutations has no effect without --compare."),
        ("evaluate r --trials 9", "--permutations has no effect without --compare."),
        ("persona-scores r --corpus c --others 3", "--others has no effect without --run."),
        ("embed-words c --out o --from v --epochs 3 --threads 2", "--epochs and --threads have no effect with --from."),
    ],
)
def test_an_option_that_has_no_effect_is_refused(pwae, command, said):
    pwae(*command.split()).fails(3, said)


@pytest.mark.parametrize("name", sorted({word(one) for _, one in OPTIONS if one.multiple}))
def test_an_option_that_may_be_repeated_says_so(name):
    assert ["repeat" in one.help.lower() for _, one in BY_NAME[name] if one.multiple].count(False) == 0


@pytest.mark.parametrize(
    ("name", "choices"), [("--checkpoint", ("best", "last", "average")), ("--strategy", Strategy.__args__)]
)
def test_an_option_whose_choices_the_settings_check_names_them(name, choices):
    assert [choice for _, one in BY_NAME[name] for choice in choices if choice not in one.help] == []


def test_the_tables_name_options_that_the_commands_have():
    for name, rules in (*NEEDED.items(), *EXCLUDED.items()):
        known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        if name not in ("chat", "demo"):  # these have a few of sample's
            assert {one for names, _ in rules for one in names.split()} <= known
        assert {other.split()[0] for _, other in rules} <= known


@pytest.mark.parametrize("decoding", [{"temperature": 0.5}, {"strategy": "beam", "top_p": 0.5}])
def test_a_setting_of_decoding_that_its_strategy_does_not_read_is_refused(decoding):
    name = [*decoding][-1]
    with pytest.raises(ConfigError, match=f"decoding: {name} has no effect without the strategy "):
        SampleConfig.make({"decoding": decoding})
    assert SampleConfig.make({"decoding": {"strategy": "nucleus", "temperature": 0.5, "top_k": 40}})
