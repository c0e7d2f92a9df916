"""The same steps on a Ray cluster of two worker nodes: the same bytes, and errors that read the same.

The cluster runs in a network and process namespace of its own, since Ray's services listen on every interface: nothing
outside sees it, and nothing of it outlives the test.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from chats import write_exports
from planted import planted, write_jsonl

from pwae_core.corpus.engine import ray_cluster
from pwae_core.stages.preprocess import preprocess

ROOT = Path(__file__).parents[3]
APART = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
INSIDE = 'ip link set lo up && exec "$@"'


def missing() -> str:
    if importlib.util.find_spec("ray") is None:
        return "Ray is not installed"
    if not all(map(shutil.which, ("unshare", "ip"))):
        return "no unshare or ip here"
    tried = subprocess.run([*APART, "sh", "-c", INSIDE, "sh", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "a network namespace of its own is not allowed here"


@pytest.fixture
def on_cluster():
    reason = missing()
    if reason:
        pytest.skip(reason)
    temporary = tempfile.mkdtemp(prefix="pwae-ray-", dir="/tmp")  # short: sockets lie in it
    Path(temporary, "ray").mkdir()

    def run(*arguments: object) -> subprocess.CompletedProcess:
        script = [sys.executable, Path(__file__).with_name("ray_cluster.py"), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": temporary}
        command = [*APART, "sh", "-c", INSIDE, "sh", *map(str, script)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    yield run
    shutil.rmtree(temporary, ignore_errors=True)


def test_a_cluster_gives_the_same_bytes(on_cluster, tmp_path, snapshot):
    rows = planted(users=10, conversations=200).rows
    parts = [write_jsonl(rows[n::4], tmp_path / f"part{n}") for n in range(4)]
    parts += write_exports(tmp_path)
    here = preprocess(parts, tmp_path / "here", workers=1)
    made = on_cluster("preprocess", *parts, "--out", tmp_path / "there")
    assert made.returncode == 0, made.stderr
    assert snapshot(tmp_path / "there") == snapshot(tmp_path / "here")
    assert f"{here.counts['sessions']:,}" in made.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["here", *(part.name for part in parts), "there"])


def test_without_ray_or_a_cluster_it_is_said_so(pwae, tmp_path, monkeypatch):
    raw = write_jsonl(planted(users=6, conversations=60).rows, tmp_path / "raw")
    monkeypatch.setitem(sys.modules, "ray", None)
    result = pwae("preprocess", raw, "--out", tmp_path / "corpus", "--engine", "ray")
    result.fails(3, "--engine ray needs Ray, which is not installed. Run: pip install ray")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]


def test_known_errors_come_through_as_they_are():
    from pwae_core.errors import InputError

    def fails(word):
        raise InputError(word)

    assert str(ray_cluster._guarded(fails, "row 3")) == "row 3"
    assert ray_cluster._guarded(len, "abc") == 3


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:port"])
def test_where_no_cluster_answers_it_is_said_so(pwae, tmp_path, address):
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    raw = write_jsonl(planted(users=6, conversations=60).rows, tmp_path / "raw")
    result = pwae("preprocess", raw, "--out", tmp_path / "corpus", "--engine", "ray", "--cluster", address)
    result.fails(
        3, f"No Ray cluster answers at '{address}'. Start one with 'ray start --head', or name it with --cluster."
    )
