"""The annotators' folder: whole or absent, never over ratings, never together with the key."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pwae_core.errors import ArtifactError, ConfigError
from pwae_core.human_eval.blinding.delivery import check_apart, check_replaceable, compare, restore, staged

FILES = {"a.csv": b"one", "b.csv": b"two"}
RECORDED = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}


def export(folder: Path) -> Path:
    with staged(folder, FILES) as put_there:
        put_there()
    return folder


def test_files_appear_together_and_nothing_else_is_left(tmp_path: Path) -> None:
    with staged(tmp_path / "out", FILES) as put_there:
        assert not (tmp_path / "out").exists()
        put_there()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == FILES


def test_nothing_is_left_when_the_export_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), staged(tmp_path / "out", FILES):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_missing_and_changed_files_are_named(tmp_path: Path) -> None:
    folder = export(tmp_path / "out")
    assert compare(folder, RECORDED) == compare(folder, RECORDED).__class__((), ())
    (folder / "a.csv").unlink()
    (folder / "b.csv").write_bytes(b"two, rated")
    found = compare(folder, RECORDED)
    assert (found.missing, found.changed) == (("a.csv",), ("b.csv",))
    assert compare(tmp_path / "nowhere", RECORDED).missing == ("a.csv", "b.csv")


def test_restoring_leaves_ratings_alone(tmp_path: Path) -> None:
    folder = export(tmp_path / "out")
    (folder / "a.csv").unlink()
    (folder / "b.csv").write_bytes(b"two, rated")
    restore(folder, FILES, ["a.csv"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.csv": b"one", "b.csv": b"two, rated"}


def test_only_untouched_sheets_may_be_replaced(tmp_path: Path) -> None:
    check_replaceable(tmp_path / "absent", {})
    folder = export(tmp_path / "out")
    check_replaceable(folder, RECORDED)
    with pytest.raises(
        ArtifactError, match=r"holds a\.csv, which is not a sheet of this key\. Choose another --out\.$"
    ):
        check_replaceable(folder, {})
    (folder / "b.csv").write_bytes(b"two, rated")
    with pytest.raises(ArtifactError, match=r"b\.csv has changed since it was exported: it may hold ratings\. Move it"):
        check_replaceable(folder, RECORDED)
    with pytest.raises(ArtifactError, match=r"a\.csv is a file\. Choose another --out\.$"):
        check_replaceable(folder / "a.csv", RECORDED)


@pytest.mark.parametrize(("out", "key"), [("x", "x"), ("x", "x/key"), ("x/sheets", "x"), ("x", "y/../x/key")])
def test_whoever_gets_the_sheets_must_not_get_the_key(tmp_path: Path, out: str, key: str) -> None:
    with pytest.raises(ConfigError, match=r"must be separate\. Choose another --key\.$"):
        check_apart(tmp_path / out, tmp_path / key)
    check_apart(tmp_path / "x", tmp_path / "x-key")
