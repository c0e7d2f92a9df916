"""``pwae sample`` as it is typed: what it prints, and its errors in one line."""

import pytest

from pwae_core import artifacts
from pwae_core.config.sample import DecodingConfig, SampleConfig


def test_a_typed_context_prints_one_table_of_all_its_users(pwae, made):
    options = (
        "--context",
        "do you like tea ?",
        "--context",
        "tea is not for me",
        "--samples",
        2,
        "--strategy",
        "top-k",
    )
    shown = pwae("sample", made.personawae, *options, "--user", "user001", "--user", "user004").succeeds()
    lines = shown.stdout.splitlines()
    assert [line for line in lines if line.startswith("- ")] == ["- do you like tea ?", "- tea is not for me"]
    assert sum("PersonaWAE (top-40 t=1)" in line for line in lines) == 1
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert [who for who, _ in rows] == ["user001", "", "user004", ""]
    report = (
        pwae("sample", made.personawae, *options, "--user", "user001", "--user", "user004", "--json").succeeds().json
    )
    assert [text for _, text in rows] == [text for answered in report["shown"] for text in answered["responses"]]
    assert report["shown"][0]["context"] == ["do you like tea ?", "tea is not for me"]
    assert (report["out"], report["contexts"], report["decoding"]) == (None, 1, "top-40 t=1")


def test_the_test_split_prints_a_few_contexts_with_their_ground_truth(pwae, made, tmp_path):
    command = ("sample", made.seq2seq, "--out", tmp_path / "r", "--samples", 2)
    shown = pwae(*command).succeeds().stdout
    assert shown.startswith(f"Seq2Seq: 20 contexts x 2 responses (greedy) written: {tmp_path / 'r'}\n")
    assert shown.count("ground truth") == 3
    again = pwae(*command).succeeds().stdout
    assert again == shown.replace(") written: ", ") already exist: ")
    report = pwae(*command, "--json").succeeds().json
    for answered in report["shown"]:
        assert answered["reference"] in shown
        assert len(answered["responses"]) == 2


def test_an_answer_that_is_the_same_each_time_is_printed_once(pwae, made):
    command = ("sample", made.seq2seq, "--context", "do you like tea ?", "--user", "user001", "--samples", 10)
    answers = pwae(*command, "--json").succeeds().json["shown"][0]["responses"]
    assert len(answers) == 10
    shown = pwae(*command).succeeds().stdout
    assert shown.count(answers[0]) == 1
    assert "(the same 10 times)" in shown
    single = pwae(*command[:-1], 1).succeeds().stdout
    assert "the same" not in single


def test_text_is_inert(pwae, made):
    typed = "[bold]tea[/bold] \x1b[31m =1+1"
    shown = pwae("sample", made.seq2seq, "--context", typed, "--samples", 1).succeeds().stdout
    assert "- [bold]tea[/bold] \ufffd[31m =1+1" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    "chosen",
    [
        {"strategy": "nucleus", "top_p": 0.5, "temperature": 0.7},
        {"strategy": "top-k", "top_k": 6},
        {"strategy": "beam", "beam_size": 2},
    ],
)
def test_options_are_the_settings_of_their_names(pwae, made, tmp_path, chosen):
    options = {
        "samples": 3,
        "limit": 2,
        "batch_size": 5,
        "checkpoint": "last",
        "seed": 4,
        "no_repeat_ngram": 3,
        "max_length": 9,
        **chosen,
    }
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    pwae("sample", made.seq2seq, "--out", tmp_path / "r", *words, "--allow-unknown").succeeds()
    decoding = {name: value for name, value in options.items() if name in DecodingConfig.model_fields}
    rest = {name: value for name, value in options.items() if name in SampleConfig.model_fields}
    expected = SampleConfig.make(rest | {"decoding": decoding | {"allow_unknown": True}})
    assert artifacts.load(tmp_path / "r", "responses").config == expected.model_dump(mode="json")


@pytest.mark.parametrize(
    "options",
    [[], ["--out", "r", "--context", "hi"], ["--user", "user001"], ["--out", "r", "--user", "user001"]],
    ids=["neither", "both", "a user alone", "a user for the test split"],
)
def test_either_the_test_split_or_a_context(pwae, made, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = pwae("sample", made.seq2seq, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    told = "give one of these: --out for the test split, --context (and --user) for a conversation, --input for lines."
    assert told in " ".join(result.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", [["--limit", 3], ["--corpus", "corpus"], ["--force"]])
def test_options_of_the_test_split_are_refused_for_a_context(pwae, made, option):
    result = pwae("sample", made.seq2seq, "--context", "hi", *option)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--corpus, --test-of, --limit and --force are for the test split" in result.stderr.replace("│", " ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--samples", 0], ["samples: Input should be greater than 0 (got 0)."]),
        (["--limit", 0], ["limit: Input should be greater than 0 (got 0)."]),
        (["--strategy", "best"], ["strategy: Input should be 'greedy', 'top-k', 'nucleus' or 'beam'"]),
        (["--strategy", "nucleus", "--top-p", 1.5], ["top_p: Input should be less than or equal to 1 (got 1.5)."]),
        (["--strategy", "top-k", "--temperature", "inf"], ["temperature: Input should be a finite number (got inf)."]),
        (["--checkpoint", "first"], ["checkpoint: Input should be 'best', 'last' or 'average' (got 'first')."]),
        (["--seed", 2**40], ["seed: Input should be less than 4294967296"]),
        (["--device", "tpu"], ["--device tpu: there is no such device here. Use auto, cpu or cuda."]),
    ],
)
def test_wrong_settings_are_one_line(pwae, made, options, words):
    pwae("sample", made.seq2seq, "--context", "hi", *options).fails(3, *words)
