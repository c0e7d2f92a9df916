"""Artifacts: whole or absent, checked when read, never something else's ruin."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from altered import resealed

from pwae_core import artifacts, schemas
from pwae_core.artifacts import Plan, artifact, notes
from pwae_core.artifacts.ownership import bears_its_hash
from pwae_core.errors import ArtifactError, StorageError
from pwae_core.files import sealed

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


DIE = "os.kill(os.getpid(), signal.SIGKILL)"


def kill_in(folder, code, **options):
    """Makes a draft in a process that does ``code`` in it and is then killed."""
    script = (
        f"with artifacts.draft(Path(sys.argv[1]), test_artifacts.PLAN, **{options}) as draft:\n    {code}\n    {DIE}\n"
    )
    dies(folder, script)


def kill_at(moment, folder, **facts):
    """Makes an artifact in a process that is killed when it comes to a method of Staging."""
    dies(
        folder, f"staging.Staging.{moment} = lambda *_: {DIE}\ntest_artifacts.make(Path(sys.argv[1]), facts={facts})\n"
    )


def dies(folder, script):
    head = (
        "import os, signal, sys; from pathlib import Path; from pwae_core import artifacts\n"
        "from pwae_core.artifacts import staging\n"
        "sys.path[:0] = sys.argv[2:]; import test_artifacts\n"
    )
    arguments = [sys.executable, "-c", head + script, str(folder), *map(str, Path(__file__).parents[:2])]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL


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
    assert str(caught.value) == f"{tmp_path / 'v'} already exists, made differently ({words}). {advice}"
    assert artifacts.standing(tmp_path / "v", plan, force=True) is None


def test_another_version_of_pwae_makes_another_artifact(tmp_path, monkeypatch):
    make(tmp_path / "v")
    monkeypatch.setattr(notes, "__version__", "9.9")
    with pytest.raises(ArtifactError, match=r"made differently \(pwae .*, now 9\.9\)"):
        artifacts.standing(tmp_path / "v", PLAN, force=False)


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("name", ["notes.txt", "manifest.json", "plan.json", "vectors.parquet"])
def test_a_folder_of_somebody_elses_is_never_touched(tmp_path, force, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text('{"name": "my own"}')
    with pytest.raises(
        ArtifactError, match=r"is not an artifact of pwae|json was altered or damaged, or was not written"
    ):
        artifacts.standing(tmp_path / "mine", PLAN, force=force)
    (tmp_path / "file").write_text("my own")
    with pytest.raises(ArtifactError, match=r"file exists and is not an artifact of pwae\. Choose another --out\."):
        artifacts.standing(tmp_path / "file", PLAN, force=force)


@pytest.mark.parametrize("force", [True, False])
def test_force_does_not_replace_what_another_stage_made(tmp_path, force):
    make(tmp_path / "v")
    with pytest.raises(ArtifactError, match=r"v holds vectors \(of 'pwae embed-words'\), expected corpus"):
        artifacts.standing(tmp_path / "v", Plan("corpus", {}, {}), force=force)


@pytest.mark.parametrize("force", [True, False])
def test_an_artifact_without_a_manifest_to_be_believed_is_not_replaced(tmp_path, force, snapshot):
    make(tmp_path / "v")
    (tmp_path / "v" / "manifest.json").write_text("{")
    before = snapshot(tmp_path)
    with pytest.raises(ArtifactError, match=r"manifest\.json was altered or damaged.* Move the folder away and make"):
        artifacts.standing(tmp_path / "v", PLAN, force=force)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("my own"), Path.unlink])
def test_force_replaces_a_damaged_artifact_when_what_is_damaged_is_away(tmp_path, spoil):
    make(tmp_path / "v")
    table_of = tmp_path / "v" / "vectors.parquet"
    spoil(table_of)
    if table_of.exists():
        with pytest.raises(
            ArtifactError, match=rf"^{table_of} is in the way, and pwae did not write it, or it has changed"
        ):
            artifacts.standing(tmp_path / "v", PLAN, force=True)
        assert table_of.read_text() == "my own"
        table_of.unlink()
    assert artifacts.standing(tmp_path / "v", PLAN, force=True) is None
    assert make(tmp_path / "v").table("vectors.parquet").num_rows == 3
    assert names(tmp_path) == ["v"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"kind": "vectors"}', "\udcff", "[" * 100_000, "9" * 5000])
def test_a_corrupt_manifest_is_one_line(tmp_path, text):
    make(tmp_path / "v")
    (tmp_path / "v" / "manifest.json").write_text(text, errors="surrogateescape")
    with pytest.raises(ArtifactError, match=r"manifest\.json was altered or damaged, or was not written by pwae"):
        artifacts.load(tmp_path / "v", "vectors")


def test_a_manifest_of_the_first_release_says_that_it_has_no_seal(tmp_path):
    make(tmp_path / "v")
    old = {"kind": "vectors", "stage": "embed-words", "pwae": "0.1.0", "config": {}, "inputs": {}, "facts": {}}
    (tmp_path / "v" / "manifest.json").write_text(json.dumps(old))
    for read in (
        lambda: artifacts.load(tmp_path / "v", "vectors"),
        lambda: artifacts.standing(tmp_path / "v", PLAN, force=True),
    ):
        with pytest.raises(
            ArtifactError, match=r"was made by pwae 0\.1\.0, whose manifests have no seal\. Make the artifact again"
        ):
            read()


@pytest.mark.parametrize(
    "part", ["artifact", "kind", "stage", "pwae", "config", "inputs", "facts", "files", "environment"]
)
def test_a_sealed_manifest_of_another_shape_is_refused(tmp_path, part):
    make(tmp_path / "v")
    path = tmp_path / "v" / "manifest.json"
    whole = path.read_bytes()
    for change in (
        lambda note: note.update({part: None}),
        lambda note: note.update({part: 3}),
        lambda note: note.pop(part),
        lambda note: note.update({f"{part}s": 1}),
    ):
        path.write_bytes(whole)
        resealed(path, change)
        with pytest.raises(ArtifactError, match="was altered or damaged"):
            artifacts.load(tmp_path / "v", "vectors")


@pytest.mark.parametrize("name", ["../other/file", "/etc/passwd", "", "a//b", "."])
def test_a_manifest_lists_nothing_outside_its_folder(tmp_path, name):
    make(tmp_path / "v")
    resealed(tmp_path / "v" / "manifest.json", lambda note: note["files"].update({name: {"sha256": "0" * 64}}))
    with pytest.raises(ArtifactError, match="was altered or damaged"):
        artifacts.load(tmp_path / "v", "vectors")


def test_no_bit_of_a_note_can_be_another(tmp_path):
    """Every bit of every twelfth byte; benchmarks/reliability.py flips every one."""
    make(tmp_path / "v")
    for path, read in ((tmp_path / "v" / "manifest.json", notes.manifest_of), (tmp_path / "plan.json", notes.plan_of)):
        if path.name == "plan.json":
            notes.write_plan(tmp_path, PLAN.unfinished(["log.parquet"]))
        whole = path.read_bytes()
        assert read(path.parent)
        for place in range(0, len(whole), 12):
            for bit in range(8):
                path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
                assert read(path.parent) is None, (place, bit)


def test_an_edited_manifest_is_refused_rather_than_believed(tmp_path):
    make(tmp_path / "v", facts={"f1": 0.0144})
    path = tmp_path / "v" / "manifest.json"
    path.write_text(path.read_text().replace("0.0144", "0.9144"))
    with pytest.raises(ArtifactError, match="was altered or damaged"):
        artifacts.standing(tmp_path / "v", PLAN, force=False)


def test_the_environment_is_on_record_and_makes_no_other_artifact(tmp_path, monkeypatch):
    one = make(tmp_path / "v")
    assert set(one.manifest["environment"]) == {"python", "gensim", "numpy", "pyarrow"}
    monkeypatch.setattr("platform.python_version", lambda: "3.99")
    other = make(tmp_path / "w")
    assert other.manifest["environment"]["python"] == "3.99"
    assert (tmp_path / "v" / "manifest.json").read_bytes() != (tmp_path / "w" / "manifest.json").read_bytes()
    assert one.fingerprint == other.fingerprint
    assert artifacts.standing(tmp_path / "v", PLAN, force=False)


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
        f"Move it away. Run 'pwae embed-words' again with --force."
    )
    path.unlink()
    with pytest.raises(ArtifactError, match=r"parquet is missing\. Run 'pwae embed-words' again with --force\."):
        made.table("vectors.parquet")


def test_a_table_of_other_columns_is_named(tmp_path, monkeypatch):
    made = make(tmp_path / "v")
    other = {"vectors": {"vectors.parquet": schemas.VOCABULARY}}
    monkeypatch.setattr(artifact, "ARTIFACTS", other)
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


def test_a_kill_leaves_a_resumable_draft_its_work_for_the_same_plan_only(tmp_path):
    kill_in(tmp_path / "v", "(draft.work / 'shard-0.arrow').write_text('done')", resume=True)
    with artifacts.draft(tmp_path / "v", PLAN, resume=True) as draft:
        assert (draft.work / "shard-0.arrow").read_text() == "done"
        draft.write("vectors.parquet", table())
    assert names(tmp_path / "v") == ["manifest.json", "vectors.parquet"]

    kill_in(tmp_path / "w", "(draft.work / 'shard-0.arrow').write_text('done')", resume=True)
    with artifacts.draft(tmp_path / "w", Plan("vectors", {"dimension": 3}, {}), resume=True) as draft:
        assert names(draft.work) == []
        draft.write("vectors.parquet", table())
    assert names(tmp_path) == ["v", "w"]


def test_an_error_leaves_nothing_but_one_of_storage_what_can_be_resumed(tmp_path):
    with pytest.raises(KeyError), artifacts.draft(tmp_path / "v", PLAN, resume=True):
        raise KeyError
    assert names(tmp_path) == []
    with pytest.raises(StorageError), artifacts.draft(tmp_path / "v", PLAN, resume=True) as draft:
        (draft.work / "shard-0.arrow").write_text("done")
        raise StorageError("a worker was killed")
    with artifacts.draft(tmp_path / "v", PLAN, resume=True) as draft:
        assert names(draft.work) == ["shard-0.arrow"]


def test_in_place_it_can_be_watched_and_is_unfinished_until_it_is_complete(tmp_path):
    with artifacts.draft(tmp_path / "v", PLAN, resume=True, in_place=True) as draft:
        assert draft.folder == tmp_path / "v"
        assert artifacts.standing(tmp_path / "v", PLAN, force=False) is None
        with pytest.raises(ArtifactError, match=r"unfinished vectors\. Run the same 'pwae embed-words' command"):
            artifacts.load(tmp_path / "v", "vectors")
        with pytest.raises(ArtifactError, match=r"holds vectors .*, expected corpus"):
            artifacts.standing(tmp_path / "v", Plan("corpus", {}, {}), force=False)
        draft.write("vectors.parquet", table())
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) == artifacts.load(tmp_path / "v", "vectors")


def test_in_place_a_draft_begun_afresh_keeps_its_work_when_it_is_interrupted(tmp_path):
    make(tmp_path / "v", in_place=True)
    with pytest.raises(KeyError), artifacts.draft(tmp_path / "v", PLAN, in_place=True) as draft:
        assert names(draft.folder) == ["plan.json"]
        draft.claim("checkpoint")
        (draft.folder / "checkpoint").write_text("saved")
        raise KeyError
    with artifacts.draft(tmp_path / "v", PLAN, resume=True, in_place=True) as draft:
        assert names(draft.folder) == ["checkpoint", "plan.json"]
        draft.write("vectors.parquet", table())
    assert names(tmp_path / "v") == ["checkpoint", "manifest.json", "vectors.parquet"]


def test_what_others_put_into_a_run_that_goes_on_is_left_alone_and_not_listed(tmp_path):
    with artifacts.draft(tmp_path / "v", PLAN, in_place=True) as draft:
        (draft.folder / "NOTES.md").write_text("mine")
        (draft.folder / "mine-00000000.safetensors").write_text("mine")
        draft.write("vectors.parquet", table())
    made = artifacts.load(tmp_path / "v", "vectors")
    assert list(made.manifest["files"]) == ["vectors.parquet"]
    assert (tmp_path / "v" / "NOTES.md").read_text() == "mine"
    with pytest.raises(ArtifactError, match=r"NOTES\.md is in the way"):
        artifacts.standing(tmp_path / "v", PLAN, force=True)


def test_an_artifact_that_was_made_in_a_run_is_none_of_its_files(tmp_path):
    """``pwae sample RUN --out RUN/responses``, and then ``pwae train --resume RUN``."""
    with artifacts.draft(tmp_path / "v", PLAN, in_place=True) as draft:
        draft.claim("checkpoints")
        (draft.folder / "checkpoints").mkdir()
        (draft.folder / "checkpoints" / "last.json").write_bytes(sealed({"step": 1}))
        (draft.folder / "sealed.json").write_bytes(sealed({"rows": 1}))
        make(draft.folder / "inside")
        draft.write("vectors.parquet", table())
    made = artifacts.load(tmp_path / "v", "vectors")
    assert list(made.manifest["files"]) == ["checkpoints/last.json", "vectors.parquet"]


@pytest.mark.parametrize("name", ["sealed.json", "inside/sealed.json", f"weights-{sha256(b'x').hexdigest()[:8]}.bin"])
def test_what_proves_itself_is_an_unfinished_run_s_own_only_where_it_writes_such_files(tmp_path, name):
    kill_in(tmp_path / "v", "draft.claim('checkpoints'); (draft.folder / 'checkpoints').mkdir()", in_place=True)
    mine = tmp_path / "v" / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_bytes(sealed({"rows": 1}) if name.endswith("json") else b"x")
    with pytest.raises(ArtifactError, match=rf"{name} is in the way"):
        artifacts.standing(tmp_path / "v", PLAN, force=True)
    assert mine.exists()


def test_what_is_not_ours_is_not_written_over_in_a_folder_that_others_see(tmp_path):
    with (
        pytest.raises(ArtifactError, match=r"vectors\.parquet is in the way"),
        artifacts.draft(tmp_path / "v", PLAN, in_place=True) as draft,
    ):
        (draft.folder / "vectors.parquet").write_text("mine")
        draft.write("vectors.parquet", table())
    assert (tmp_path / "v" / "vectors.parquet").read_text() == "mine"


PLANTS = {
    "a file": lambda path: path.write_text("mine"),
    "a link to a file": lambda path: path.symlink_to(path.parent.parent / "elsewhere" / "file"),
    "a link to a folder": lambda path: path.symlink_to(path.parent.parent / "elsewhere"),
    "an empty folder": Path.mkdir,
    "a hard link": lambda path: path.hardlink_to(path.parent.parent / "elsewhere" / "file"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_whatever_else_is_in_an_artifact_stays_with_force_too(tmp_path, plant):
    make(tmp_path / "v")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("mine")
    PLANTS[plant](tmp_path / "v" / "mine")
    for attempt in (
        lambda: artifacts.standing(tmp_path / "v", PLAN, force=True),
        lambda: make(tmp_path / "v", facts={"other": 1}),
        lambda: make(tmp_path / "v", in_place=True),
    ):
        with pytest.raises(ArtifactError, match=rf"^{tmp_path / 'v' / 'mine'} is in the way"):
            attempt()
    assert os.path.lexists(tmp_path / "v" / "mine")
    assert (tmp_path / "elsewhere" / "file").read_text() == "mine"
    assert artifacts.standing(tmp_path / "v", PLAN, force=False), "what stands is read all the same"


@pytest.mark.parametrize("plant", [*PLANTS, "a folder with a file"])
def test_another_s_folder_beside_is_never_touched(tmp_path, plant, snapshot):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("mine")
    (tmp_path / "x").mkdir()
    beside = tmp_path / "x" / ".v.partial"
    if plant in PLANTS:
        PLANTS[plant](beside)
    else:
        beside.mkdir()
        (beside / "plan.json").write_text('{"steps": []}')
    before = snapshot(tmp_path)
    if plant == "an empty folder":
        make(tmp_path / "x" / "v")
        return
    for force in (True, False):
        with pytest.raises(ArtifactError, match=r"\.v\.partial is in the way"):
            artifacts.standing(tmp_path / "x" / "v", PLAN, force=force)
    with pytest.raises(ArtifactError, match=r"\.v\.partial is in the way"):
        make(tmp_path / "x" / "v")
    assert snapshot(tmp_path) == before


def test_a_backup_of_hard_links_keeps_what_it_holds(tmp_path):
    made = make(tmp_path / "v", in_place=True)
    (tmp_path / "backup").mkdir()
    for name in ("vectors.parquet", "manifest.json"):
        (tmp_path / "backup" / name).hardlink_to(tmp_path / "v" / name)
    with artifacts.draft(tmp_path / "v", PLAN, in_place=True) as draft:
        draft.write("vectors.parquet", table(9))
    assert artifacts.load(tmp_path / "backup", "vectors").table("vectors.parquet") == table()
    assert artifacts.load(tmp_path / "backup", "vectors").manifest == made.manifest


@pytest.mark.parametrize("name", ["manifest.json", "plan.json"])
def test_a_pipe_of_that_name_is_refused_and_not_waited_for(tmp_path, name):
    (tmp_path / "v").mkdir()
    os.mkfifo(tmp_path / "v" / name)
    with pytest.raises(ArtifactError, match=f"{name} was altered or damaged, or was not written by pwae"):
        artifacts.standing(tmp_path / "v", PLAN, force=True)


def test_the_folder_that_one_is_in_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "v").mkdir()
    monkeypatch.chdir(tmp_path / "v")
    for out in (Path(), Path("../v"), tmp_path / "v"):
        with pytest.raises(ArtifactError, match=r"You are in .*v, which would be replaced\. Change to another folder"):
            artifacts.standing(out, PLAN, force=False)
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "v")
    monkeypatch.chdir(tmp_path / "v")
    assert artifacts.standing(Path(), PLAN, force=False)
    with pytest.raises(ArtifactError, match="which would be replaced"):
        artifacts.standing(Path(), PLAN, force=True)


def test_the_root_is_no_place(tmp_path):
    with pytest.raises(ArtifactError, match=r"^/ exists and is not an artifact of pwae"):
        artifacts.standing(Path("/"), PLAN, force=False)


def test_a_file_named_by_its_hash_proves_itself(tmp_path):
    data = b"weights"
    ours = tmp_path / f"last-7-{hashlib.sha256(data).hexdigest()[:8]}.safetensors"
    other = tmp_path / "last-7-00000000.safetensors"
    for path in (ours, other):
        path.write_bytes(data)
    assert [bears_its_hash(path) for path in (ours, other)] == [True, False]
    ours.write_bytes(b"edited")
    assert not bears_its_hash(ours)


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
        where = tmp_path / "v"
        assert other.stdout == f"Another process is writing {where}. Wait for it, or choose another --out.\n"
        draft.write("vectors.parquet", table())
    assert artifacts.load(tmp_path / "v", "vectors").rows("vectors.parquet") == 3


def test_killed_before_it_is_complete_it_says_so_and_the_rerun_is_as_if_nothing_had_happened(tmp_path, snapshot):
    kill_in(tmp_path / "v", "draft.write('vectors.parquet', test_artifacts.table())")
    with pytest.raises(ArtifactError, match=r"v was not completed by 'pwae embed-words'\. Run that command again\."):
        artifacts.load(tmp_path / "v", "vectors")
    make(tmp_path / "v")
    make(tmp_path / "w")
    assert snapshot(tmp_path / "v") == snapshot(tmp_path / "w")
    assert names(tmp_path) == ["v", "w"]


@pytest.mark.parametrize("left", ["", "{", notes.BEGINNING[:9].decode(), notes.BEGINNING.decode() + ',\n "config": {'])
def test_a_plan_whose_writing_was_cut_off_is_begun_again(tmp_path, left):
    (tmp_path / ".v.partial").mkdir()
    (tmp_path / ".v.partial" / "plan.json").write_text(left)
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) is None
    make(tmp_path / "v")
    assert names(tmp_path) == ["v"]


def test_complete_and_not_yet_in_its_place_it_is_put_there(tmp_path, snapshot):
    make(tmp_path / "w")
    kill_at("deliver", tmp_path / "v", vocabulary="b" * 64)
    assert artifacts.standing(tmp_path / "v", PLAN, force=False)
    assert snapshot(tmp_path / "v") == snapshot(tmp_path / "w")
    assert names(tmp_path) == ["v", "w"]


def test_killed_between_manifest_and_plan_the_artifact_is_complete(tmp_path, snapshot):
    make(tmp_path / "v", in_place=True)
    before = snapshot(tmp_path / "v")
    notes.write_plan(tmp_path / "v", PLAN.unfinished(["vectors.parquet"]))
    assert artifacts.load(tmp_path / "v", "vectors")
    assert artifacts.standing(tmp_path / "v", PLAN, force=False) is not None
    assert snapshot(tmp_path / "v") == before


def test_killed_between_the_two_renames_the_rerun_completes_it(tmp_path):
    make(tmp_path / "v")
    kill_at("finish", tmp_path / "v", anew=1)
    assert names(tmp_path) == [".v.partial"]
    found = artifacts.standing(tmp_path / "v", PLAN, force=True)
    assert found
    assert found.facts == {"anew": 1}
    assert names(tmp_path) == ["v"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pq.ParquetWriter, "write_table", refuse)
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
            with pytest.raises(StorageError, match=r"v: you may not write to the folder; choose another --out\."):
                make(Path(name) / "v")
        finally:
            os.seteuid(user)
