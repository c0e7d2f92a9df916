"""Parts of other distributions: found by name, imported when named, refused in a line that says whose they are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fake_plugins import write_plugin
from judged import make_corpus, make_responses
from trained import SIZES, stopped

from pwae_core import plugins
from pwae_core.config.preprocess import FORMATS
from pwae_core.config.train import SYSTEMS
from pwae_core.corpus.readers import READERS
from pwae_core.errors import ConfigError
from pwae_core.models import MODELS
from pwae_core.training.checkpoints import LAST, load_checkpoint

METRIC = "from pwae_core import Metric\nPART = Metric(name={name!r}, score={score})\n"
SPEECHLESS = (
    "class Speechless(Exception):\n    def __str__(self):\n        return 1 / 0\ndef fail(*_):\n    raise Speechless\n"
)
SYSTEM = "from pwae_core.models import MODELS\nclass PART(MODELS['seq2seq']):\n    {body}\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages, first on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def answers(tmp_path: Path) -> tuple[Path, Path]:
    """Responses, and a file of those that only ``evaluate`` reads."""
    judged = make_corpus(tmp_path / "corpus", 6)
    return make_responses(tmp_path / "one", "One", judged), make_responses(tmp_path / "two", "Two", judged)


def test_nothing_is_imported_before_it_is_named(pwae: Callable[..., Any], site: Path) -> None:
    for kind in ("metric", "system", "reader"):
        write_plugin(site, kind, f"own-{kind}", "raise RuntimeError('imported')")
    listed = pwae("metrics").succeeds().stdout
    assert "own-metric: own-metric  (pwae evaluate --metric own-metric)\n  Source: plugin of acme 1.2." in listed
    assert pwae("metrics", "--json").succeeds().json[-1]["name"] == "own-metric"
    assert "own-system: plugin of acme 1.2" in pwae("models").succeeds().stdout
    assert pwae("models", "--json").succeeds().json[-1] == {"name": "own-system", "plugin": "acme 1.2"}
    formats = pwae("preprocess", "x", "--format", "list").succeeds().stdout
    assert "own-reader" in formats
    assert "plugin: acme 1.2" in formats


def test_help_looks_for_no_plugin(site: Path) -> None:
    """Neither the entry points nor what they need are touched by a start that names none."""
    code = (
        "import sys; from typer.testing import CliRunner; from pwae_cli.app import app\n"
        "for words in (['--help'], ['train', '--help'], ['evaluate', '--help']):\n"
        "    assert CliRunner().invoke(app, words).exit_code == 0\n"
        "from pwae_core import plugins; print(plugins._installed.cache_info().misses)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


BROKEN: list[tuple[str, str, str, str]] = [
    (
        "metric",
        "m",
        "import nothing_of_that_name",
        "cannot be imported (ModuleNotFoundError: No module",
    ),
    ("metric", "m", "1 / 0", "cannot be imported (ZeroDivisionError: division by zero)"),
    ("metric", "m", "raise SystemExit(0)", "cannot be imported (SystemExit: 0)"),
    ("metric", "m", "def broken(:", "cannot be imported (SyntaxError"),
    ("metric", "m", "OTHER = 1", "cannot be imported (AttributeError"),
    ("metric", "m", "PART = len", "is no pwae_core.Metric"),
    ("metric", "m", METRIC.format(name="n", score="len"), "calls itself 'n'"),
    ("metric", "m", METRIC.format(name="m", score="7"), "has a score that cannot be called"),
    ("metric", "m", METRIC.format(name="m", score="lambda *_: [1]"), "gave 1 scores for 6 contexts"),
    ("metric", "m", METRIC.format(name="m", score="lambda *_: iter(float, 1)"), "gave more scores for 6 contexts"),
    (
        "metric",
        "m",
        METRIC.format(name="m", score="lambda *_: dict.fromkeys(range(6))"),
        "failed (TypeError: score gives numbers, such as a list of them, not a dict)",
    ),
    (
        "metric",
        "m",
        METRIC.format(name="m", score="lambda *_: '123456'"),
        "failed (TypeError: score gives numbers, such as a list of them, not a str)",
    ),
    ("metric", "m", METRIC.format(name="m", score="lambda *_: 7"), "failed (TypeError: 'int' object is not iterable)"),
    ("metric", "m", METRIC.format(name="m", score="lambda *_: ['x'] * 6"), "failed (ValueError: could not convert"),
    ("metric", "m", METRIC.format(name="m", score="lambda *_: [1e999] * 6"), "gave a score beyond 1e+100"),
    ("metric", "m", METRIC.format(name="m", score="lambda *_: [-1e308] * 6"), "gave a score beyond 1e+100"),
    ("metric", "m", METRIC.format(name="m", score="len, signature='a'"), "has a signature that is no mapping"),
    (
        "metric",
        "m",
        METRIC.format(name="m", score="len, signature={'tok': '13a'}"),
        "has 'tok' in its signature, a field",
    ),
    (
        "metric",
        "m",
        METRIC.format(name="m", score="len, signature={'seed': 1}"),
        "has 'seed' in its signature, a field",
    ),
    ("metric", "m", METRIC.format(name="m", score="len, traps='a'"), "has a formula or traps that are no tuple of"),
    (
        "metric",
        "m",
        METRIC.format(name="m", score="len, source=None"),
        "has a formula or traps that are no tuple of strings, or a source",
    ),
    ("metric", "m", SPEECHLESS + METRIC.format(name="m", score="fail"), "failed (Speechless: its message cannot be"),
    ("metric", "m", METRIC.format(name="m", score="lambda *_: [float('nan')] * 6"), "gave no context a score"),
    ("metric", "BLEU-F1", METRIC.format(name="BLEU-F1", score="len"), "has the name of one of pwae's own metrics"),
    ("metric", "bleu-f1", METRIC.format(name="bleu-f1", score="len"), "is the name of one of pwae's own metrics"),
    ("metric", "a|b", METRIC.format(name="a|b", score="len"), "is not a valid metric name"),
    ("metric", "bleu", METRIC.format(name="bleu", score="len"), "has the name of one of pwae's own metrics"),
    ("system", "s", "PART = len", "is not a class derived from pwae_core.Model"),
    ("system", "s", "from pwae_core import Model as PART", "does not define begin, negative_log_likelihood, phases"),
    ("system", "s", SYSTEM.format(body="display_name = 7"), "does not define display_name"),
    ("system", "s", SYSTEM.format(body="reference = 'a\\nb'"), "does not define reference"),
    (
        "system",
        "s",
        SYSTEM.format(body="latent = True"),
        "has latent = True and does not define posterior_mean, latent",
    ),
    ("system", "s", SYSTEM.format(body="user_rows = ('people.weight')"), "does not define user_rows"),
    ("system", "s", SYSTEM.format(body="def __init__(self): ..."), "cannot be made from a config, the size"),
    ("system", "seq2seq", SYSTEM.format(body="pass"), "has the name of one of pwae's own systems"),
    ("reader", "r", "PART = len", "is no pwae_core.Reader"),
    ("reader", "r", "from pwae_core.corpus.readers import READERS\nPART = READERS['csv']", "calls itself 'csv'"),
    ("reader", "csv", "PART = len", "has the name of one of pwae's own readers"),
]


@pytest.mark.parametrize(("kind", "name", "code", "words"), BROKEN)
def test_a_plugin_that_is_not_right_is_one_line(
    pwae: Callable[..., Any],
    site: Path,
    answers: tuple[Path, Path],
    tmp_path: Path,
    kind: str,
    name: str,
    code: str,
    words: str,
) -> None:
    write_plugin(site, kind, name, code)
    (tmp_path / "raw.csv").write_text("conversation_id,turn,user_id,text\nc,0,ann,tea\n")
    command: dict[str, list[object]] = {
        "metric": ["evaluate", answers[0], "--metric", name, "--out", tmp_path / "out"],
        "system": ["train", tmp_path / "corpus", "--model", name, "--out", tmp_path / "out"],
        "reader": ["preprocess", tmp_path / "raw.csv", "--format", name, "--out", tmp_path / "out"],
    }
    result = pwae(*command[kind])
    result.fails(3, f"The {kind} {name} of acme 1.2 {words}", "Repair or uninstall acme 1.2.")
    assert not (tmp_path / "out").exists()


def test_a_reader_that_fails_while_it_reads_is_one_line(pwae: Callable[..., Any], site: Path, tmp_path: Path) -> None:
    rows = "def rows(record):\n    yield {}[record['a']]\n"
    made = "PART = record_reader(name='r', recognises=lambda _: True, rows=rows, holds='a', shape='turns')\n"
    write_plugin(site, "reader", "r", f"from pwae_core import record_reader\n{rows}{made}")
    (tmp_path / "raw.jsonl").write_text('{"a": "tea"}\n')
    result = pwae("preprocess", tmp_path / "raw.jsonl", "--format", "r", "--out", tmp_path / "out")
    result.fails(3, "The reader r of acme 1.2 failed (KeyError: 'tea'). Repair or uninstall acme 1.2.")
    assert not (tmp_path / "out").exists()


def test_records_for_which_a_reader_gives_nothing_are_counted(
    pwae: Callable[..., Any], site: Path, tmp_path: Path
) -> None:
    """An ``if`` without an ``else`` is how one skips what one does not want."""
    rows = "def rows(record):\n    if 'text' in record:\n        yield record"
    made = "PART = record_reader(name='r', recognises=bool, rows=rows, holds='a', shape='turns')"
    write_plugin(site, "reader", "r", f"from pwae_core import record_reader\n{rows}\n{made}\n")
    said = [{"conversation_id": f"c{n // 3}", "turn": n % 3, "user_id": "ann", "text": f"tea {n}"} for n in range(24)]
    (tmp_path / "raw.jsonl").write_text("\n".join(map(json.dumps, [*said, {"ad": 1}, {"ad": 2}])))
    command = ("preprocess", tmp_path / "raw.jsonl", "--format", "r", "--min-utterances", 1, "--out", tmp_path / "out")
    account = {one["what"]: one["count"] for one in pwae(*command, "--json").succeeds().json["account"]}
    assert account == {"rows in the files": 26, "nothing given by the reader": 2, "rows kept": 24}


@pytest.mark.parametrize(
    ("rows", "shape", "words"),
    [
        ("exit", "turns", "failed (SystemExit: "),
        ("list", "turn", "cannot be imported (ConfigError: shape: expected one"),
        ("dict", "turns", "failed (TypeError: rows gives rows and reasons, such as a list of them, not a dict)"),
        ("str", "turns", "failed (TypeError: rows gives rows and reasons, such as a list of them, not a str)"),
    ],
)
def test_a_reader_neither_ends_the_command_nor_makes_up_a_shape(
    pwae: Callable[..., Any], site: Path, tmp_path: Path, rows: str, shape: str, words: str
) -> None:
    made = f"PART = record_reader(name='r', recognises=bool, rows={rows}, holds='a', shape={shape!r})\n"
    write_plugin(site, "reader", "r", f"from pwae_core import record_reader\nfrom sys import exit\n{made}")
    (tmp_path / "raw.jsonl").write_text('{"a": "tea"}\n')
    pwae("preprocess", tmp_path / "raw.jsonl", "--format", "r", "--out", tmp_path / "out").fails(3, words)


@pytest.mark.parametrize(
    ("failing", "raised"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("exit()", "SystemExit:"), ("exit(0)", "SystemExit: 0")],
)
def test_a_system_that_fails_while_it_trains_is_one_line(
    pwae: Callable[..., Any], site: Path, made: Any, tmp_path: Path, failing: str, raised: str
) -> None:
    body = f"def phases(self, config):\n        from sys import exit\n        return {failing}"
    write_plugin(site, "system", "s", SYSTEM.format(body=body))
    result = pwae("train", made.corpus, "--model", "s", "--device", "cpu", "--out", tmp_path / "out")
    result.fails(3, "The system s of acme 1.2 failed in acme_system_", f", line 5 ({raised})")


WRONG_RESULTS = [
    ("negative_log_likelihood", "batch, noise", "found['prior_nll']", "that returns a tensor of shape [], not a dict"),
    ("negative_log_likelihood", "batch, noise", "{'nll': 1}", "returns a dictionary with nll, not a dictionary of"),
    ("begin", "batch, samples, noise", "next(iter(found.values()))", "has a begin that returns a tensor of shape [4, "),
    ("begin", "batch, samples, noise", "{}", "has a begin that returns a dictionary of nothing, not a dictionary of"),
    ("begin", "batch, samples, noise", "{k: v[:2] for k, v in found.items()}", "with 4 rows for 2 sessions and 2 samp"),
    ("step", "tokens, state", "found[0]", "has a step that returns a tensor of shape [4, "),
    ("step", "tokens, state", "(found[0][:, None], found[1])", "has a step whose logits are a tensor of shape [4, 1, "),
    ("phases", "config", "()", "has no phases, a tuple of pwae_core.Phase"),
    ("phases", "config", "(replace(found[0], loss=lambda *_: 1),)", "whose loss is of the type int, not a pwae_core.L"),
]


@pytest.mark.parametrize(("method", "given", "returned", "words"), WRONG_RESULTS)
def test_a_system_that_returns_what_it_should_not_is_refused_before_it_is_trained(
    pwae: Callable[..., Any],
    site: Path,
    made: Any,
    tmp_path: Path,
    method: str,
    given: str,
    returned: str,
    words: str,
) -> None:
    body = f"def {method}(self, {given}):\n        found = super().{method}({given})\n        return {returned}"
    code = f"from dataclasses import replace\n{SYSTEM.format(body=body)}"
    write_plugin(site, "system", "s", code)
    small = [word for size in SIZES for word in ("--set", f"model.{size}")]
    result = pwae("train", made.corpus, "--model", "s", "--device", "cpu", *small, "--out", tmp_path / "out")
    result.fails(3, "The system s of acme 1.2 ", words, "Repair or uninstall acme 1.2.")
    assert not (tmp_path / "out").exists()


def test_the_trial_of_a_system_changes_nothing_and_takes_gradients_within_a_loss(
    pwae: Callable[..., Any], site: Path, made: Any, tmp_path: Path
) -> None:
    """A loss that needs a gradient, as a penalty does; a buffer that counts, as batch norm's does."""
    body = """def __init__(self, *given):
        super().__init__(*given)
        self.register_buffer("seen", torch.zeros(()))
    def phases(self, config):
        (one,) = super().phases(config)
        def loss(batch, noise):
            self.seen += 1
            found = one.loss(batch, noise)
            torch.autograd.grad(found.total.value, self.word_table.weight, retain_graph=True)
            return found
        return (replace(one, loss=loss),)"""
    write_plugin(site, "system", "s", f"import torch\nfrom dataclasses import replace\n{SYSTEM.format(body=body)}")
    pwae(*made.train(tmp_path / "run", "model.name=s", "max_steps=3")).succeeds()
    tensors, _ = load_checkpoint(tmp_path / "run" / "checkpoints", LAST, torch.device("cpu"))
    assert tensors["model.seen"] == 3


