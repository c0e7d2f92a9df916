"""The command line: quick to help, one line for a known error, the exit code of its class."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from forked import CLOSED, GONE
from small_corpus import write_corpus

import pwae_core.stages.embed_words as stage
from pwae_cli.app import __file__ as app_file
from pwae_cli.app import app
from pwae_core import __version__, errors

HEAVY = [
    *("torch", "gensim", "nltk", "pandas", "numpy", "pyarrow", "daft", "scipy", "sklearn"),
    *("rjieba", "jieba", "safetensors", "xlsxwriter", "jaxtyping"),
]
COMMANDS = [command.name for command in app.registered_commands]
KNOWN = [kind for kind in vars(errors).values() if isinstance(kind, type)]


def run(code, *arguments, **options):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_every_file_of_commands_is_a_command_of_its_name():
    folder = Path(app_file).parent / "commands"
    files = {path.stem.replace("_", "-") for path in folder.glob("[!_]*.py")}
    assert sorted(COMMANDS) == sorted(files)
    assert {"preprocess", "embed-words", "train", "sample", "evaluate", "human-eval-export"} <= files


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom pwae_cli.app import app\n"
        "for name in ['', *sys.argv[1:]]:\n"
        "    result = CliRunner().invoke(app, [name, '--help'] if name else ['--help'])\n"
        "    assert result.exit_code == 0 and '--help' in result.stdout, result\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))\n"
    )
    done = run(code, *COMMANDS)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_help_names_every_command(pwae):
    shown = pwae("--help").succeeds().stdout
    for name in COMMANDS:
        assert f"  {name} " in shown


def test_help_says_what_each_command_does_in_a_whole_sentence(pwae, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = pwae("--help").succeeds().stdout.splitlines()
    listed = [line for line in lines[lines.index("Data:") :] if line.startswith("  ")]
    assert [line.split()[0] for line in listed] == COMMANDS
    assert [line for line in listed if not line.endswith(".") or line.endswith("..")] == []
    assert max(map(len, listed)) < 80


def test_the_version(pwae):
    assert pwae("--version").succeeds().stdout == f"pwae {__version__}\n"


@pytest.mark.parametrize("arguments", [["--bogus"], ["bogus"], ["embed-words"], ["embed-words", "a", "--out"]])
def test_a_wrong_command_line_is_exit_code_2(pwae, arguments):
    result = pwae(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr


@pytest.mark.parametrize("kind", KNOWN)
def test_a_known_error_is_one_line_and_its_exit_code(pwae, monkeypatch, kind):
    def stop(*_, **__):
        raise kind("The fact,\nthen the next step.")

    monkeypatch.setattr(stage, "embed_words", stop)
    result = pwae("embed-words", "corpus", "--out", "out")
    assert (result.exit_code, result.stdout) == (kind("").exit_code, "")
    assert result.stderr == "pwae: The fact, then the next step.\n"


def test_control_c_is_one_line_and_130(pwae, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "embed_words", stop)
    result = pwae("embed-words", "corpus", "--out", "out")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "pwae: Interrupted; nothing half-written is in place. Run the same command again.\n"


@pytest.mark.parametrize("command", ["--help", "metrics", "metrics --json", "models --json", "models", "train --help"])
def test_a_stdout_that_takes_nothing_is_one_line(forked, tmp_path, command):
    done = forked(*command.split(), folder=tmp_path, stdout="/dev/full")
    line = "pwae: Cannot print the result: No space left on device. What the command wrote is complete.\n"
    assert (done.exit_code, done.stderr) == (7, line)


@pytest.mark.parametrize("command", ["--help", "metrics", "metrics --json", "models"])
def test_a_reader_that_goes_away_ends_a_command_quietly(forked, tmp_path, command):
    done = forked(*command.split(), folder=tmp_path, stdout=GONE)
    assert (done.exit_code, done.stderr) == (141, "")


@pytest.mark.parametrize(
    "streams",
    [
        *({name: CLOSED} for name in ("stdin", "stdout", "stderr")),
        {"stdin": CLOSED, "stdout": CLOSED, "stderr": CLOSED},
        {"stderr": "/dev/full"},
        {"stderr": GONE},
    ],
)
def test_closed_or_full_streams_stop_no_stage(forked, tmp_path, streams):
    corpus = write_corpus(tmp_path / "corpus")
    done = forked("embed-words", corpus, "--out", "v", "--dimension", 2, "--threads", 2, folder=tmp_path, **streams)
    assert (done.exit_code, done.stderr.replace(SEVERAL, "")) == (0, "")
    assert (tmp_path / "v" / "manifest.json").is_file()
    assert forked("embed-words", corpus, "--out", "v2", "--dimension", 2, folder=tmp_path).exit_code == 0


SEVERAL = "2 threads: the vectors will differ from run to run; with --threads 1 they are reproducible.\n"


@pytest.mark.parametrize("stream", ["/dev/full", CLOSED, GONE])
def test_an_error_that_nobody_can_read_keeps_its_exit_code(forked, tmp_path, stream):
    assert forked("embed-words", "none", "--out", "v", folder=tmp_path, stderr=stream).exit_code == 6
    assert forked("--bogus", folder=tmp_path, stderr=stream).exit_code == 2


NOT_UTF8 = os.fsdecode(b"\xc4\xe3")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["embed-words", NOT_UTF8, "--out", "v"], ["CORPUS", "\\udcc4", "bytes that are not UTF-8"]),
        (["embed-words", "c", "--out", NOT_UTF8], ["--out", "bytes that are not UTF-8"]),
        (["evaluate", f"{NOT_UTF8}=x"], ["RESPONSES", "bytes that are not UTF-8"]),
        (["sample", "run", "--context", "tea", "--context", NOT_UTF8], ["--context", "bytes that are not UTF-8"]),
        (["adapt", "run", "--history-file", "h", "--user", NOT_UTF8], ["--user", "bytes that are not UTF-8"]),
        (["preprocess", "x.jsonl", "--out", "a/" + "茶" * 86], ["--out: a name of 258 bytes", "at most 255"]),
        (["embed-words", "c", "--out", "../" * 50], ["--out ../", "that is the root of the file system"]),
        (["report", "a\0b", "--out", "r"], ["PATHS", "zero byte"]),
        (
            ["embed-words", "c", "--out=~/v"],
            ["--out ~/v", "the shell left ~ as it is", "Write the path without quotes"],
        ),
    ],
)
def test_an_argument_that_no_file_and_no_text_can_be_is_one_line(pwae, arguments, words):
    pwae(*arguments).fails(3, *words)


def test_a_tilde_that_the_shell_left_is_no_folder_unless_there_is_one(pwae, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pwae("embed-words", "~/corpus", "--out", "v").fails(3, "CORPUS ~/corpus", "the shell left ~ as it is")
    pwae("embed-words", "corpus", "--out", "~v").fails(6, "corpus")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "~").mkdir()
    pwae("embed-words", "~/corpus", "--out", "v").fails(6, "~/corpus")


def test_in_a_folder_whose_name_is_not_utf8(pwae, tmp_path, monkeypatch):
    folder = tmp_path / NOT_UTF8
    folder.mkdir()
    monkeypatch.chdir(folder)
    pwae("embed-words", "corpus", "--out", "v").fails(3, "CORPUS", "bytes that are not UTF-8")
    assert list(folder.iterdir()) == []


def test_in_a_folder_that_is_gone(forked, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    done = forked("embed-words", "corpus", "--out", "v", folder=folder, gone=True)
    assert (done.exit_code, done.stdout, done.stderr) == (
        7,
        "",
        "pwae: The current folder no longer exists. Change to another one.\n",
    )


def test_links_in_a_circle(pwae, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for command in (["embed-words", tmp_path / "loop", "--out", "v"], ["report", tmp_path / "loop", "--out", "r.html"]):
        result = pwae(*command)
        result.fails(result.exit_code, "loop")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (OSError(5, "Input/output error", "a/b"), 7, "Cannot use a/b: Input/output error."),
        (OSError(36, "File name too long", "x", None, "y"), 7, "Cannot use x, y: File name too long."),
        (
            RuntimeError("Symlink loop from 'x'"),
            7,
            "Symbolic links form a loop: Symlink loop from 'x'. Remove one of them.",
        ),
        (MemoryError(), 10, "Out of memory. Use smaller settings or less data, or a larger machine."),
        (RuntimeError("[enforce fail] can't allocate memory: you tried"), 10, "Out of memory."),
        (RuntimeError("std::bad_alloc"), 10, "Out of memory."),
    ],
)
def test_what_the_system_refuses_is_one_line(pwae, monkeypatch, error, code, line):
    def stop(*_, **__):
        raise error

    monkeypatch.setattr(stage, "embed_words", stop)
    pwae("embed-words", "corpus", "--out", "out").fails(code, line)


def test_an_error_of_our_own_is_not_hidden(pwae, monkeypatch):
    def stop(*_, **__):
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(stage, "embed_words", stop)
    with pytest.raises(KeyError):
        pwae("embed-words", "corpus", "--out", "out")


@pytest.mark.parametrize("arguments", [["a\x1b[31m"], ["--a\x1b[31m"], ["metrics", "--json", "--\u202ex"]])
def test_a_wrong_command_line_does_not_steer_the_terminal(pwae, arguments):
    result = pwae(*arguments)
    assert result.exit_code == 2
    assert not {"\x1b", "\u202e"} & set(result.stderr)


def test_control_c_while_the_command_starts_is_quiet():
    """The signal comes in the middle of an import, as it does when somebody changes their mind at once."""
    code = (
        "import importlib.abc, runpy, signal, sys, os\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Meanwhile(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == sys.argv[1]:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Meanwhile())\n"
        "runpy.run_module('pwae_cli', run_name='__main__')\n"
    )
    for module in ("pwae_cli.app", "typer", "rich.console"):
        done = run(code, module)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
