"""The command line: quick to help, one line for a known error, the exit code of its class."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
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
    listed = pwae("--help").succeeds().stdout.partition("Commands:\n")[2].splitlines()
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
    assert result.stderr == "pwae: Interrupted; nothing half-written was left. Run the same command again.\n"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_goes_away_is_no_traceback(tmp_path, form):
    corpus = write_corpus(tmp_path / "corpus")
    read, write = os.pipe()
    os.close(read)
    arguments = ["embed-words", corpus, "--out", tmp_path / "v", "--dimension", 2, *form]
    command = [sys.executable, "-c", "from pwae_cli.app import main\nmain()", *map(str, arguments)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.returncode in {1, 141}
    assert done.stderr == ""