OTHER = """def __init__(self, *given):
        super().__init__(*given)
        self.extra = torch.nn.Linear(3, 3)"""


def test_a_run_does_not_go_on_with_a_system_that_has_become_another_one(
    pwae: Callable[..., Any], site: Path, made: Any, tmp_path: Path
) -> None:
    """Of the same version. A finished run stays finished: with the system that it was trained with, it answers."""
    done, begun, points = tmp_path / "done", tmp_path / "begun", site / "acme-1.2.dist-info" / "entry_points.txt"
    write_plugin(site, "system", "s", SYSTEM.format(body="pass"))
    known = points.read_text()
    pwae(*made.train(done, "model.name=s", "max_steps=2")).succeeds()
    stopped(pwae, 2, made.train(begun, "model.name=s", "max_steps=4"))
    points.unlink()
    write_plugin(site, "system", "s", "import torch\n" + SYSTEM.format(body=OTHER))
    plugins._installed.cache_clear()
    words = "belong to another system. It was trained as s of acme 1.2: pip install acme==1.2, or choose another --out."
    resumed = pwae("train", "--resume", done, "--set", "max_steps=3", "--device", "cpu")
    resumed.fails(6, f"The weights of {done} {words}")
    pwae(*made.train(begun, "model.name=s", "max_steps=4")).fails(6, f"The weights of {begun} {words}")
    points.write_text(known)
    plugins._installed.cache_clear()
    pwae("sample", done, "--context", "tea", "--device", "cpu").succeeds()


