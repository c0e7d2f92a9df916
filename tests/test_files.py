"""Files written whole or not at all, hashes, folders that one process fills at a time."""

import errno
import hashlib
import json
import os

import pytest

from pwae_core import files
from pwae_core.errors import ArtifactError, InputError, StorageError


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "your disk quota is exhausted; free some space"),
        (errno.EFBIG, "a file would exceed the size limit here; choose another --out"),
        (errno.EACCES, "you may not write to the folder; choose another --out"),
        (errno.EPERM, "you may not write to the folder; choose another --out"),
        (errno.EROFS, "the file system is read-only; choose another --out"),
        (errno.ENOTDIR, "part of the path is a file; choose another --out"),
        (errno.ENAMETOOLONG, "the name is too long; choose another --out"),
        (errno.ENOTEMPTY, "something else was put there in the meantime; move it away and run the same command again"),
        (errno.EEXIST, "a file of that name exists; choose another --out"),
    ],
)
def test_the_systems_refusals_say_what_to_do(tmp_path, number, advice):
    with pytest.raises(StorageError) as caught, files.storage_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"Cannot write {tmp_path}: {advice}."


def test_an_error_that_is_not_about_writing_passes(tmp_path):
    with pytest.raises(FileNotFoundError), files.storage_errors(tmp_path):
        (tmp_path / "none").read_bytes()


def test_hashes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert files.hash_file(tmp_path / "abc") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(InputError, match=r"Cannot read .*/none: No such file or directory\."):
        files.hash_file(tmp_path / "none")
    with pytest.raises(InputError, match=r".* is a folder, not a file\. Name a file\."):
        files.hash_file(tmp_path)


def test_a_hash_of_strings_knows_their_borders_and_their_order():
    sequences = (["ab", "c"], ["a", "bc"], ["c", "ab"], ["abc"], ["abc", ""], [], ["\udc80"])
    assert len({files.hash_strings(strings) for strings in sequences}) == len(sequences)
    assert files.hash_strings(["ab", "c"]) == files.hash_strings(iter(["ab", "c"]))
    assert files.hash_strings([]) == hashlib.sha256(b"").hexdigest()
    assert files.hash_strings(["é"]) == hashlib.sha256(b"\x02" + bytes(7) + b"\xc3\xa9").hexdigest()


def test_json_is_sorted_utf8_and_reads_back():
    value = {"b": [1, 0.1], "a": "蛋糕", "c": "\udc80"}
    data = files.to_json(value)
    assert data.startswith('{\n "a": "蛋糕",\n "b"'.encode())
    assert data.endswith(b"}\n")
    assert json.loads(data) == value


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "plan.json"
    files.write_bytes(path, b"old")

    def refuse(_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="full"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path], "a full disk stays no fuller than it was"
    monkeypatch.undo()
    files.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_temporary_file_is_nobody_else_s(tmp_path):
    theirs = tmp_path / ".plan.json.0123.new"
    theirs.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        files.write_bytes(tmp_path / "plan.json", b"new", "0123")
    assert theirs.read_bytes() == b"mine"
    files.write_bytes(tmp_path / "plan.json", b"new")
    assert len({files.new_token() for _ in range(100)}) == 100


def test_a_seal_is_of_everything_and_of_nothing_else():
    content = {"b": [1, 0.1], "a": "蛋糕", "c": "\udc80"}
    raw = files.sealed(content)
    assert files.unsealed(raw) == content
    spaced, another = raw.replace(b"0.1", b"0.10"), raw.replace(b"0.1", b"0.2")
    for other in (raw + b" ", spaced, another, b"{}", b"[]", b"3", b"\xff", b""):
        assert files.unsealed(other) is None
    assert files.unsealed(files.to_json(content)) is None


def test_vacant_is_nothing_or_an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "broken").symlink_to(tmp_path / "none")
    names = ("none", "empty", "file", "link", "broken")
    assert [files.is_vacant(tmp_path / name) for name in names] == [True, True, False, False, False]
    assert [files.is_regular(tmp_path / name) for name in names] == [False, False, True, False, False]


def test_a_locked_folder_admits_nobody_else_until_it_is_left(tmp_path):
    folder, target = tmp_path / "deep" / ".x.partial", tmp_path / "deep" / "x"
    with files.locked(folder, target):
        message = rf"Another process is writing {target}\. Wait for it, or choose another --out\."
        with pytest.raises(StorageError, match=message), files.locked(folder, target):
            pass
    assert not folder.exists(), "it is empty"
    with files.locked(folder, target):
        (folder / "file").write_text("")
    assert folder.exists()


def test_a_lock_goes_along_with_a_folder_that_is_moved(tmp_path):
    before, after = tmp_path / "a", tmp_path / "b"
    before.mkdir()
    with files.held(before, before):
        before.rename(after)
        with pytest.raises(StorageError, match="Another process is writing"), files.held(after, after):
            pass
    with pytest.raises(StorageError, match=r"has moved .*a away"), files.held(before, before):
        pass


@pytest.mark.parametrize("make", [lambda path: path.write_text("mine"), lambda path: path.symlink_to(path.parent)])
def test_what_is_no_folder_is_not_locked(tmp_path, make):
    folder = tmp_path / ".x.partial"
    make(folder)
    with pytest.raises(ArtifactError, match=r"\.x\.partial is in the way"), files.locked(folder, tmp_path / "x"):
        pass
