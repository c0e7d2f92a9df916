"""Files written whole or not at all, hashes, folders that one process fills at a time."""

import errno
import hashlib
import json
import os

import pytest

from pwae_core import files
from pwae_core.errors import InputError, StorageError


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "your disk quota is used up; free some space"),
        (errno.EFBIG, "a file would grow larger than is allowed here; choose another --out"),
        (errno.EACCES, "the folder may not be written; choose another --out"),
        (errno.EPERM, "the folder may not be written; choose another --out"),
        (errno.EROFS, "the file system is read-only; choose another --out"),
        (errno.ENOTDIR, "part of the path is a file; choose another --out"),
        (errno.EEXIST, "a file of that name stands there; choose another --out"),
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
    with pytest.raises(InputError, match=r"Cannot read .*: Is a directory\."):
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
    files.remove_neighbours(tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    files.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_emptying_a_folder_does_not_follow_links(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("")
    folder = tmp_path / "folder"
    (folder / "nested").mkdir(parents=True)
    (folder / "nested" / "file").write_text("")
    (folder / "link").symlink_to(tmp_path / "kept")
    files.empty(folder)
    assert list(folder.iterdir()) == []
    assert (tmp_path / "kept" / "file").exists()


def test_a_folder_is_replaced(tmp_path):
    for name in ("target", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    (tmp_path / ".target.old").mkdir()  # a kill left it
    files.replace_folder(tmp_path / "target", tmp_path / "new")
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == ["target", "target/new"]


def test_a_locked_folder_admits_nobody_else_until_it_is_left(tmp_path):
    folder = tmp_path / "deep" / "folder"
    with files.locked(folder):
        message = rf"Another process is writing {folder}\. Wait for it, or choose another --out\."
        with pytest.raises(StorageError, match=message), files.locked(folder):
            pass
    with files.locked(folder):
        pass