def test_a_loss_and_a_phase_say_what_they_are_made_of() -> None:
    """In a process that does not check every type, as these tests do."""
    tried = "try:\n    {}\nexcept TypeError as error:\n    print(error)\n"
    code = "from pwae_core import Loss, Phase\n" + "".join(
        tried.format(one) for one in ("Loss(1.5)", "Phase('all', len, [], None)")
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [
        "the total of a Loss is a Mean, a value and its units, not a float",
        "the parameters of a Phase are a dictionary, dict(self.named_parameters()), not a list",
    ]


@pytest.mark.parametrize("failing", ["first", "second"])
def test_of_two_systems_of_a_package_the_one_that_was_asked_for_is_blamed(
    pwae: Callable[..., Any], site: Path, made: Any, tmp_path: Path, failing: str
) -> None:
    """Their module is not that of the entry points, which re-exports them; and what fails is in a third one."""
    package = site / f"twins_{failing}"
    package.mkdir()
    for name in ("first", "second"):
        write_plugin(site, "system", name, "", module=package.name)
    body = f"def phases(self, config):\n        from {package.name}.inner import fail\n        return fail()"
    (package / "__init__.py").write_text(f"from {package.name}.system import PART")
    (package / "system.py").write_text(SYSTEM.format(body=body))
    (package / "inner.py").write_text("def fail():\n    return 1 / 0")
    result = pwae("train", made.corpus, "--model", failing, "--device", "cpu", "--out", tmp_path / "out")
    result.fails(3, f"The system {failing} of acme 1.2 failed in inner.py, line 2 (ZeroDivisionError: division by zero")


def test_what_no_plugin_has_done_is_nobody_s_fault(site: Path) -> None:
    write_plugin(site, "system", "s", SYSTEM.format(body="pass"))
    write_plugin(site, "reader", "r", "PART = 1")
    for failing in (lambda: 1 / 0, lambda: int("x")):
        with pytest.raises((ZeroDivisionError, ValueError)) as caught, plugins.guarded("reader", "csv", {"csv": 1}):
            failing()
        assert plugins.culprit(caught.value) is None
    with pytest.raises(FileNotFoundError), plugins.guarded("reader", "r", {}):
        (site / "gone").read_bytes()


@pytest.mark.parametrize("kind", ["metric", "system", "reader"])
def test_two_plugins_of_one_name(site: Path, kind: plugins.Kind) -> None:
    for distribution in ("acme", "zenith"):
        write_plugin(site, kind, "same", "PART = 1", distribution)
    with pytest.raises(ConfigError, match=f"Both acme 1.2 and zenith 1.2 have a {kind} called same. Uninstall one"):
        plugins.find(kind, "same", {})
    with pytest.raises(ConfigError, match=f"There is no {kind} called sane; did you mean same"):
        plugins.pick(kind, "sane", {}, lambda *_: "")


def test_a_distribution_that_cannot_be_read_is_named_and_others_are_let_be(site: Path) -> None:
    write_plugin(site, "metric", "m", "PART = 1")
    (site / "other-1.dist-info").mkdir()
    (site / "other-1.dist-info" / "entry_points.txt").write_text("[console_scripts]\nnonsense\n")
    (site / "binary-1.dist-info").mkdir()
    (site / "binary-1.dist-info" / "entry_points.txt").write_bytes(b"[pwae.metrics]\n\xff = a:b\n")
    assert [one.name for one in plugins.installed("metric")] == ["m"]
    (site / "acme-1.2.dist-info" / "entry_points.txt").write_text("[pwae.readers]\nnonsense\n")
    plugins._installed.cache_clear()
    with pytest.raises(ConfigError, match=r"The entry points of acme 1\.2 cannot be read"):
        plugins.installed("metric")
    (site / "acme-1.2.dist-info" / "METADATA").unlink()
    (site / "acme-1.2.dist-info" / "entry_points.txt").write_text("[pwae.metrics]\nm = gone:PART\n")
    plugins._installed.cache_clear()
    assert [one.label for one in plugins.installed("metric")] == ["? ?"]


def test_names_that_nobody_has(pwae: Callable[..., Any], answers: tuple[Path, Path], site: Path) -> None:
    write_plugin(site, "metric", "Exact", "PART = 1")
    pwae("evaluate", answers[0], "--metric", "Exakt").fails(3, "There is no metric called Exakt; did you mean Exact.")
    pwae("evaluate", answers[0], "--metric", "BLEU-F1").fails(
        3, "BLEU-F1 is one of pwae's own, which are always computed."
    )
    pwae("metrics", "Exakt").fails(3, "There is no metric 'Exakt'")


def test_a_metric_of_a_plugin_is_scored_signed_compared_and_kept(
    pwae: Callable[..., Any], site: Path, answers: tuple[Path, Path], tmp_path: Path
) -> None:
    """Its value for each context is the number of tokens of the first answer; of one context it has none."""
    score = "lambda answers, real: [float('nan'), *(len(one[0]) for one in answers[1:])]"
    write_plugin(site, "metric", "First-Length", METRIC.format(name="First-Length", score=score))
    command = ("evaluate", *answers, "--metric", "First-Length", "--compare", "--out", tmp_path / "scores")
    report = pwae(*command, "--json").succeeds().json
    total = report["systems"][0]["totals"]["First-Length"]
    assert total["contexts"] == 5
    lacks = [f"First-Length: no score of {system['system']} for 1 context." for system in report["systems"]]
    assert report["notes"][-2:] == lacks
    assert total["signature"].startswith("First-Length|by:acme 1.2|tok:nltk|samples:4|refs:1|bs:1000|seed:7|")
    (compared,) = [one for one in report["comparisons"] if one["metric"] == "First-Length"]
    assert compared["difference"] == pytest.approx(
        report["systems"][1]["totals"]["First-Length"]["value"] - total["value"]
    )
    assert compared["randomisation_holm"] == compared["randomisation"]  # alone in its family
    shown = pwae(*command).succeeds().stdout
    assert "Other metrics" in shown
    assert "First-Length|by:acme 1.2" in shown
    (site / "acme-1.2.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.3\n")
    plugins._installed.cache_clear()
    pwae(*command).fails(6, "made differently (input plugin/acme: 1.2, now 1.3)")


def test_a_metric_of_another_signature_makes_other_scores(
    pwae: Callable[..., Any], site: Path, answers: tuple[Path, Path], tmp_path: Path
) -> None:
    """Of the same version: who works on a metric seldom changes that."""
    part = "PART = Metric(name='m', score=lambda a, _: [{}] * 6, signature={{'model': {!r}}})"
    code = f"from pwae_core import Metric\n{part}"
    command = ("evaluate", answers[0], "--metric", "m", "--out", tmp_path / "scores", "--json")
    write_plugin(site, "metric", "m", code.format(1, "small"))
    pwae(*command).succeeds()
    assert pwae(*command).succeeds().json["standing"]
    (site / "acme-1.2.dist-info" / "entry_points.txt").unlink()
    plugins._installed.cache_clear()
    write_plugin(site, "metric", "m", code.format(2, "large"))
    pwae(*command).fails(6, "made differently (input metric/m/model: small, now large)")
    report = pwae(*command, "--force").succeeds().json
    assert report["systems"][0]["totals"]["m"]["value"] == 2


def test_a_metric_changes_and_prints_what_it_likes(
    pwae: Callable[..., Any], site: Path, answers: tuple[Path, Path]
) -> None:
    """The next one gets the answers as they were, and what it prints is no part of the results."""
    code = "from pwae_core import Metric\ndef score(answers, real):\n    print('here')\n    {body}\n"
    for name, body in (("a", "answers.clear(); return [1] * 6"), ("b", "return [len(answers)] * 6")):
        part = f"PART = Metric(name={name!r}, score=score, signature={{'x': 'y\\nz|'}})"
        write_plugin(site, "metric", name, code.format(body=body) + part, f"of_{name}")
    result = pwae("evaluate", answers[0], "--metric", "a", "--metric", "b", "--json").succeeds()
    (system,) = result.json["systems"]
    assert (system["totals"]["a"]["value"], system["totals"]["b"]["value"]) == (1, 6)
    assert "|x:y z/|" in system["totals"]["a"]["signature"]
    assert "here" in result.stderr


READS = """
from pwae_core import record_reader
print('imported')
def rows(record):
    print('rows')
    yield {**record, 'conversation_id': record['conversation']}
PART = record_reader(name='r', recognises=bool, rows=rows, holds='a', shape='turns')
"""
TURNS = [{"conversation": f"c{n // 3}", "turn": n % 3, "user_id": "ann", "text": f"tea {n}"} for n in range(24)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_reader_prints_is_no_part_of_the_results(
    pwae: Callable[..., Any], site: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], workers: int
) -> None:
    write_plugin(site, "reader", "r", READS)
    for part in range(2):
        lines = (json.dumps(turn) for turn in TURNS[12 * part : 12 * part + 12])
        (tmp_path / f"{part}.jsonl").write_text("\n".join(lines))
    command = ("preprocess", tmp_path / "*.jsonl", "--format", "r", "--min-utterances", 1, "--workers", workers)
    result = pwae(*command, "--out", tmp_path / "out", "--valid", 1, "--test", 1, "--json").succeeds()
    assert result.json["counts"]["rows"] == 24
    workers_printed = capfd.readouterr()
    assert workers_printed.out == ""
    assert "imported\nrows\n" in result.stderr + workers_printed.err


def test_what_a_system_or_a_metric_prints_is_no_part_of_the_results(
    pwae: Callable[..., Any], site: Path, made: Any, answers: tuple[Path, Path], tmp_path: Path
) -> None:
    body = "def phases(self, config):\n        print('phases')\n        return super().phases(config)"
    write_plugin(site, "system", "s", SYSTEM.format(body=body))
    command = ("train", made.corpus, "--model", "s", "--device", "cpu", "--out", tmp_path / "out")
    small = [word for size in SIZES for word in ("--set", f"model.{size}")]
    trained = pwae(*command, "--preset", "small", "--max-steps", 1, *small, "--json").succeeds()
    assert trained.json["steps"] == 1
    assert "phases\n" in trained.stderr
    write_plugin(
        site, "metric", "m", "print('imported')\n" + METRIC.format(name="m", score="lambda a, _: [1] * len(a)")
    )
    scored = pwae("evaluate", answers[0], "--metric", "m", "--json").succeeds()
    assert scored.json["systems"][0]["totals"]["m"]["value"] == 1
    assert "imported\n" in scored.stderr


def test_the_names_of_systems_and_formats_are_those_of_their_classes() -> None:
    assert tuple(MODELS) == SYSTEMS
    assert set(READERS) == set(FORMATS)
