"""``pwae doctor``: what is there, and nothing that tells whose machine it is."""

import getpass
import platform
import socket
from pathlib import Path

import torch

from pwae_core import __version__


def test_it_tells_versions_and_the_machine(pwae):
    report = pwae("doctor", "--json").succeeds().json
    assert report["pwae"] == __version__
    assert platform.python_version() in report["python"]
    assert report["torch"]["version"] == torch.__version__
    assert {"torch", "numpy", "pyarrow", "typer"} <= {*report["packages"]}
    assert report["extras"]["cluster"].startswith("ray ")
    shown = pwae("doctor").succeeds().stdout
    for topic in ("packages:\n", "extras:\n", "torch:\n", "machine:\n", "terminal:\n"):
        assert f"\n{topic}" in shown
    assert f"  torch: {report['packages']['torch']}\n" in shown


def test_it_tells_nothing_private(pwae, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_TOKEN", "a-secret-token")
    monkeypatch.setenv("LC_ALL", "/home/somebody/secret words")
    monkeypatch.chdir(tmp_path)
    shown = pwae("doctor").succeeds().stdout
    assert "  LC_ALL: (set)\n" in shown
    private = ("secret", str(tmp_path), str(Path.home()), f"{getpass.getuser()}@", socket.gethostname())
    assert [word for word in private if len(word) > 3 and word in shown] == []


def test_it_tells_what_is_missing(pwae, monkeypatch):
    import pwae_core.stages.doctor as stage

    monkeypatch.setattr(stage, "requires", lambda _: ["numpy>=2", "no-such-thing[x]>=1", 'other>=1; extra == "more"'])
    report = pwae("doctor", "--json").succeeds().json
    assert {*report["packages"]} == {"numpy", "no-such-thing"}
    assert report["extras"] == {"more": "other not installed"}
    assert "no-such-thing is not installed, though pwae needs it." in report["notes"]


def test_an_encoding_that_lacks_characters_is_told(pwae):
    from pwae_core.stages.doctor import _remarks

    assert _remarks({"stdout's encoding": "ascii"})[0].startswith("Stdout is not UTF-8")
    assert not any(note.startswith("Stdout") for note in _remarks({"stdout's encoding": "UTF-8"}))
