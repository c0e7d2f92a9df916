"""Artifacts: whole or absent, checked when read, never something else's ruin."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest

from pwae_core import artifacts, schemas
from pwae_core.artifacts import Plan
from pwae_core.errors import ArtifactError, StorageError

PLAN = Plan("vectors", {"dimension": 2, "seed": 7}, {"corpus": "a" * 64})


def table(rows=3, start=0):
    ids = range(start, start + rows)
    columns = {
        "id": list(ids),
        "token": [f"w{n}" for n in ids],
        "vector": [[n, n / 2] for n in ids],
        "known": [True] * rows,
    }
    return pa.table(columns, schema=schemas.VECTORS)


def make(folder, plan=PLAN, facts=None, **options):
    with artifacts.draft(folder, plan, **options) as draft:
        draft.write("vectors.parquet", table())
        draft.facts |= facts or {"vocabulary": "b" * 64}
    return artifacts.load(folder, "vectors")


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_what_is_written_is_read_back(tmp_path):
    made = make(tmp_path / "v")
    assert made.table("vectors.parquet").equals(table())
    assert made.table("vectors.parquet", ["token"]).to_pydict() == {"token": ["w0", "w1", "w2"]}
    assert made.rows("vectors.parquet") == 3
    assert made.facts == {"vocabulary": "b" * 64}
    assert made.config == {"dimension": 2, "seed": 7}
    assert names(tmp_path) == ["v"]
    assert names(tmp_path / "v") == ["manifest.json", "vectors.parquet"]


def test_nothing_depends_on_where_or_in_which_pieces_it_was_made(tmp_path, snapshot):
    rows = artifacts.ROW_GROUP + 10
    with artifacts.draft(tmp_path / "whole", PLAN) as draft:
        draft.write("vectors.parquet", table(rows))
    with artifacts.draft(tmp_path / "pieces", PLAN) as draft, draft.writer("vectors.parquet") as write:
        for start in range(0, rows, 10_000):
            write(table(min(10_000, rows - start), start))
    assert snapshot(tmp_path / "whole") == snapshot(tmp_path / "pieces")
    one, two = (artifacts.load(tmp_path / name, "vectors") for name in ("whole", "pieces"))
    assert one.fingerprint == two.fingerprint
    assert one.rows("vectors.parquet") == rows
    assert one.table("vectors.parquet")["id"].to_pylist() == list(range(rows))


def test_an_empty_table_keeps_its_schema(tmp_path):
    with artifacts.draft(tmp_path / "v", PLAN) as draft, draft.writer("vectors.parquet"):
        pass
    made = artifacts.load(tmp_path / "v", "vectors")
    assert made.rows("vectors.parquet") == 0
    assert made.table("vectors.parquet").schema.equals(schemas.VECTORS)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (table().drop_columns(["known"]), "vectors.parquet: columns \\['id', 'token', 'vector'\\], expected"),
        (table().append_column("more", pa.array([1, 2, 3])), "'known', 'more'\\], expected"),
        (table().select(["token", "id", "vector", "known"]), "columns \\['token', 'id'"),
        (table().set_column(1, "token", pa.array(["a", None, "c"])), "column token has nulls"),
        (table().set_column(0, "id", pa.array(["a", "b", "c"])), "Failed to parse string"),
    ],
)
def test_a_table_that_is_not_the_schemas_is_refused(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message), artifacts.draft(tmp_path / "v", PLAN) as draft:
        draft.write("vectors.parquet", wrong)
    assert names(tmp_path) == []


def test_wider_types_are_cast_to_the_schemas(tmp_path):
    wide = table().set_column(0, "id", pa.array([0, 1, 2], pa.int64()))
    wide = wide.set_column(1, "token", wide["token"].cast(pa.large_string()))
    with artifacts.draft(tmp_path / "v", PLAN) as draft:
        draft.write("vectors.parquet", wide)
    assert artifacts.load(tmp_path / "v", "vectors").table("vectors.parquet").equals(table())


def test_what_stands_is_recognised(tmp_path):
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) is None
    (tmp_path / "v").mkdir()
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) is None
    made = make(tmp_path / "v")
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) == made
    assert artifacts.standing(tmp_path / "v", PLAN, force=True) is None


def test_a_tuple_in_a_config_is_the_list_that_was_stored(tmp_path):
    plan = Plan("vectors", {"sizes": (1, 2)}, {})
    made = make(tmp_path / "v", plan)
    assert artifacts.standing(tmp_path / "v", plan, force=False) == made


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan("vectors", {"dimension": 3, "seed": 7}, PLAN.inputs), "config dimension: 2, now 3"),
        (Plan("vectors", {"dimension": 2}, PLAN.inputs), "config seed: 7, now none"),
        (Plan("vectors", PLAN.config, {"corpus": "c" * 64}), f"input corpus: {'a' * 16}, now {'c' * 16}"),
        (
            Plan("vectors", {"dimension": 3, "seed": 8}, {"corpus": "c" * 64, "file": "d" * 64}),
            f"input corpus: {'a' * 16}, now {'c' * 16}; input file: none, now {'d' * 16}; "
            "config dimension: 2, now 3 and 1 more",
        ),
    ],
)
def test_what_was_made_differently_says_how(tmp_path, plan, words):
    make(tmp_path / "v")
    with pytest.raises(ArtifactError) as caught:
        artifacts.standing(tmp_path / "v", plan, force=False)
    advice = "Choose another --out, or --force to replace it."
    assert str(caught.value) == f"{tmp_path / 'v'} stands, made differently ({words}). {advice}"
    assert artifacts.standing(tmp_path / "v", plan, force=True) is None


def test_another_version_of_pwae_makes_another_artifact(tmp_path, monkeypatch):
    make(tmp_path / "v")
    monkeypatch.setattr(artifacts, "__version__", "9.9")
    with pytest.raises(ArtifactError, match=r"made differently \(pwae .*, now 9\.9\)"):
        artifacts.standing(tmp_path / "v", PLAN, force=False)


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("name", ["notes.txt", "manifest.json", "plan.json"])
def test_a_folder_of_somebody_elses_is_never_touched(tmp_path, force, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text('{"name": "my own"}')
    with pytest.raises(ArtifactError, match=r"is not an artifact of pwae|json is damaged"):
        artifacts.standing(tmp_path / "mine", PLAN, force=force)
    (tmp_path / "file").write_text("my own")
    with pytest.raises(ArtifactError, match=r"file exists and is not an artifact of pwae\. Choose another --out\."):
        artifacts.standing(tmp_path / "file", PLAN, force=force)


@pytest.mark.parametrize("force", [True, False])
def test_force_does_not_replace_what_another_stage_made(tmp_path, force):
    make(tmp_path / "v")
    with pytest.raises(ArtifactError, match=r"v holds vectors \(of 'pwae embed-words'\), expected corpus"):
        artifacts.standing(tmp_path / "v", Plan("corpus", {}, {}), force=force)


def test_force_replaces_a_damaged_artifact(tmp_path):
    make(tmp_path / "v")
    (tmp_path / "v" / "manifest.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"manifest\.json is damaged: not a manifest of pwae\. Make the"):
        artifacts.standing(tmp_path / "v", PLAN, force=False)
    assert artifacts.standing(tmp_path / "v", PLAN, force=True) is None
    assert make(tmp_path / "v").table("vectors.parquet").num_rows == 3
    assert names(tmp_path) == ["v"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"kind": "vectors"}', "\udcff"])
def test_a_corrupt_manifest_is_one_line(tmp_path, text):
    make(tmp_path / "v")
    (tmp_path / "v" / "manifest.json").write_text(text, errors="surrogateescape")
    with pytest.raises(ArtifactError, match=r"manifest\.json is damaged: not a manifest of pwae\."):
        artifacts.load(tmp_path / "v", "vectors")


@pytest.mark.parametrize("part", ["kind", "stage", "pwae", "config", "inputs", "facts", "files"])
def test_a_manifest_without_one_of_its_parts_is_corrupt(tmp_path, part):
    make(tmp_path / "v")
    path = tmp_path / "v" / "manifest.json"
    manifest = json.loads(path.read_text())
    for value in (None, 3):
        path.write_text(json.dumps(manifest | {part: value}))
        with pytest.raises(ArtifactError, match="not a manifest of pwae"):
            artifacts.load(tmp_path / "v", "vectors")
    del manifest[part]
    path.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="not a manifest of pwae"):
        artifacts.load(tmp_path / "v", "vectors")


def test_one_changed_byte_is_found(tmp_path):
    made = make(tmp_path / "v")
    path = tmp_path / "v" / "vectors.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError) as caught:
        made.table("vectors.parquet")
    assert str(caught.value) == (
        f"{path} is damaged: its bytes are not those that its manifest records. "
        f"Run 'pwae embed-words' again with --force."
    )
    path.unlink()
    with pytest.raises(ArtifactError, match=r"parquet is missing\. Run 'pwae embed-words' again with --force\."):
        made.table("vectors.parquet")


def test_a_table_of_other_columns_is_named(tmp_path, monkeypatch):
    made = make(tmp_path / "v")
    other = {"vectors": {"vectors.parquet": schemas.VOCABULARY}}
    monkeypatch.setattr(artifacts, "ARTIFACTS", other)
    with pytest.raises(ArtifactError, match=r"has the columns \['id', 'token', 'vector', 'known'\], expected"):
        made.table("vectors.parquet")


def test_what_is_missing_says_which_stage_makes_it(tmp_path, monkeypatch):
    with pytest.raises(ArtifactError, match=r"none holds no corpus\. Run 'pwae preprocess' first\."):
        artifacts.load(tmp_path / "none", "corpus")
    monkeypatch.chdir(tmp_path)
    for here in (Path(), Path("/")):
        with pytest.raises(ArtifactError, match=r"holds no run\. Run 'pwae train' first\."):
            artifacts.load(here, "run")


def test_two_vocabularies_are_both_named(tmp_path):
    one = make(tmp_path / "one", facts={"vocabulary": "1" * 64})
    two = make(tmp_path / "two", facts={"vocabulary": "2" * 64})
    artifacts.same_vocabulary(one, one)
    with pytest.raises(ArtifactError) as caught:
        artifacts.same_vocabulary(one, two)
    assert str(caught.value) == (
        f"{one.folder} (vocabulary {'1' * 12}) and {two.folder} (vocabulary {'2' * 12}) were made from different "
        f"vocabularies. Use artifacts of one corpus."
    )


def test_a_draft_that_raises_leaves_nothing_and_what_stood_stays(tmp_path, snapshot):
    make(tmp_path / "v")
    before = snapshot(tmp_path)
    with pytest.raises(KeyError), artifacts.draft(tmp_path / "v", PLAN) as draft:
        draft.write("vectors.parquet", table())
        raise KeyError
    assert snapshot(tmp_path) == before
    assert names(tmp_path) == ["v"]


def test_a_resumable_draft_keeps_its_work_for_the_same_plan_only(tmp_path):
    with pytest.raises(KeyError), artifacts.draft(tmp_path / "v", PLAN, resume=True) as draft:
        (draft.folder / "shard-0").write_text("done")
        raise KeyError
    (tmp_path / ".v.partial" / ".shard-1.new").write_text("killed while writing")
    with artifacts.draft(tmp_path / "v", PLAN, resume=True) as draft:
        assert names(draft.folder) == ["plan.json", "shard-0"]
        raise_later = draft.folder / "shard-0"
        raise_later.unlink()
        draft.write("vectors.parquet", table())
    assert names(tmp_path / "v") == ["manifest.json", "vectors.parquet"]

    with pytest.raises(KeyError), artifacts.draft(tmp_path / "w", PLAN, resume=True) as draft:
        (draft.folder / "shard-0").write_text("done")
        raise KeyError
    other = Plan("vectors", {"dimension": 3}, {})
    with artifacts.draft(tmp_path / "w", other, resume=True) as draft:
        assert names(draft.folder) == ["plan.json"]
        draft.write("vectors.parquet", table())


def test_in_place_it_can_be_watched_and_is_unfinished_until_it_is_complete(tmp_path):
    with artifacts.draft(tmp_path / "v", PLAN, resume=True, in_place=True) as draft:
        assert draft.folder == tmp_path / "v"
        assert artifacts.standing(tmp_path / "v", PLAN, force=False) is None
        with pytest.raises(ArtifactError, match=r"unfinished vectors\. Run the same 'pwae embed-words' command"):
            artifacts.load(tmp_path / "v", "vectors")
        with pytest.raises(ArtifactError, match="exists and is not an artifact"):
            artifacts.standing(tmp_path / "v", Plan("corpus", {}, {}), force=False)
        draft.write("vectors.parquet", table())
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) == artifacts.load(tmp_path / "v", "vectors")


def test_in_place_a_draft_begun_afresh_keeps_its_work_when_it_is_interrupted(tmp_path):
    make(tmp_path / "v", in_place=True)
    with pytest.raises(KeyError), artifacts.draft(tmp_path / "v", PLAN, in_place=True) as draft:
        assert names(draft.folder) == ["plan.json"]
        (draft.folder / "checkpoint").write_text("saved")
        raise KeyError
    with artifacts.draft(tmp_path / "v", PLAN, resume=True, in_place=True) as draft:
        assert names(draft.folder) == ["checkpoint", "plan.json"]
        draft.write("vectors.parquet", table())


def test_two_writers_of_one_folder_do_not_meet(tmp_path):
    with artifacts.draft(tmp_path / "v", PLAN) as draft:
        code = (
            "from pathlib import Path; from pwae_core import artifacts; from pwae_core.errors import StorageError\n"
            f"plan = artifacts.Plan('vectors', {{}}, {{}})\n"
            "try:\n"
            f"    with artifacts.draft(Path({str(tmp_path / 'v')!r}), plan): print('in')\n"
            "except StorageError as error: print(error)\n"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        where = tmp_path / ".v.partial"
        assert other.stdout == f"Another process is writing {where}. Wait for it, or choose another --out.\n"
        draft.write("vectors.parquet", table())
    assert artifacts.load(tmp_path / "v", "vectors").rows("vectors.parquet") == 3


@pytest.mark.parametrize("moment", ["artifacts.pq.ParquetWriter", "files.write_bytes", "files.replace_folder"])
def test_killed_at_any_moment_the_rerun_is_as_if_nothing_had_happened(tmp_path, snapshot, moment):
    code = (
        "import os, signal, sys; from pathlib import Path; from pwae_core import artifacts, files\n"
        "sys.path.insert(0, sys.argv[2]); import test_artifacts\n"
        f"{moment} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        "test_artifacts.make(Path(sys.argv[1]))\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "v"), str(Path(__file__).parent)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    with pytest.raises(ArtifactError, match=r"v was not completed by 'pwae embed-words'\. Run that command again\."):
        artifacts.load(tmp_path / "v", "vectors")
    make(tmp_path / "v")
    make(tmp_path / "w")
    assert snapshot(tmp_path / "v") == snapshot(tmp_path / "w")
    assert names(tmp_path) == ["v", "w"]


def test_killed_between_manifest_and_plan_the_artifact_is_complete(tmp_path, snapshot):
    make(tmp_path / "v", in_place=True)
    before = snapshot(tmp_path / "v")
    (tmp_path / "v" / "plan.json").write_bytes(b"{}")
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) is not None
    assert snapshot(tmp_path / "v") == before


def test_killed_between_the_two_renames_the_rerun_completes_it(tmp_path):
    make(tmp_path / "v")
    (tmp_path / "v").rename(tmp_path / ".v.old")
    make(tmp_path / "v")
    assert names(tmp_path) == ["v"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(artifacts.pq.ParquetWriter, "write_table", refuse)
    with pytest.raises(StorageError, match=rf"Cannot write {tmp_path / 'v'}: .*; free some space\."):
        make(tmp_path / "v")
    assert names(tmp_path) == []


def test_a_disk_that_is_really_full(tmp_path):
    """A file system of 64 kilobytes, where the machine lets one be mounted."""
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("mounting a small file system needs privileges that this machine does not give")
    try:
        with (
            pytest.raises(StorageError, match=r"v: the disk is full; free some space\."),
            artifacts.draft(tmp_path / "v", PLAN) as draft,
        ):
            draft.write("vectors.parquet", table(60_000))
        assert names(tmp_path) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_an_unwritable_place_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/v: part of the path is a file; choose another --out\."):
        make(tmp_path / "file" / "v")


def test_a_folder_that_may_not_be_written_is_one_line():
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        if user == 0:  # root may write anywhere: try as nobody
            os.seteuid(65534)
        try:
            with pytest.raises(StorageError, match=r"v: the folder may not be written; choose another --out\."):
                make(Path(name) / "v")
        finally:
            os.seteuid(user)
