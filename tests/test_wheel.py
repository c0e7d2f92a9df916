"""The wheel alone: installed outside the checkout it has all its files, and every command works."""

from __future__ import annotations

import email
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from forked import Pwae
from markdown_it import MarkdownIt
from repository import ROOT, files
from world import ADAPT, SCORE, SYSTEMS, make_world

from pwae_cli.app import COMMANDS

OFFLINE = ("--no-deps", "--no-index", "--disable-pip-version-check", "--quiet")
SDIST = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
"""An environment in which nothing leads to the checkout."""
CORPUS, PAIRS = ("--corpus", "corpus"), ("--mode", "pairs", "--language", "zh")
AFTER_THE_WORLD: tuple[tuple[str, ...], ...] = (
    ("data-check", "corpus"),
    ("models",),
    ADAPT,
    ("diagnose", "personawae", "--contexts", "4", "--samples", "2"),
    ("chat", "personawae", "--user", "user001"),
    ("prompts", "corpus", "--out", "prompts.jsonl"),
    ("persona-scores", "answers", *CORPUS, "--least", "1", "--resamples", "20"),
    ("metrics",),
    ("human-eval-export", *SYSTEMS, *CORPUS, *PAIRS, "--out", "pairs", "--contexts", "3"),
    ("human-eval-score", "returned", "--key", "key", *(word.format(out="ratings") for word in SCORE)),
    ("plans",),
    ("experiment", "plan.toml", "--out", "results"),
    ("report", "personawae", "answers", "scores", "ratings", "corpus", "--out", "report.html"),
    ("doctor",),
)


@dataclass(frozen=True)
class Installed:
    wheel: Path
    python: Path

    @property
    def pwae(self) -> Path:
        return self.python.with_name("pwae")


def pip(*words: object, folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", *map(str, words), *OFFLINE], cwd=folder, env=ALONE, check=True)


def built(folder: Path) -> Path:
    """The wheel, made as for an index: of the source distribution, which is made of a fresh checkout."""
    source = folder / "source"
    for name in files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    subprocess.run([sys.executable, "-c", SDIST, folder], cwd=source, env=ALONE, capture_output=True, check=True)
    (sdist,) = folder.glob("*.tar.gz")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, sdist, folder=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """In a new environment, which finds everything but pwae in that of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", symlinks=True)
    made = Installed(built(folder), folder / "venv" / "bin" / "python")
    pip("--python", made.python, "install", made.wheel, folder=folder)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "those_of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    return made


def test_the_text_for_an_index_has_only_links_that_work_there(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        told = email.message_from_bytes(wheel.read(name))
    assert told["Description-Content-Type"] == "text/markdown"
    text = told.get_payload()
    assert isinstance(text, str)
    assert text.startswith("# pwae\n")
    tokens = [one for token in MarkdownIt().parse(text) for one in (token, *(token.children or ()))]
    links = [str(value) for one in tokens for name, value in one.attrs.items() if name in ("href", "src")]
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_wheel_holds_every_file_of_the_packages(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == set(files("pwae_cli", "pwae_core"))


def test_every_command_works(installed: Installed, tmp_path: Path) -> None:
    place = [installed.python, "-c", "import pwae_core, pwae_cli; print(pwae_core.__file__, pwae_cli.__file__)"]
    shown = subprocess.run(place, cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=True).stdout
    assert [Path(one).is_relative_to(installed.python.parents[1]) for one in shown.split()] == [True, True]
    worked = set()
    with Pwae(installed.python, ALONE) as pwae:

        def run(*command: str) -> None:
            said = "said.txt" if command[0] == "chat" else ""
            done = pwae(*command, folder=tmp_path, stdin=said)
            assert done.exit_code == 0, (command, done)
            worked.add(command[0])

        make_world(run, tmp_path)
        for command in AFTER_THE_WORLD:
            run(*command)
    the_demo_answers(installed.pwae, tmp_path)
    assert worked | {"demo"} == {name for names in COMMANDS.values() for name in names}


def the_demo_answers(pwae: Path, folder: Path) -> None:
    """The console script: a server that shows its page and ends at an interrupt."""
    command = [pwae, "demo", "personawae", "--port", "0", "--device", "cpu"]
    with subprocess.Popen(command, cwd=folder, env=ALONE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            (address,) = re.findall(r"http://\S+/", process.stdout.readline())
            with urllib.request.urlopen(address, timeout=60) as page:
                assert b"</html>" in page.read()
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()
